/** What operators and monitors set and see: signals, trading states, readiness, flatten. */
import type { Body } from '../agreement.ts';
import type * as body from '../bodies.ts';
import type { SignalRequest, StateChangeRequest } from '../commands.ts';

export type SignalBody = Body<typeof SignalRequest>;
/** An active signal. */
export type SignalEntryBody = Body<typeof body.SignalEntrySchema>;
export type SignalsBody = Body<typeof body.SignalsBodySchema>;
export type StateChange = Body<typeof StateChangeRequest>;
/** `state`: in force for the account, the most restrictive account-wide layer. */
export type TradingStateBody = Body<typeof body.TradingStateBodySchema>;
export type StateLayerBody = TradingStateBody['layers'][number];
export type ReadinessBody = Body<typeof body.ReadinessBodySchema>;
/** Whose a symbol is, after an operator's word on it. */
export type HolderBody = Body<typeof body.HolderBodySchema>;
/** Settings that the daemon runs with. Paths are absolute. */
export type SettingsBody = Body<typeof body.SettingsBodySchema>;
export type TextsErasedBody = Body<typeof body.TextsErasedBodySchema>;
export type FlattenBody = Body<typeof body.FlattenBodySchema>;
