import type { Static } from 'typebox';
import type { Agree } from '../contract/agreement.ts';
import type * as body from '../contract/bodies.ts';
import type { SignalRequest, StateChangeRequest } from '../contract/commands.ts';
import type { TradingCall } from '../contract/tools.ts';
import type { ToolAnswer } from '../gate/api/decisions.ts';
import type { LimitsBody } from '../gate/api/limits.ts';
import type {
  FlattenBody,
  ReadinessBody,
  SignalBody,
  SignalEntryBody,
  SignalsBody,
  StateChange,
  TradingStateBody,
} from '../gate/api/operator.ts';
import type { PolicyBody, PolicyCheckBody, ReloadBody } from '../gate/api/policy.ts';
import type { AccountBody, AlertsBody, FillsBody, MarketBody, OrderBody, PositionBody } from '../gate/api/reads.ts';
import type { TradingArgs } from '../gate/api/trading-calls.ts';
import type { GateApi } from '../gate/api.ts';

/** What HTTP adds to pages. */
interface Paged {
  readonly next: string | null;
}
/** The contract's schemas and the gate's types describe the same data; each line stops compiling when they differ. */
export const WIRE_TYPES_AGREE: readonly [
  Agree<TradingCall, TradingArgs>,
  Agree<Static<typeof SignalRequest>, SignalBody>,
  Agree<Static<typeof StateChangeRequest>, StateChange>,
  Agree<Static<typeof body.ToolAnswerSchema>, ToolAnswer>,
  Agree<Static<typeof body.OrderBodySchema>, OrderBody>,
  Agree<Static<typeof body.FillsBodySchema>, FillsBody>,
  Agree<Static<typeof body.PositionBodySchema>, PositionBody>,
  Agree<Static<typeof body.PositionsBodySchema>, ReturnType<GateApi['getPositions']> & Paged>,
  Agree<Static<typeof body.AccountBodySchema>, AccountBody>,
  Agree<Static<typeof body.MarketBodySchema>, MarketBody>,
  Agree<Static<typeof body.LimitsBodySchema>, LimitsBody>,
  Agree<Static<typeof body.ReadinessBodySchema>, ReadinessBody>,
  Agree<Static<typeof body.SignalAnswerSchema>, Awaited<ReturnType<GateApi['addSignal']>>>,
  Agree<Static<typeof body.SignalEntrySchema>, SignalEntryBody>,
  Agree<Static<typeof body.SignalsBodySchema>, SignalsBody>,
  Agree<Static<typeof body.AlertsBodySchema>, AlertsBody>,
  Agree<Static<typeof body.TradingStateBodySchema>, TradingStateBody>,
  Agree<Static<typeof body.FlattenBodySchema>, FlattenBody>,
  Agree<Static<typeof body.RebaseBodySchema>, Awaited<ReturnType<GateApi['rebase']>>>,
  Agree<Static<typeof body.PolicyBodySchema>, PolicyBody>,
  Agree<Static<typeof body.PolicyCheckBodySchema>, PolicyCheckBody>,
  Agree<Static<typeof body.ReloadBodySchema>, ReloadBody>,
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
  true,
];
