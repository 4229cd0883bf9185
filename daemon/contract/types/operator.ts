/** What operators and monitors set and see: signals, trading states, readiness, flatten. */

import type { ReadinessBodySchema } from '../bodies/open.ts';
import type {
  FlattenBodySchema,
  HolderBodySchema,
  SettingsBodySchema,
  SignalEntrySchema,
  SignalsBodySchema,
  TextsErasedBodySchema,
  TradingStateBodySchema,
} from '../bodies/operator.ts';
import type { SignalRequest, StateChangeRequest } from '../commands.ts';
import type { Body } from '../schema/agreement.ts';

export type SignalBody = Body<typeof SignalRequest>;
/** An active signal. */
export type SignalEntryBody = Body<typeof SignalEntrySchema>;
export type SignalsBody = Body<typeof SignalsBodySchema>;
export type StateChange = Body<typeof StateChangeRequest>;
/** `state`: in force for the account, the most restrictive account-wide layer. */
export type TradingStateBody = Body<typeof TradingStateBodySchema>;
export type StateLayerBody = TradingStateBody['layers'][number];
export type ReadinessBody = Body<typeof ReadinessBodySchema>;
/** Whose a symbol is, after an operator's word on it. */
export type HolderBody = Body<typeof HolderBodySchema>;
/** Settings that the daemon runs with. Paths are absolute. */
export type SettingsBody = Body<typeof SettingsBodySchema>;
export type TextsErasedBody = Body<typeof TextsErasedBodySchema>;
export type FlattenBody = Body<typeof FlattenBodySchema>;
