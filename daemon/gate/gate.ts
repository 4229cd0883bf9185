// biome-ignore-all lint/style/noExcessiveLinesPerFile: one method for each call of the API, in its order

import type { AgentBody, AgentsBody, ReportBody, ReportPeriod } from '../contract/types/accounts.ts';
import type { AlertChannelsBody, AlertTestBody } from '../contract/types/alerts.ts';
import type { LimitsBody } from '../contract/types/limits.ts';
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
} from '../contract/types/operator.ts';
import type {
  ArmingBody,
  PolicyBody,
  PolicyCheckBody,
  PolicyPreviewBody,
  ReloadOutcome,
} from '../contract/types/policy.ts';
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
} from '../contract/types/reads.ts';
import type { ReceiptOutcome } from '../contract/types/receipts.ts';
import type { SkillClaim, TradingArgs } from '../contract/types/trading-calls.ts';
import type { ToolName } from '../core/policy.ts';
import type { StoredEvent } from '../engine/flow/ports.ts';
import type { Keeper } from '../engine/keeper/keeper.ts';
import type { ApprovalBody, ApprovalProof, ApprovalsBody, ApprovedBody } from '../engine/records/approvals.ts';
import type { Caller } from '../engine/records/callers.ts';
import type { ExplainedDecision, ToolAnswer, ToolOutcome } from '../engine/records/decisions.ts';
import type { DecisionEvent } from '../engine/records/events.ts';
import { recoverOrders } from '../engine/sending/recover-orders.ts';
import { describeAlertChannels } from '../reads/alert-channels.ts';
import { describeApprovals } from '../reads/approvals.ts';
import { describeAccount, describeAlerts, describeOrder, tellExplained } from '../reads/bodies.ts';
import { describeReadiness } from '../reads/readiness.ts';
import { describeAgent, describeAgents } from '../reads/reports/accounts.ts';
import { describeEquityHistory } from '../reads/reports/equity-history.ts';
import { describeReport } from '../reads/reports/report.ts';
import type { GateApi, PasskeyApi, TokenApi } from './api.ts';
import { cancelUnrecorded, recordFullDisk, tellFullDisk } from './calls/disk-space.ts';
import { allEnded } from './journal/driver.ts';
import type { GateCore } from './journal/journal.ts';
import { untilStop } from './journal/pause.ts';
import { leaveVenue } from './leave-venue.ts';
import { acknowledgeAlert } from './operator/acknowledge.ts';
import type { AlertRoutesControl } from './operator/alert-routes.ts';
import type { ArmingControl } from './operator/arming.ts';
import type { PolicyControl } from './operator/policy-control.ts';
import { eraseTexts } from './operator/texts.ts';
import { type AlertOptions, buildParts, type GateOptions, type GateParts } from './parts.ts';
import { startAlone } from './tasks.ts';

/** The gate: one execution's whole journey from a validated call to its outcome. */
export class Gate implements GateApi {
  readonly core: GateCore;
  readonly keeper: Keeper;
  readonly policies: PolicyControl;
  readonly alertRoutes: AlertRoutesControl;
  readonly passkeys: PasskeyApi;
  readonly tokens: TokenApi;
  readonly arming: ArmingControl;
  readonly #parts: GateParts;
  readonly #signal: AbortSignal;
  readonly #metricsText: GateOptions['metricsText'];
  readonly #testAlerts: AlertOptions['test'];

  constructor(options: GateOptions) {
    this.#parts = buildParts(options);
    this.core = this.#parts.core;
    this.keeper = this.#parts.keeper;
    this.policies = this.#parts.policies;
    this.alertRoutes = this.#parts.alertRoutes;
    this.#testAlerts = options.alerts?.test ?? (async () => ({ results: [] }));
    this.passkeys = this.#parts.passkeys;
    this.tokens = this.#parts.tokens;
    this.arming = this.#parts.arming;
    this.#signal = options.signal;
    this.#metricsText = options.metricsText;
  }

  /** First contact, recovery, then the feed loop in the background. Resolves once domain time is known. */
  async start(onFirstContact: () => Promise<void>, onVenueSilent?: (reason: string) => void): Promise<void> {
    this.#parts.ledgerCheck.begin();
    // The views use these tick and lot sizes: orders can be read with them while the venue's own cannot be fetched.
    this.core.ports.venue.noteRules([...this.core.state.rules.values()]);
    await untilStop(this.core.run(this.keeper.clock.syncFirst(onVenueSilent)), this.#signal);
    this.#signal.throwIfAborted();
    for (const [symbol, market] of this.core.state.markets)
      if (market.hold !== null) this.core.market.restoreHold(symbol, market.hold);
    await onFirstContact();
    if (this.#signal.aborted) return;
    if (this.#parts.availability.isDiskFull) tellFullDisk(this.core);
    this.keeper.reconciliation.takeUp();
    await untilStop(this.core.run(this.keeper.reconciliation.refuseOtherDaemon()), this.#signal);
    if (this.#signal.aborted) return;
    this.keeper.reconciliation.enterBoot('starting: the account is not reconciled yet', false);
    this.#parts.exitResumption.start();
    this.#parts.availability.isStarted = true;
    recoverOrders(this.core, this.#parts.sender, this.#parts.resolver);
    this.#parts.operator.cancelUnderLayers().catch((error: unknown) => {
      if (!this.#signal.aborted) this.core.alert('CANCEL_FAILED', `under a standing halt: ${String(error)}`);
    });
    this.core.begin(this.keeper.run()).onEnd((end) => {
      if (end.kind === 'done' || this.#signal.aborted) return;
      // Only a ledger that cannot record ends the loop, and it has already stopped the daemon.
      this.core.alert('FEEDS_STOPPED', `the feed loop ended: ${String(end.error)}`);
    });
  }

  /** Resolves when reconciled, or after `withinMs` of wall time; then the loop keeps trying. */
  async untilReconciled(withinMs: number): Promise<boolean> {
    const { time } = this.core.ports;
    const deadline = time.monotonicMs() + withinMs;
    while (!this.keeper.isReconciled && !this.#signal.aborted && time.monotonicMs() < deadline)
      await time.delay(10, this.#signal);
    return this.keeper.isReconciled;
  }

  noteCall(caller: Caller): void {
    if (caller.role === 'agent') this.#parts.heartbeats.noteCall(caller.agent);
  }

  // --- tools -----------------------------------------------------------------------------------------------------

  runTool(caller: Caller, call: TradingArgs): Promise<ToolOutcome> {
    return this.#parts.calls.runTool(caller, call);
  }
  dryRun(caller: Caller, call: TradingArgs): Promise<ToolOutcome> {
    return this.#parts.calls.dryRun(caller, call);
  }
  intercept(
    caller: Caller,
    tool: string,
    args: unknown,
    call: TradingArgs | null,
    skill: SkillClaim | null,
  ): Promise<ToolOutcome> {
    return this.#parts.calls.intercept(caller, tool, args, call, skill);
  }
  recordRejectedInput(caller: Caller, tool: string, paths: readonly string[]): void {
    this.#parts.calls.recordRejectedInput(caller, tool, paths);
  }

  // --- reads -----------------------------------------------------------------------------------------------------

  /** RISK: what a reading tells to be over would go on after a restart if its record were lost with the process. */
  settled(): Promise<void> {
    return this.core.settled().catch(() => undefined);
  }
  mayRead(caller: Caller, tool: ToolName): boolean {
    return this.#parts.reads.mayRead(caller, tool);
  }
  getSymbols(caller: Caller): readonly string[] {
    return this.#parts.reads.getSymbols(caller);
  }
  getLimits(caller: Caller, symbol: string | null): LimitsBody {
    return this.#parts.reads.getLimits(caller, symbol);
  }
  getDecisions(
    caller: Caller,
    limit: number,
    cursor: string | null,
    filter: DecisionFilter = {},
  ): Page<ExplainedDecision> {
    return this.#parts.reads.getDecisions(caller, limit, cursor, filter);
  }
  /** A record as streams show it: decisions with what their records leave out. */
  tell(event: StoredEvent): StoredEvent {
    if (event.kind !== 'decision') return event;
    const payload = event.payload as DecisionEvent;
    return { ...event, payload: { ...payload, decision: tellExplained(this.core, payload) } };
  }
  getDecision(caller: Caller, decisionId: string): ToolAnswer | null {
    return this.#parts.reads.getDecision(caller, decisionId);
  }
  async getReceipt(caller: Caller, decisionId: string, head: number | null): Promise<ReceiptOutcome> {
    const { ledger, receipts } = this.core.ports;
    const event = ledger.findDecision(decisionId)?.payload as DecisionEvent | undefined;
    if (event === undefined || (caller.role !== 'operator' && event.agent !== caller.agent)) return { kind: 'unknown' };
    return receipts === undefined ? { kind: 'unsigned' } : receipts.read(decisionId, head);
  }
  getOrders(
    caller: Caller,
    filter: { readonly symbol?: string; readonly open?: boolean },
    limit: number,
    cursor: string | null,
  ): Page<OrderBody> {
    return this.#parts.reads.getOrders(caller, filter, limit, cursor);
  }
  getFills(caller: Caller, limit: number, cursor: string | null): FillsBody {
    return this.#parts.reads.getFills(caller, limit, cursor);
  }
  getPositions(caller: Caller): {
    readonly positions: readonly PositionBody[];
    readonly observed_at_ms: number | null;
  } {
    return this.#parts.reads.getPositions(caller);
  }
  getAccount(): AccountBody {
    return describeAccount(this.core);
  }
  getEquityHistory(span: EquitySpan): EquityHistoryBody {
    return describeEquityHistory(this.core, span);
  }
  getAgents(caller: Caller): AgentsBody {
    return describeAgents(this.core, caller);
  }
  getAgent(caller: Caller, name: string): AgentBody | null {
    return describeAgent(this.core, caller, name);
  }
  getReport(caller: Caller, period: ReportPeriod): ReportBody | null {
    return describeReport(this.core, caller, period);
  }
  getMarket(caller: Caller, symbol: string | null): { readonly markets: readonly MarketBody[] } {
    return this.#parts.reads.getMarket(caller, symbol);
  }
  getCandles(symbol: string, limit: number): CandlesBody {
    return this.#parts.reads.getCandles(symbol, limit);
  }
  getOrderBook(symbol: string): OrderBookBody {
    return this.#parts.reads.getOrderBook(symbol);
  }

  // --- operator --------------------------------------------------------------------------------------------------

  addSignal(
    caller: Caller,
    signal: SignalBody,
  ): Promise<{ readonly signal_id: string; readonly expires_at_ms: number }> {
    return this.#parts.signals.add(caller, signal).then(async (added) => {
      await allEnded(this.#parts.standing.tick());
      return added;
    });
  }
  getSignals(): SignalsBody {
    return this.#parts.signals.list();
  }
  endSignal(caller: Caller, signalId: string, reason: string): Promise<SignalEntryBody | null> {
    return this.#parts.signals.end(caller, signalId, reason);
  }
  releaseSymbol(caller: Caller, symbol: string, forMs: number, reason: string): Promise<HolderBody> {
    return this.#parts.holders.release(caller, symbol, forMs, reason);
  }
  adoptSymbol(
    caller: Caller,
    symbol: string,
    agent: string,
    reason: string,
    passkeyId: string | null,
  ): Promise<HolderBody> {
    return this.#parts.holders.adopt(caller, symbol, agent, reason, passkeyId);
  }
  async endOrder(caller: Caller, clientOrderId: string, reason: string): Promise<OrderBody | null> {
    const order = await this.#parts.lostOrders.end(caller, clientOrderId, reason);
    return order === null ? null : describeOrder(this.core, order);
  }
  getAlerts(limit: number, cursor: string | null): AlertsBody {
    return describeAlerts(this.core, limit, cursor);
  }
  async acknowledgeAlert(caller: Caller, seq: number, reason: string): Promise<AlertBody | null> {
    return acknowledgeAlert(this.core, caller, seq, reason);
  }
  eraseTexts(caller: Caller, id: string, reason: string): Promise<TextsErasedBody | null> {
    return eraseTexts(this.core, caller, id, reason);
  }
  getApprovals(): ApprovalsBody {
    return describeApprovals(this.core);
  }
  getApproval(id: string): ApprovalBody | null {
    return this.#parts.approvals.find(id);
  }
  approve(caller: Caller, id: string, digest: string, proof: ApprovalProof): Promise<ApprovedBody | null> {
    return this.#parts.approvals.approve(caller, id, digest, proof);
  }
  denyApproval(caller: Caller, id: string, reason: string): Promise<ApprovalBody | null> {
    return this.#parts.approvals.deny(caller, id, reason);
  }
  refuseApproval(caller: Caller, id: string, reason: string): Promise<Error> {
    return this.#parts.approvals.refuse(caller, id, reason);
  }
  getAlertChannels(): AlertChannelsBody {
    return describeAlertChannels(this.core, this.alertRoutes);
  }
  testAlerts(caller: Caller, channel: string | null): Promise<AlertTestBody> {
    return this.#testAlerts(channel, caller.agent);
  }
  reloadAlertRoutes(caller: Caller, hash: string | null): Promise<ReloadOutcome> {
    return this.alertRoutes.accept(hash, caller.agent);
  }
  getTradingState(): TradingStateBody {
    return this.#parts.operator.describeState();
  }
  setTradingState(caller: Caller, change: StateChange): Promise<TradingStateBody> {
    return this.#withStanding(this.#parts.operator.setState(caller, change));
  }
  tightenTradingState(caller: Caller, change: StateChange): Promise<TradingStateBody> {
    return this.#withStanding(this.#parts.operator.tighten(caller, change));
  }
  async #withStanding(work: Promise<TradingStateBody>): Promise<TradingStateBody> {
    const body = await work;
    if (this.#parts.availability.isStarted) await allEnded(this.#parts.standing.tick());
    return body;
  }
  flatten(caller: Caller, symbols: readonly string[] | null, reason: string): Promise<FlattenBody> {
    return this.#parts.operator.flatten(caller, symbols, reason);
  }
  rebase(caller: Caller, reason: string): Promise<{ readonly equity_usdt: number }> {
    return this.#parts.operator.rebase(caller, reason);
  }
  getPolicy(): PolicyBody {
    const arming = this.arming.describe();
    return { ...this.policies.describe(), ...(arming === null ? {} : { arming }) };
  }
  checkPolicy(text: string): PolicyCheckBody {
    return this.policies.check(text);
  }
  previewPolicy(text: string): Promise<PolicyPreviewBody> {
    return this.policies.preview(text);
  }
  reloadPolicy(caller: Caller, hash: string | null, passkeyId: string | null): Promise<ReloadOutcome> {
    return this.policies.accept(hash, caller.agent, passkeyId);
  }

  signArming(caller: Caller, digest: string, passkeyId: string | null): Promise<ArmingBody> {
    return this.arming.sign(caller, digest, passkeyId);
  }

  readiness(): ReadinessBody {
    return describeReadiness(this.#parts);
  }

  metrics(withAccount: boolean): Promise<string> {
    return this.#metricsText(withAccount);
  }
  openOrderCount(): number {
    let count = 0;
    for (const orders of this.core.state.orders.live.values()) count += orders.size;
    return count;
  }
  unknownOrderCount(): number {
    return this.#parts.resolver.pending;
  }

  /** The reserve for a full disk is in use. Until the next start it is kept for exits, cancels and halts. */
  onReserveUsed(): void {
    this.#parts.availability.isDiskFull = true;
    // A commit reports it, perhaps in the middle of an append.
    this.core.ports.time.nextTurn(() => {
      recordFullDisk(this.core);
      if (this.#parts.availability.isStarted)
        startAlone(this.core, 'STANDING_FAILED', () => this.#parts.standing.tick());
    });
  }

  /** The ledger records nothing more: nothing is opened, and opening orders are canceled without a record. */
  onLedgerFailure(): Promise<void> {
    this.#parts.sender.stopOpening();
    this.#parts.slices.stop();
    return cancelUnrecorded(this.core, 1_000);
  }

  /** Orderly stop: drops unsent slices, cancels opening orders unless they are to be left, keeps stops. */
  async close(options: { readonly leaveOrders: boolean }): Promise<void> {
    this.#parts.availability.isClosing = true;
    this.#parts.outcomes.answerSoon();
    this.#parts.sender.stopOpening();
    this.#parts.slices.stop();
    if (!this.#parts.availability.isStarted || this.core.ports.ledger.isFailed) return;
    this.#parts.budgets.flush();
    await leaveVenue(this.#parts, options);
  }
}
