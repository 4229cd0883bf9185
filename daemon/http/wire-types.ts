import type { Static } from 'typebox';
import type { Agree } from '../contract/agreement.ts';
import type * as body from '../contract/bodies.ts';
import type { SignalRequest, StateChangeRequest } from '../contract/commands.ts';
import type { TradingCall } from '../contract/tools.ts';
import type * as gate from '../gate/api.ts';

/** What the door adds where it pages. */
interface Paged {
  readonly next: string | null;
}
/** The contract's schemas and the gate's types describe the same data; each line stops compiling when they part. */
export const WIRE_TYPES_AGREE: readonly [
  Agree<TradingCall, gate.TradingArgs>,
  Agree<Static<typeof SignalRequest>, gate.SignalBody>,
  Agree<Static<typeof StateChangeRequest>, gate.StateChange>,
  Agree<Static<typeof body.ToolAnswerSchema>, gate.ToolAnswer>,
  Agree<Static<typeof body.OrderBodySchema>, gate.OrderBody>,
  Agree<Static<typeof body.PositionBodySchema>, gate.PositionBody>,
  Agree<Static<typeof body.PositionsBodySchema>, ReturnType<gate.GateApi['getPositions']> & Paged>,
  Agree<Static<typeof body.AccountBodySchema>, gate.AccountBody>,
  Agree<Static<typeof body.MarketBodySchema>, gate.MarketBody>,
  Agree<Static<typeof body.LimitsBodySchema>, gate.LimitsBody>,
  Agree<Static<typeof body.ReadinessBodySchema>, gate.ReadinessBody>,
  Agree<Static<typeof body.SignalAnswerSchema>, Awaited<ReturnType<gate.GateApi['addSignal']>>>,
  Agree<Static<typeof body.SignalEntrySchema>, gate.SignalEntryBody>,
  Agree<Static<typeof body.SignalsBodySchema>, gate.SignalsBody>,
  Agree<Static<typeof body.AlertsBodySchema>, gate.AlertsBody>,
  Agree<Static<typeof body.TradingStateBodySchema>, gate.TradingStateBody>,
  Agree<Static<typeof body.FlattenBodySchema>, gate.FlattenBody>,
  Agree<Static<typeof body.RebaseBodySchema>, Awaited<ReturnType<gate.GateApi['rebase']>>>,
  Agree<Static<typeof body.PolicyBodySchema>, gate.PolicyBody>,
  Agree<Static<typeof body.PolicyCheckBodySchema>, gate.PolicyCheckBody>,
  Agree<Static<typeof body.ReloadBodySchema>, gate.ReloadBody>,
] = [
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
  true,
];
