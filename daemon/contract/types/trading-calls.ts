/** The trading tools and their arguments, as the contract passes them. */
import type { Body, DeepReadonly } from '../schema/agreement.ts';
import type { skillClaim } from '../schema/fields.ts';
import type * as tools from '../tools.ts';

export type SkillClaim = Body<typeof skillClaim>;
/** A call of any tool, as it is intercepted. */
export interface ForeignTool {
  readonly name: string;
  readonly args: unknown;
  readonly skill: SkillClaim | null;
}
export type PlaceOrderArgs = Body<typeof tools.PlaceOrderArgs>;
export type ClosePositionArgs = Body<typeof tools.ClosePositionArgs>;
export type TradingArgs = DeepReadonly<tools.TradingCall>;
export type TradingToolName = TradingArgs['tool'];
