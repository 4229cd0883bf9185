/**
 * What the entrances (HTTP, MCP) may ask of the gate. Arguments are already validated against the contract; the gate
 * alone decides. Every answer is plain JSON data, in snake_case as on the wire.
 */

import type { ToolName } from '../../core/request.ts';
import type { ApprovalBody, ApprovalProof, ApprovalsBody, ApprovedBody } from '../../engine/records/approvals.ts';
import type { AskedToken, Caller, TokenActor } from '../../engine/records/callers.ts';
import type { ExplainedDecision, ToolAnswer, ToolOutcome } from '../../engine/records/decisions.ts';
import type { KnownPasskey, NewPasskey, ProvenAssertion, RecordedAssertion } from '../../engine/records/passkeys.ts';
import type { AgentBody, AgentsBody, ReportBody, ReportPeriod } from './accounts.ts';
import type { AlertChannelsBody, AlertTestBody } from './alerts.ts';
import type { LimitsBody } from './limits.ts';
import type {
  FlattenBody,
  HolderBody,
  ReadinessBody,
  SignalBody,
  SignalEntryBody,
  SignalsBody,
  StateChange,
  TextsErasedBody,
  TradingStateBody,
} from './operator.ts';
import type { PasskeyBody, PasskeysBody } from './passkeys.ts';
import type { ArmingBody, PolicyBody, PolicyCheckBody, PolicyPreviewBody, ReloadOutcome } from './policy.ts';
import type {
  AccountBody,
  AlertBody,
  AlertsBody,
  CandlesBody,
  DecisionFilter,
  EquityHistoryBody,
  EquitySpan,
  FillsBody,
  MarketBody,
  OrderBody,
  OrderBookBody,
  Page,
  PositionBody,
} from './reads.ts';
import type { ReceiptOutcome } from './receipts.ts';
import type { TokenBody, TokenCreatedBody, TokensBody } from './tokens.ts';
import type { ForeignTool, TradingArgs } from './trading-calls.ts';

export interface PasskeyApi {
  getPasskeys(): PasskeysBody;
  findPasskey(id: string): KnownPasskey | null;
  listPasskeys(): readonly KnownPasskey[];
  /** Whether a key of this origin may be enrolled now, and with whose signature. @throws when it may not */
  requireEnrolment(isRecovery: boolean, origin: string): 'unconfirmed' | 'confirmed';
  addPasskey(caller: { readonly agent: string }, key: NewPasskey, by: ProvenAssertion | null): Promise<PasskeyBody>;
  /** Null: there is none with this id. */
  removePasskey(caller: { readonly agent: string }, id: string, reason: string): Promise<PasskeyBody | null>;
  /** Records a signature: each counts once. @throws when its key does not count, or it was taken before */
  recordAssertion(assertion: ProvenAssertion): Promise<RecordedAssertion>;
  /** Someone who was let in so far showed a signature that is not good, or a wrong code. */
  reportPasskeyRefused(detail: string): void;
}
export interface TokenApi {
  /** `ownId`: of the token that asks, or of its session's. */
  getTokens(ownId: string): TokensBody;
  /** @throws when it is not permitted here, or no such token can be */
  createToken(actor: TokenActor, asked: AskedToken): Promise<TokenCreatedBody>;
  /** It is refused from then on. Null: there is no live token with this id. */
  revokeToken(actor: TokenActor, id: string, reason: string): Promise<TokenBody | null>;
}

export interface GateApi {
  /** Every authenticated call, before what it requests: an agent's sign of life. */
  noteCall(caller: Caller): void;
  runTool(caller: Caller, call: TradingArgs): Promise<ToolOutcome>;
  dryRun(caller: Caller, call: TradingArgs): Promise<ToolOutcome>;
  /** `call` is null when the tool is not one of Holdfast's, or its arguments do not fit the contract. */
  intercept(caller: Caller, tool: ForeignTool, call: TradingArgs | null): Promise<ToolOutcome>;
  /** Records input that the contract refused (rule 1), without its values. */
  recordRejectedInput(caller: Caller, tool: string, paths: readonly string[]): void;
  mayRead(caller: Caller, tool: ToolName): boolean;
  /** Resolves when all that a reading has told of is on disk, or cannot come there any more. */
  settled(): Promise<void>;
  /** Symbols of the policy, and for operators and monitors those with a position or an order; sorted. */
  getSymbols(caller: Caller): readonly string[];
  getLimits(caller: Caller, symbol: string | null): LimitsBody;
  /** Looks at `limit` records, newest first: with a filter a page may hold fewer, or none, and still have a `next`. */
  getDecisions(caller: Caller, limit: number, cursor: string | null, filter?: DecisionFilter): Page<ExplainedDecision>;
  getDecision(caller: Caller, decisionId: string): ToolAnswer | null;
  /** `head`: number of a signed head; null: the last. */
  getReceipt(caller: Caller, decisionId: string, head: number | null): Promise<ReceiptOutcome>;
  getOrders(
    caller: Caller,
    filter: { readonly symbol?: string; readonly open?: boolean },
    limit: number,
    cursor: string | null,
  ): Page<OrderBody>;
  /** Fills as the venue tells them, the last 10,000; newest first. */
  getFills(caller: Caller, limit: number, cursor: string | null): FillsBody;
  getPositions(caller: Caller): { readonly positions: readonly PositionBody[]; readonly observed_at_ms: number | null };
  getAccount(): AccountBody;
  getEquityHistory(span: EquitySpan): EquityHistoryBody;
  /** Accounts by agent: an agent its own, anybody else all. */
  getAgents(caller: Caller): AgentsBody;
  /** Null: nothing is known of such an agent, or the caller may not see it. */
  getAgent(caller: Caller, name: string): AgentBody | null;
  /** Null: no accounts are kept of that time, or there is no such day or week. */
  getReport(caller: Caller, period: ReportPeriod): ReportBody | null;
  getMarket(caller: Caller, symbol: string | null): { readonly markets: readonly MarketBody[] };
  /** The newest `limit` closed candles that are kept of it; none are read for the call. */
  getCandles(symbol: string, limit: number): CandlesBody;
  /** As it was read last; nothing is read for the call. */
  getOrderBook(symbol: string): OrderBookBody;
  addSignal(
    caller: Caller,
    signal: SignalBody,
  ): Promise<{ readonly signal_id: string; readonly expires_at_ms: number }>;
  getSignals(): SignalsBody;
  /** Ends an active signal early; null: there is none with that id. */
  endSignal(caller: Caller, signalId: string, reason: string): Promise<SignalEntryBody | null>;
  /** The holder opens nothing there until the symbol is free, and for so long after. @throws where no agent holds it */
  releaseSymbol(caller: Caller, symbol: string, forMs: number, reason: string): Promise<HolderBody>;
  /**
   * Gives a symbol to an agent. `passkeyId`: of the passkey that signed the call; null: a token made it.
   *
   * @throws while something there is not settled
   */
  adoptSymbol(
    caller: Caller,
    gift: { readonly symbol: string; readonly agent: string },
    reason: string,
    passkeyId: string | null,
  ): Promise<HolderBody>;
  /** Ends a lost order that is not open at the venue; null: there is no such order. */
  endOrder(caller: Caller, clientOrderId: string, reason: string): Promise<OrderBody | null>;
  /** Erases the free texts of a decision or a signal; null: none is stored. */
  eraseTexts(caller: Caller, id: string, reason: string): Promise<TextsErasedBody | null>;
  /** Records that it was seen; null: no such alert is among the last 1,000. */
  acknowledgeAlert(caller: Caller, seq: number, reason: string): Promise<AlertBody | null>;
  getAlerts(limit: number, cursor: string | null): AlertsBody;
  getApprovals(): ApprovalsBody;
  /** Null: there is none with this id. */
  getApproval(id: string): ApprovalBody | null;
  /**
   * The entrance has verified the proof. Null: there is no such approval.
   *
   * @throws an error with the code APPROVAL_REFUSED, which is on record: nothing was sent
   */
  approve(caller: Caller, id: string, digest: string, proof: ApprovalProof): Promise<ApprovedBody | null>;
  denyApproval(caller: Caller, id: string, reason: string): Promise<ApprovalBody | null>;
  /** Records that the entrance did not accept a proof, and returns the error for the caller. */
  refuseApproval(caller: Caller, id: string, reason: string): Promise<Error>;
  getAlertChannels(): AlertChannelsBody;
  /** Sends a message to one channel, or to each, once; no result: there is no such channel. */
  testAlerts(caller: Caller, channel: string | null): Promise<AlertTestBody>;
  reloadAlertRoutes(caller: Caller, hash: string | null): Promise<ReloadOutcome>;
  readonly passkeys: PasskeyApi;
  readonly tokens: TokenApi;
  getTradingState(): TradingStateBody;
  setTradingState(caller: Caller, change: StateChange): Promise<TradingStateBody>;
  /** The same for whoever may only tighten. @throws an error of code FORBIDDEN where it would loosen */
  tightenTradingState(caller: Caller, change: StateChange): Promise<TradingStateBody>;
  flatten(caller: Caller, symbols: readonly string[] | null, reason: string): Promise<FlattenBody>;
  rebase(caller: Caller, reason: string): Promise<{ readonly equity_usdt: number }>;
  getPolicy(): PolicyBody;
  checkPolicy(text: string): PolicyCheckBody;
  /** What the last seven days would have been under it. */
  previewPolicy(text: string): Promise<PolicyPreviewBody>;
  /** `passkeyId`: of the passkey that signed the call; null: a token made it. */
  reloadPolicy(caller: Caller, hash: string | null, passkeyId: string | null): Promise<ReloadOutcome>;
  /** `passkeyId`: of the passkey that signed the call; null: a token made it, which is refused. */
  signArming(caller: Caller, digest: string, passkeyId: string | null): Promise<ArmingBody>;
  readiness(): ReadinessBody;
  /** Prometheus text of the gate's own metrics; `withAccount`: also money and agents. */
  metrics(withAccount: boolean): Promise<string>;
}
