import type { GateApi, PasskeyApi, TokenApi } from '../contract/types/gate-api.ts';
import { recordFullDisk, tellFullDisk } from '../engine/calls/disk-space.ts';
import { startAlone } from '../engine/flow/all-read.ts';
import type { StoredEvent } from '../engine/flow/ports.ts';
import type { Keeper } from '../engine/keeper/keeper.ts';
import { leaveVenue } from '../engine/live/leave-venue.ts';
import { acknowledgeAlert } from '../engine/operator/acknowledge.ts';
import type { AlertRoutesControl } from '../engine/operator/alert-routes.ts';
import type { ArmingControl } from '../engine/operator/arming.ts';
import type { PolicyControl } from '../engine/operator/policy-control.ts';
import { eraseTexts } from '../engine/operator/texts.ts';
import type { Caller } from '../engine/records/callers.ts';
import type { DecisionEvent } from '../engine/records/decisions.ts';
import { recoverOrders } from '../engine/sending/recover-orders.ts';
import { describeAlertChannels } from '../reads/alert-channels.ts';
import { describeApproval, describeApprovals } from '../reads/approvals.ts';
import {
  describeAccount,
  describeAlert,
  describeAlerts,
  describeFills,
  describeOrder,
  tellExplained,
} from '../reads/bodies.ts';
import { describeCandles, describeOrderBook } from '../reads/market-data.ts';
import { checkPolicy, readPolicy } from '../reads/policy.ts';
import { describeReadiness } from '../reads/readiness.ts';
import * as reads from '../reads/reads.ts';
import { describeAgent, describeAgents } from '../reads/reports/accounts.ts';
import { describeEquityHistory } from '../reads/reports/equity-history.ts';
import { describeReport } from '../reads/reports/report.ts';
import { cancelUnrecorded } from './cancel-unrecorded.ts';
import { type GateCore, untilStop } from './driver.ts';
import { buildParts, type GateOptions, type GateParts } from './parts.ts';
import { PreviewUnavailable } from './ports.ts';

/** How far back a preview looks. */
const PREVIEW_MS = 7 * 86_400_000;

/** The gate: its parts, their start and stop, and what each call of the API begins. */
export class Gate implements GateApi {
  readonly core: GateCore;
  readonly keeper: Keeper;
  readonly policies: PolicyControl;
  readonly alertRoutes: AlertRoutesControl;
  readonly passkeys: PasskeyApi;
  readonly tokens: TokenApi;
  readonly arming: ArmingControl;
  readonly #parts: GateParts;
  readonly #options: GateOptions;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#parts = buildParts(options);
    const { alertRoutes, arming, core, keeper, passkeys, policies, tokens } = this.#parts;
    this.core = core;
    this.keeper = keeper;
    this.policies = policies;
    this.alertRoutes = alertRoutes;
    this.arming = arming;
    this.passkeys = {
      getPasskeys: () => passkeys.getPasskeys(),
      findPasskey: (id) => passkeys.findPasskey(id),
      listPasskeys: () => passkeys.listPasskeys(),
      requireEnrolment: (isRecovery, origin) => passkeys.requireEnrolment(isRecovery, origin),
      addPasskey: (...args) => this.#act(() => passkeys.addPasskey(...args)),
      removePasskey: (...args) => this.#act(() => passkeys.removePasskey(...args)),
      recordAssertion: (assertion) => core.run(passkeys.recordAssertion(assertion)),
      reportPasskeyRefused: (detail) => passkeys.reportPasskeyRefused(detail),
    };
    this.tokens = {
      getTokens: (ownId) => tokens.getTokens(ownId),
      createToken: (...args) => this.#act(() => tokens.createToken(...args)),
      revokeToken: (...args) => this.#act(() => tokens.revokeToken(...args)),
    };
  }

  /** First contact, recovery, then the feed loop in the background. Resolves once domain time is known. */
  async start(onFirstContact: () => Promise<void>, onVenueSilent?: (reason: string) => void): Promise<void> {
    this.#parts.ledgerCheck.begin();
    // The views use these tick and lot sizes: orders can be read with them while the venue's own cannot be fetched.
    this.core.ports.venue.noteRules([...this.core.state.rules.values()]);
    await untilStop(this.core.run(this.keeper.clock.syncFirst(onVenueSilent)), this.#options.signal);
    this.#options.signal.throwIfAborted();
    for (const [symbol, market] of this.core.state.markets)
      if (market.hold !== null) this.core.market.restoreHold(symbol, market.hold);
    await onFirstContact();
    if (this.#options.signal.aborted) return;
    if (this.#parts.availability.isDiskFull) tellFullDisk(this.core);
    this.keeper.reconciliation.takeUp();
    await untilStop(this.core.run(this.keeper.reconciliation.refuseOtherDaemon()), this.#options.signal);
    if (this.#options.signal.aborted) return;
    this.keeper.reconciliation.enterBoot('starting: the account is not reconciled yet', false);
    this.#parts.exitResumption.start();
    this.#parts.availability.isStarted = true;
    recoverOrders(this.core, this.#parts.proof, this.#parts.resolver);
    this.core.begin(this.#parts.operator.cancelUnderLayers()).onEnd((end) => {
      if (end.kind === 'done' || this.#options.signal.aborted) return;
      this.core.alert('CANCEL_FAILED', `under a standing halt: ${String(end.error)}`);
    });
    this.core.begin(this.keeper.run()).onEnd((end) => {
      if (end.kind === 'done' || this.#options.signal.aborted) return;
      // Only a ledger that cannot record ends the loop, and it has already stopped the daemon.
      this.core.alert('FEEDS_STOPPED', `the feed loop ended: ${String(end.error)}`);
    });
  }

  /** Resolves when reconciled, or after `withinMs` of wall time; then the loop keeps trying. */
  async untilReconciled(withinMs: number): Promise<boolean> {
    const { time } = this.core.ports;
    const deadline = time.monotonicMs() + withinMs;
    while (!this.keeper.isReconciled && !this.#options.signal.aborted && time.monotonicMs() < deadline)
      await time.delay(10, this.#options.signal);
    return this.keeper.isReconciled;
  }

  noteCall(caller: Caller): void {
    if (caller.role === 'agent') this.#parts.heartbeats.noteCall(caller.agent);
  }

  // --- tools -----------------------------------------------------------------------------------------------------

  readonly runTool: GateApi['runTool'] = async (...args) => this.core.run(this.#parts.calls.runTool(...args));
  readonly dryRun: GateApi['dryRun'] = (...args) => this.core.run(this.#parts.calls.dryRun(...args));
  readonly intercept: GateApi['intercept'] = (...args) => this.core.run(this.#parts.calls.intercept(...args));
  readonly recordRejectedInput: GateApi['recordRejectedInput'] = (...args) =>
    this.#parts.calls.recordRejectedInput(...args);

  // --- reads -----------------------------------------------------------------------------------------------------

  /** RISK: what a reading tells to be over would go on after a restart if its record were lost with the process. */
  settled(): Promise<void> {
    return this.core.settled().catch(() => undefined);
  }
  readonly mayRead: GateApi['mayRead'] = (...args) => reads.mayRead(this.core, ...args);
  readonly getSymbols: GateApi['getSymbols'] = (caller) => reads.getSymbols(this.core, caller);
  readonly getLimits: GateApi['getLimits'] = (...args) => reads.getLimits(this.core, ...args);
  readonly getDecisions: GateApi['getDecisions'] = (caller, limit, cursor, filter = {}) =>
    reads.getDecisions(this.core, caller, { limit, cursor }, filter);
  readonly getDecision: GateApi['getDecision'] = (...args) => reads.getDecision(this.core, ...args);
  /** A record as streams show it: decisions with what their records leave out. */
  tell(event: StoredEvent): StoredEvent {
    if (event.kind !== 'decision') return event;
    const payload = event.payload as DecisionEvent;
    return { ...event, payload: { ...payload, decision: tellExplained(this.core, payload) } };
  }
  readonly getReceipt: GateApi['getReceipt'] = async (caller, decisionId, head) => {
    const { ledger, receipts } = this.core.ports;
    const event = ledger.findDecision(decisionId)?.payload as DecisionEvent | undefined;
    if (event === undefined || (caller.role !== 'operator' && event.agent !== caller.agent)) return { kind: 'unknown' };
    return receipts === undefined ? { kind: 'unsigned' } : receipts.read(decisionId, head);
  };
  readonly getOrders: GateApi['getOrders'] = (caller, filter, limit, cursor) =>
    reads.getOrders(this.core, caller, { limit, cursor }, filter);
  readonly getFills: GateApi['getFills'] = (...args) => describeFills(this.core, ...args);
  readonly getPositions: GateApi['getPositions'] = (caller) => reads.getPositions(this.core, caller);
  readonly getAccount: GateApi['getAccount'] = () => describeAccount(this.core);
  readonly getEquityHistory: GateApi['getEquityHistory'] = (span) => describeEquityHistory(this.core, span);
  readonly getAgents: GateApi['getAgents'] = (caller) => describeAgents(this.core, caller);
  readonly getAgent: GateApi['getAgent'] = (caller, name) => describeAgent(this.core, caller, name);
  readonly getReport: GateApi['getReport'] = (caller, period) => describeReport(this.core, caller, period);
  readonly getMarket: GateApi['getMarket'] = (...args) => reads.getMarket(this.core, ...args);
  readonly getCandles: GateApi['getCandles'] = (...args) => describeCandles(this.core, ...args);
  readonly getOrderBook: GateApi['getOrderBook'] = (symbol) => describeOrderBook(this.core, symbol);

  // --- operator --------------------------------------------------------------------------------------------------

  readonly addSignal: GateApi['addSignal'] = (...args) =>
    this.#act(() => this.core.run(this.#parts.signals.add(...args)));
  readonly getSignals: GateApi['getSignals'] = () => this.#parts.signals.list();
  readonly endSignal: GateApi['endSignal'] = (...args) => this.#act(() => this.#parts.signals.end(...args));
  readonly releaseSymbol: GateApi['releaseSymbol'] = (...args) =>
    this.#act(() => this.core.run(this.#parts.holders.release(...args)));
  readonly adoptSymbol: GateApi['adoptSymbol'] = (...args) =>
    this.#act(() => this.core.run(this.#parts.holders.adopt(...args)));
  readonly endOrder: GateApi['endOrder'] = (...args) =>
    this.#told(
      () => this.core.run(this.#parts.lostOrders.end(...args)),
      (order) => describeOrder(this.core, order),
    );
  readonly getAlerts: GateApi['getAlerts'] = (limit, cursor) => describeAlerts(this.core, limit, cursor);
  readonly acknowledgeAlert: GateApi['acknowledgeAlert'] = (...args) =>
    this.#told(() => acknowledgeAlert(this.core, ...args), describeAlert);
  readonly eraseTexts: GateApi['eraseTexts'] = (...args) =>
    this.#act(() => this.core.run(eraseTexts(this.core, ...args)));
  readonly getApprovals: GateApi['getApprovals'] = () => describeApprovals(this.core);
  readonly getApproval: GateApi['getApproval'] = (id) => {
    const approval = this.core.state.approvals.find(id);
    return approval === null ? null : describeApproval(this.core, approval);
  };
  readonly approve: GateApi['approve'] = (caller, ...args) =>
    this.#told(
      () => this.core.run(this.#parts.approvals.approve(caller, ...args)),
      ({ approval, decisionId }) => {
        const answer = decisionId === null ? null : this.getDecision(caller, decisionId);
        if (answer === null && decisionId !== null) throw new Error(`decision ${decisionId} is not in the ledger`);
        const now = this.core.state.approvals.find(approval.requested.approval_id) ?? approval;
        return { approval: describeApproval(this.core, now), answer };
      },
    );
  readonly denyApproval: GateApi['denyApproval'] = (...args) =>
    this.#told(
      () => this.#parts.approvals.deny(...args),
      (approval) => describeApproval(this.core, approval),
    );
  readonly refuseApproval: GateApi['refuseApproval'] = (...args) =>
    this.#act(() => this.#parts.approvals.refuse(...args));
  readonly getAlertChannels: GateApi['getAlertChannels'] = () => describeAlertChannels(this.core, this.alertRoutes);
  readonly testAlerts: GateApi['testAlerts'] = async (caller, channel) =>
    (await this.#options.alerts?.test(channel, caller.agent)) ?? { results: [] };
  readonly reloadAlertRoutes: GateApi['reloadAlertRoutes'] = (caller, hash) =>
    this.#act(() => this.alertRoutes.accept(hash, caller.agent));
  readonly getTradingState: GateApi['getTradingState'] = () => this.#parts.operator.describeState();
  readonly setTradingState: GateApi['setTradingState'] = (...args) =>
    this.#act(() => this.core.run(this.#parts.operator.setState(...args)));
  readonly tightenTradingState: GateApi['tightenTradingState'] = (...args) =>
    this.#act(() => this.core.run(this.#parts.operator.tighten(...args)));
  readonly flatten: GateApi['flatten'] = (...args) =>
    this.#act(() => this.core.run(this.#parts.operator.flatten(...args)));
  readonly rebase: GateApi['rebase'] = (...args) => this.#act(() => this.#parts.operator.rebase(...args));
  readonly getPolicy: GateApi['getPolicy'] = () => {
    const arming = this.arming.describe();
    return { ...this.policies.read(), ...(arming === null ? {} : { arming }) };
  };
  readonly checkPolicy: GateApi['checkPolicy'] = (text) => checkPolicy(this.core, this.#options.policyPort, text);
  readonly previewPolicy: GateApi['previewPolicy'] = async (text) => {
    const { preview } = this.core.ports;
    const read = readPolicy(this.core, this.#options.policyPort, text);
    if (!read.ok) return { ok: false, violations: read.violations };
    if (preview === undefined) throw new PreviewUnavailable('this ledger has no history on disk');
    return { ok: true, preview: await preview.run(read.policy, this.core.nowMs() - PREVIEW_MS) };
  };
  readonly reloadPolicy: GateApi['reloadPolicy'] = (caller, hash, passkeyId) =>
    this.#act(() => this.policies.accept(hash, caller.agent, passkeyId));
  readonly signArming: GateApi['signArming'] = (...args) => this.#act(() => this.arming.sign(...args));
  readonly readiness: GateApi['readiness'] = () => describeReadiness(this.#parts);
  readonly metrics: GateApi['metrics'] = (withAccount) => this.#options.metricsText(withAccount);

  /**
   * What an act comes to. RISK: its answer, a refusal too, tells of nothing that a crash would undo, whoever has recorded
   * that: all is on disk before.
   */
  async #act<R>(act: () => R | Promise<R>): Promise<R> {
    try {
      return await act();
    } finally {
      await this.core.settled();
    }
  }
  /** An act, and how its caller is told of it; null: there is nothing that it is about. */
  async #told<R, Body>(act: () => R | null | Promise<R | null>, describe: (result: R) => Body): Promise<Body | null> {
    const result = await this.#act(act);
    return result === null ? null : describe(result);
  }

  // --- figures, and the end --------------------------------------------------------------------------------------

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
    this.core.stopWaiting();
    this.#parts.sender.stopOpening();
    this.#parts.slices.stop();
    if (!this.#parts.availability.isStarted || this.core.ports.ledger.isFailed) return;
    this.#parts.budgets.flush();
    await this.core.run(leaveVenue(this.#parts, options));
  }
}
