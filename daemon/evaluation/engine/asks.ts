import type { Ask } from '../../gate/snapshot/inputs.ts';
import type { OrderState } from '../../gate/state/orders.ts';
import { ACCOUNT, VENUE } from './intake.ts';

/** The ask of an agent's request. Written out, as it is made for every request: copying members is slower. */
export function parentAsk(
  schemaViolation: string | null,
  own: OrderState | null,
  target: OrderState | null,
): { -readonly [Key in keyof Ask]: Ask[Key] } {
  return {
    phase: 'parent',
    venue: VENUE,
    accountName: ACCOUNT,
    tokenSkillSha256: null,
    schemaViolation,
    own,
    leaving: null,
    exitRung: 0,
    sliceLots: null,
    parentPriceTicks: null,
    target,
  };
}
export const BASE_ASK: Ask = parentAsk(null, null, null);
