import { setTimeout as delay } from 'node:timers/promises';
import { canonicalJson } from '../core/canonical-json.ts';
import type { ExecutionDecision } from '../core/decision.ts';
import type { ToolName } from '../core/policy.ts';
import type { ExecutionRequest } from '../core/request.ts';
import { AccountFeed } from './account-feed.ts';
import type {
  AccountBody,
  AlertsBody,
  Caller,
  DecisionBody,
  FlattenBody,
  GateApi,
  LimitsBody,
  MarketBody,
  OrderBody,
  Page,
  PolicyBody,
  PolicyCheckBody,
  PositionBody,
  ReadinessBody,
  ReloadOutcome,
  SignalBody,
  SignalEntryBody,
  SignalsBody,
  SkillClaim,
  StateChange,
  ToolAnswer,
  ToolOutcome,
  TradingArgs,
  TradingStateBody,
} from './api.ts';
import { Canceler } from './cancels.ts';
import { type Decided, NO_ORDERS, planFromDecision, takeDecision } from './decisions.ts';
import { cancelsNothing, cancelUnrecorded, DISK_FULL, FullDisk, recordFullDisk } from './disk-space.ts';
import type { DecisionEvent, PlannedOrder } from './events.ts';
import { ExitShares } from './exit-shares.ts';
import { ExitRunner } from './exits.ts';
import { Flatten } from './flatten.ts';
import { GateCore, type GatePorts, type GateSettings } from './gate-core.ts';
import { type Intake, readIntake } from './intake.ts';
import { findInterrupted, type InterruptedExits } from './interrupted-exits.ts';
import { Keeper } from './keeper.ts';
import { describeLimits } from './limits.ts';
import { LooseningDelay } from './loosening-delay.ts';
import { LostOrders } from './lost-orders.ts';
import { MarketFeed } from './market-feed.ts';
import { describeClosed } from './open-symbols.ts';
import { Operator } from './operator.ts';
import { endedEvent, OrderSender } from './order-sender.ts';
import { PolicyControl, type PolicyDocument, type PolicyPort } from './policy-control.ts';
import { Protection } from './protection.ts';
import {
  describeAccount,
  describeAlerts,
  describeExecution,
  describeMarket,
  describeOrder,
  describePositions,
  parseCursor,
} from './reads.ts';
import { ExecutionRecall } from './recall.ts';
import { writeAnswer } from './record-text.ts';
import { Resolver } from './resolver.ts';
import { Signals } from './signals.ts';
import { SliceRunner } from './slices.ts';
import type { Ask } from './snapshot.ts';
import { StandingOrders } from './standing.ts';
import { stateInForce } from './state/layers.ts';
import { isInCancelAll } from './state/order-changes.ts';
import { everyLiveOrder, isTerminal, type OrderState } from './state/orders.ts';
import { VenueHealth } from './venue-health.ts';

/** How long exits of before a restart wait for the first whole reading, wall ms; and how old they may be, ms. */
const RESUME_WITHIN_MS = 10_000;
const RESUMABLE_MS = 3_600_000;

/** Time that calls in flight have for their outcome once the daemon stops, wall ms; then they are answered `submitting`. */
const ANSWER_WHEN_CLOSING_MS = 400;

export interface GateOptions {
  readonly ports: GatePorts;
  readonly settings: GateSettings;
  readonly policy: PolicyDocument;
  readonly policyPort: PolicyPort;
  readonly signal: AbortSignal;
  /** Prometheus text of what the observer counted. */
  readonly metricsText: () => Promise<string>;
}

/** The gate: one execution's whole journey from a validated call to its outcome (DESIGN section 2). */
export class Gate implements GateApi {
  readonly core: GateCore;
  readonly keeper: Keeper;
  readonly policies: PolicyControl;
  readonly #sender: OrderSender;
  readonly #resolver: Resolver;
  readonly #canceler: Canceler;
  readonly #slices: SliceRunner;
  readonly #exits: ExitRunner;
  readonly #exitShares: ExitShares;
  readonly #standing: StandingOrders;
  readonly #operator: Operator;
  readonly #signals: Signals;
  readonly #lostOrders: LostOrders;
  readonly #recall: ExecutionRecall;
  readonly #signal: AbortSignal;
  readonly #metricsText: () => Promise<string>;
  #isStarted = false;
  #isClosing = false;
  #isDiskFull = false;
  /** Whoever still waits for an outcome is answered with what is known: the daemon stops. */
  readonly #answerNow = new AbortController();
  readonly #fullDisk: FullDisk;

  constructor(options: GateOptions) {
    const { ports, settings, signal } = options;
    this.core = new GateCore(ports, settings, options.policy);
    this.#fullDisk = new FullDisk(this.core);
    this.#signal = signal;
    this.#metricsText = options.metricsText;
    const health = new VenueHealth(this.core, {
      resyncClock: () => this.keeper.dueNow('clock'),
      reloadRules: () => this.keeper.dueNow('rules'),
      refreshAccount: () => this.keeper.dueNow('account'),
      fetchTrades: (symbol) => this.keeper.fetchTradesSoon(symbol),
      resolve: (order) => void this.#resolver.resolve(order),
      reviewExits: () => {
        this.#exitShares.tick().catch((error: unknown) => this.core.alertRarely('CANCEL_FAILED', String(error)));
      },
    });
    this.core.onRecheckFailure = () => health.onRecheckFailure();
    this.#sender = new OrderSender(this.core, health);
    this.#resolver = new Resolver(this.core, this.#sender, signal);
    this.#canceler = new Canceler(this.core, this.#sender, this.#resolver);
    this.#slices = new SliceRunner(this.core, this.#sender);
    this.#exits = new ExitRunner(this.core, this.#sender, this.#resolver, this.#canceler, signal);
    this.#exitShares = new ExitShares(this.core, this.#canceler);
    this.#standing = new StandingOrders(this.core, this.#canceler, this.#slices);
    const account = new AccountFeed(this.core, this.#sender, this.#resolver);
    const market = new MarketFeed(this.core);
    account.onVenueFailure = (detail, consequence, retryAfterMs) =>
      health.onReadFailure(detail, consequence, retryAfterMs);
    market.onVenueFailure = account.onVenueFailure;
    const protection = new Protection(this.core, this.#sender, this.#canceler, (request) => this.#runGateExit(request));
    const flatten = new Flatten({
      core: this.core,
      canceler: this.#canceler,
      slices: this.#slices,
      account,
      exit: (caller, symbol, side) => this.#runOperatorExit(caller, symbol, side),
      isQuiet: () => health.isQuiet(),
      signal,
    });
    this.keeper = new Keeper({
      core: this.core,
      account,
      market,
      sender: this.#sender,
      resolver: this.#resolver,
      health,
      signal,
      tasks: {
        retryCancels: async () => {
          this.#resolver.sweep();
          await this.#canceler.retryUnproven();
        },
        reviewStanding: async () => {
          await Promise.all([this.#standing.tick(), this.#exitShares.tick()]);
        },
        flatten: () => flatten.tick(),
        // RISK: a stop that hangs holds up neither the stop nor the cut of anything else.
        protect: async () => {
          await Promise.all([protection.tick(), this.#cutBack(protection)]);
        },
      },
    });
    this.policies = new PolicyControl(this.core, options.policyPort);
    const loosening = new LooseningDelay(this.core);
    this.#operator = new Operator(this.core, this.#canceler, this.#slices, flatten, loosening);
    this.#signals = new Signals(this.core, loosening);
    this.#lostOrders = new LostOrders(this.core, this.#sender, loosening);
    this.#recall = new ExecutionRecall(this.core.state, ports.ledger);
    this.core.onPolicyChange(() => {
      this.#standing.tick().catch((error: unknown) => this.core.alertRarely('STANDING_FAILED', String(error)));
    });
  }

  /** What was permitted before a restart is carried out: on fresh readings, or without them when they do not come. */
  async #resumeExits({ waiting, ladders }: InterruptedExits): Promise<void> {
    if (waiting.length === 0 && ladders.length === 0) return;
    await this.keeper.untilReconciled(RESUME_WITHIN_MS);
    if (this.#signal.aborted) return;
    const now = this.core.nowMs();
    const isOver = ({ request }: DecisionEvent, order: OrderState): boolean =>
      (request.valid_until_ms !== null && request.valid_until_ms < now) || now - order.plannedAtMs > RESUMABLE_MS;
    for (const { event, order } of waiting) {
      if (order.status !== 'pending_send') continue;
      if (isOver(event, order)) {
        this.#sender.record(order, endedEvent(this.core, order, 'canceled', 'too old to be sent after a restart'));
        this.core.alert('EXIT_DROPPED', `exit ${order.clientOrderId} waited, and is too old now`, order.symbol);
      } else this.#exits.wait(event, order).catch((error: unknown) => this.#alertExit(error, order.symbol));
    }
    for (const ladder of ladders)
      if (!isOver(ladder.event, ladder.order))
        this.#exits.resume(ladder).catch((error: unknown) => this.#alertExit(error, ladder.order.symbol));
  }

  #alertExit(error: unknown, symbol: string | null): void {
    if (!this.#signal.aborted) this.core.alert('EXIT_NOT_RESUMED', String(error), symbol);
  }

  async #cutBack(protection: Protection): Promise<void> {
    await Promise.all(this.#standing.findBreaches().map((breach) => protection.cutBack(breach)));
  }

  /** First contact, recovery, then the feed loop in the background. Resolves once domain time is known. */
  async start(firstPolicyEvent: () => void, onVenueSilent?: (reason: string) => void): Promise<void> {
    const interrupted = findInterrupted(this.core.state, this.core.ports.ledger);
    await this.keeper.syncFirst(onVenueSilent);
    if (this.#signal.aborted) return;
    for (const [symbol, market] of this.core.state.markets)
      if (market.hold !== null) this.core.market.restoreHold(symbol, market.hold);
    firstPolicyEvent();
    await this.keeper.refuseOtherDaemon();
    if (this.#signal.aborted) return;
    this.keeper.enterBoot('starting: the account is not reconciled yet');
    this.#isStarted = true;
    this.keeper.recoverOrders();
    this.#resumeExits(interrupted).catch((error: unknown) => this.#alertExit(error, null));
    this.#operator.cancelUnderLayers().catch((error: unknown) => {
      if (!this.#signal.aborted) this.core.alert('CANCEL_FAILED', `under a standing halt: ${String(error)}`);
    });
    this.keeper.run().catch((error: unknown) => {
      if (this.#signal.aborted) return;
      // Only a ledger that cannot record ends the loop; it has stopped the daemon by itself.
      this.core.alert('FEEDS_STOPPED', `the feed loop ended: ${String(error)}`);
    });
  }

  // --- tools -----------------------------------------------------------------------------------------------------

  async runTool(caller: Caller, call: TradingArgs): Promise<ToolOutcome> {
    const closed = this.#unavailable();
    if (closed !== null) return closed;
    const intake = readIntake(this.core, caller, call);
    const known = this.#findKnown(intake);
    if (known !== null) return this.#answerKnown(intake, known);
    if (this.#isDiskFull && cancelsNothing(this.core, intake)) return DISK_FULL;
    const decided = this.#decide(intake, 'tool');
    if (decided === null) return DISK_FULL;
    await decided.appended.committed;
    if (decided.body.decision !== 'BLOCK' || !decided.body.enforced) await this.#execute(intake, decided);
    return { kind: 'decided', text: this.#answerText(this.#ordersOf(decided), decided.body, decided.record.bodyText) };
  }

  async dryRun(caller: Caller, call: TradingArgs): Promise<ToolOutcome> {
    const closed = this.#unavailable() ?? (this.#isDiskFull ? DISK_FULL : null);
    if (closed !== null) return closed;
    const decided = this.#decide(readIntake(this.core, caller, call, 'advisory'), 'dry_run');
    if (decided === null) return DISK_FULL;
    await decided.appended.committed;
    return { kind: 'decided', text: this.#answerText(this.#ordersOf(decided), decided.body, decided.record.bodyText) };
  }

  async intercept(
    caller: Caller,
    tool: string,
    args: unknown,
    call: TradingArgs | null,
    skill: SkillClaim | null,
  ): Promise<ToolOutcome> {
    const closed = this.#unavailable() ?? (this.#isDiskFull ? DISK_FULL : null);
    if (closed !== null) return closed;
    const decided =
      call === null
        ? this.#decideForeignTool(caller, tool, args, skill)
        : this.#decide(withSkill(readIntake(this.core, caller, call, 'advisory'), skill), 'intercept');
    if (decided === null) return DISK_FULL;
    await decided.appended.committed;
    return { kind: 'decided', text: writeAnswer(decided.record, decided.appended.recorded) };
  }

  #unavailable(): ToolOutcome | null {
    if (!this.#isStarted) return { kind: 'unavailable', message: 'the daemon has not reached the venue yet' };
    if (this.#isClosing) return { kind: 'unavailable', message: 'the daemon is shutting down' };
    if (this.core.ports.ledger.isFailed)
      return { kind: 'unavailable', message: 'the ledger cannot record: nothing is sent' };
    return null;
  }

  /** A repeated request id: the stored decision with the current execution; another body is a conflict (BY-11). */
  #findKnown(intake: Intake): { readonly decisionId: string; readonly bodyHash: string } | null {
    const { request_id: requestId, agent, tool } = intake.request;
    if (requestId === null) return null;
    const recent = this.core.state.requests.find(agent, tool, requestId);
    if (recent !== null) return recent;
    const stored = this.core.ports.ledger.findDecisionByRequest({ agent, kind: 'tool', request_id: requestId });
    if (stored === null) return null;
    const event = stored.payload as DecisionEvent;
    if (event.route !== tool) return null;
    return { decisionId: event.decision.decision_id, bodyHash: event.body_hash ?? '' };
  }

  async #answerKnown(
    intake: Intake,
    known: { readonly decisionId: string; readonly bodyHash: string },
  ): Promise<ToolOutcome> {
    await this.core.settled();
    if (known.bodyHash !== intake.bodyHash) {
      return {
        kind: 'conflict',
        decisionId: known.decisionId,
        message: `request_id ${intake.request.request_id} was used for another request (decision ${known.decisionId}); use a new request_id for a new intent`,
      };
    }
    const stored = this.core.ports.ledger.findDecision(known.decisionId);
    if (stored === null) throw new Error(`decision ${known.decisionId} is not in the ledger`);
    const body = (stored.payload as DecisionEvent).decision;
    return { kind: 'decided', text: this.#answerText(this.#recall.ordersOf(stored), body, canonicalJson(body)) };
  }

  #ordersOf(decided: Decided): readonly OrderState[] {
    return this.core.state.orders.byDecision.get(decided.body.decision_id) ?? [];
  }
  #answerText(orders: readonly OrderState[], body: DecisionBody, bodyText: string): string {
    return `{"decision":${bodyText},"execution":${JSON.stringify(describeExecution(this.core, orders, body))}}`;
  }

  /** Null on a full disk: what is not needed there is not recorded, and so not done. */
  #decide(intake: Intake, kind: 'tool' | 'dry_run' | 'intercept'): Decided | null {
    const decided = takeDecision(this.core, intake.request, this.#ask(intake), {
      kind,
      route: intake.request.tool,
      bodyHash: intake.bodyHash,
      texts: intake.texts,
      parentDecisionId: null,
      ...(this.#isDiskFull ? { skipUnless: (decision) => this.#fullDisk.isNeeded(intake.request, decision) } : {}),
      plan: (decision, seq) => (kind === 'tool' ? this.#plan(intake, decision, seq) : NO_ORDERS()),
    });
    if (decided === null && !this.#isDiskFull) throw new Error('a decision was not recorded');
    if (decided !== null && this.#isDiskFull) this.#fullDisk.noteExit(intake.request, decided.body.decision_id);
    return decided;
  }

  #ask(intake: Intake): Ask {
    const isModify = intake.request.intent === 'modify';
    return {
      phase: 'parent',
      venue: this.core.settings.venue,
      accountName: this.core.settings.account,
      tokenSkillSha256: intake.caller.skillSha256,
      schemaViolation: intake.schemaViolation,
      own: isModify ? intake.target : null,
      leaving: null,
      exitRung: 0,
      sliceLots: null,
      parentPriceTicks: null,
      target: intake.target,
    };
  }

  #plan(intake: Intake, decision: ExecutionDecision, seq: number): readonly PlannedOrder[] {
    const effective = decision.effective;
    if (effective === null || (effective.action !== 'open' && effective.action !== 'exit')) return [];
    const symbol = intake.request.symbol ?? '';
    const rules = this.core.state.rules.get(symbol);
    if (rules === undefined) return [];
    const lotsOf = (quantity: string): number => Math.round((Number(quantity) * rules.lotScale) / rules.lotMantissa);
    const planned = planFromDecision(this.core, decision, intake.request, seq, lotsOf);
    if (effective.action !== 'exit') return planned;
    const waitMs = intake.request.origin === 'agent' ? this.#exits.planDelay(intake.request.agent, symbol) : 0;
    return planned.map((order) => ({ ...order, delay_ms: waitMs }));
  }

  /** Tools executed elsewhere: allowed only by name and schema, never by being unknown (BY-07). */
  #decideForeignTool(caller: Caller, tool: string, args: unknown, skill: SkillClaim | null): Decided {
    const { core } = this;
    const allowed = core.ports.isInterceptAllowed(core.policySpec, tool, args);
    return this.#operator.recordForeignTool(
      caller,
      tool,
      allowed,
      allowed ? null : (core.ports.findArgsViolation?.(core.policySpec, tool, args) ?? null),
      core.ports.sha256(canonicalJson({ args, tool })),
      skill,
    );
  }

  // --- execution -------------------------------------------------------------------------------------------------

  /** Acts on a permitted decision; returns at the outcome, or after `answer_within_ms`. */
  async #execute(intake: Intake, decided: Decided): Promise<void> {
    const running = this.#act(intake, decided).catch((error: unknown) => {
      // An exit that waits for its rate ends with the daemon, and goes on with the next.
      if (this.#signal.aborted && error instanceof Error && error.name === 'AbortError') return;
      this.core.alert(
        'EXECUTION_FAILED',
        `decision ${decided.body.decision_id}: ${String(error)}`,
        intake.request.symbol,
      );
    });
    const timeout = new AbortController();
    const late = AbortSignal.any([timeout.signal, this.#answerNow.signal]);
    await Promise.race([
      running,
      delay(this.core.settings.answerWithinMs, undefined, { signal: late }).catch(() => undefined),
    ]);
    timeout.abort();
  }

  async #act(intake: Intake, decided: Decided): Promise<void> {
    const orders = decided.event.orders;
    const first = orders[0];
    if (first !== undefined) {
      if (first.reduce_only) await this.#exits.run(decided);
      else await this.#slices.run(decided, intake.caller.skillSha256);
      return;
    }
    switch (decided.body.effective?.action) {
      case 'cancel':
        await this.#cancel(intake);
        return;
      case 'amend':
        await this.#amend(intake, decided);
        return;
      default:
        return;
    }
  }

  async #cancel(intake: Intake): Promise<void> {
    const { request, target } = intake;
    const reason = `asked for by ${request.agent}`;
    if (target !== null) {
      await this.#canceler.cancel(target, reason);
      return;
    }
    const now = this.core.nowMs();
    const matches = (order: OrderState): boolean => isInCancelAll(order, request, this.core.state.layers, now);
    await this.#canceler.cancelMatching(request.symbol, matches, reason);
  }

  /** Amend in place; its decision counts it as the larger and the worse of both forms until one is proven. */
  async #amend(intake: Intake, decided: Decided): Promise<void> {
    const { target } = intake;
    if (target === null || target.amend === null) return;
    await this.#sender.sendAmend(target, decided);
  }

  /** An exit of operator origin (flatten): decided, recorded and run like any other. */
  async #runOperatorExit(caller: Caller, symbol: string, side: 'buy' | 'sell'): Promise<void> {
    const intake = readIntake(this.core, caller, { tool: 'close_position', args: { symbol, fraction: 1 } });
    const decided = this.#decide({ ...intake, request: { ...intake.request, side, origin: 'operator' } }, 'tool');
    if (decided === null) return;
    await decided.appended.committed;
    await this.#exits.run(decided);
  }

  /** Resolves when the exit is on disk; it then runs by itself. */
  async #runGateExit(request: ExecutionRequest): Promise<void> {
    const intake: Intake = {
      request,
      caller: { role: 'operator', agent: request.agent, tokenId: 'gate', skillSha256: null },
      bodyHash: null,
      texts: {},
      target: null,
      schemaViolation: null,
    };
    const decided = takeDecision(this.core, request, this.#ask(intake), {
      kind: 'gate',
      route: 'gate',
      bodyHash: null,
      texts: {},
      parentDecisionId: null,
      plan: (decision, seq) => this.#plan(intake, decision, seq),
    });
    if (decided === null) return;
    await decided.appended.committed;
    // RISK: an outcome may stay unknown for long; the feeds that called must go on meanwhile.
    this.#exits.run(decided).catch((error: unknown) => {
      if (!this.#signal.aborted) this.core.alert('GATE_EXIT_FAILED', String(error), request.symbol);
    });
  }

  recordRejectedInput(caller: Caller, tool: string, paths: readonly string[]): void {
    if (!this.#isStarted || this.#isDiskFull || this.core.ports.ledger.isFailed) return;
    this.core.append('rejected_input', { agent: caller.agent, paths: paths.slice(0, 20), tool: tool.slice(0, 64) });
  }

  // --- reads -----------------------------------------------------------------------------------------------------

  mayRead(caller: Caller, tool: ToolName): boolean {
    return caller.role === 'operator' || this.core.policyFor(caller.agent).tools.has(tool);
  }

  getLimits(caller: Caller, symbol: string | null): LimitsBody {
    const policy = this.core.policyFor(caller.agent);
    const symbols = symbol === null ? [...policy.symbols].sort() : [symbol];
    return {
      agent: caller.agent,
      at_ms: this.core.nowMs(),
      policy_hash: this.core.policyHash,
      symbols: symbols.map((name) => describeLimits(this.core, caller, name)),
    };
  }

  getDecisions(caller: Caller, limit: number, cursor: string | null): Page<DecisionBody> {
    const page = this.core.ports.ledger.readDecisions({
      limit,
      ...(caller.role === 'operator' ? {} : { agent: caller.agent }),
      ...(cursor === null ? {} : { cursor }),
    });
    return { items: page.events.map((event) => (event.payload as DecisionEvent).decision), next: page.next };
  }

  getDecision(caller: Caller, decisionId: string): ToolAnswer | null {
    const stored = this.core.ports.ledger.findDecision(decisionId);
    if (stored === null) return null;
    const event = stored.payload as DecisionEvent;
    if (caller.role !== 'operator' && event.agent !== caller.agent) return null;
    return {
      decision: event.decision,
      execution: describeExecution(this.core, this.#recall.ordersOf(stored), event.decision),
    };
  }

  getOrders(
    caller: Caller,
    filter: { readonly symbol?: string; readonly open?: boolean },
    limit: number,
    cursor: string | null,
  ): Page<OrderBody> {
    const offset = cursor === null ? 0 : parseCursor(cursor);
    const source =
      filter.open === true ? [...everyLiveOrder(this.core.state.orders)] : [...this.core.state.orders.all.values()];
    const matching = source.filter((order) => {
      if (caller.role !== 'operator' && order.agent !== caller.agent) return false;
      return filter.symbol === undefined || order.symbol === filter.symbol;
    });
    matching.sort((a, b) => b.plannedAtMs - a.plannedAtMs || (a.clientOrderId < b.clientOrderId ? 1 : -1));
    const items = matching.slice(offset, offset + limit).map((order) => describeOrder(this.core, order));
    return { items, next: offset + limit < matching.length ? String(offset + limit) : null };
  }

  getPositions(caller: Caller): {
    readonly positions: readonly PositionBody[];
    readonly observed_at_ms: number | null;
  } {
    const positions = describePositions(this.core).filter(
      (position) => caller.role === 'operator' || this.core.policyFor(caller.agent).symbols.has(position.symbol),
    );
    return { positions, observed_at_ms: this.core.market.account?.observedAtMs ?? null };
  }

  getAccount(): AccountBody {
    return describeAccount(this.core);
  }

  getMarket(symbol: string | null): { readonly markets: readonly MarketBody[] } {
    const symbols = symbol === null ? [...this.core.policySpec.scope.symbols].sort() : [symbol];
    return { markets: symbols.map((name) => describeMarket(this.core, name)) };
  }

  // --- operator --------------------------------------------------------------------------------------------------

  addSignal(
    caller: Caller,
    signal: SignalBody,
  ): Promise<{ readonly signal_id: string; readonly expires_at_ms: number }> {
    return this.#signals.add(caller, signal).then(async (added) => {
      await this.#standing.tick();
      return added;
    });
  }
  getSignals(): SignalsBody {
    return this.#signals.list();
  }
  endSignal(caller: Caller, signalId: string, reason: string): Promise<SignalEntryBody | null> {
    return this.#signals.end(caller, signalId, reason);
  }
  async endOrder(caller: Caller, clientOrderId: string, reason: string): Promise<OrderBody | null> {
    const order = await this.#lostOrders.end(caller, clientOrderId, reason);
    return order === null ? null : describeOrder(this.core, order);
  }
  getAlerts(limit: number, cursor: string | null): AlertsBody {
    return describeAlerts(this.core, limit, cursor);
  }
  getTradingState(): TradingStateBody {
    return this.#operator.describeState();
  }
  async setTradingState(caller: Caller, change: StateChange): Promise<TradingStateBody> {
    const body = await this.#operator.setState(caller, change);
    if (this.#isStarted) await this.#standing.tick();
    return body;
  }
  flatten(caller: Caller, symbols: readonly string[] | null, reason: string): Promise<FlattenBody> {
    return this.#operator.flatten(caller, symbols, reason);
  }
  rebase(caller: Caller, reason: string): Promise<{ readonly equity_usdt: number }> {
    return this.#operator.rebase(caller, reason);
  }
  getPolicy(): PolicyBody {
    return this.policies.describe();
  }
  checkPolicy(text: string): PolicyCheckBody {
    return this.policies.check(text);
  }
  reloadPolicy(caller: Caller, hash: string | null): Promise<ReloadOutcome> {
    return this.policies.accept(hash, caller.agent);
  }

  readiness(): ReadinessBody {
    const waiting: string[] = [];
    if (!this.#isStarted) waiting.push(...this.keeper.missing);
    else {
      if (!this.keeper.isReconciled)
        waiting.push(...(this.keeper.missing.length > 0 ? this.keeper.missing : ['reconciliation']));
      waiting.push(...this.#operator.staleInputs());
    }
    if (this.core.ports.ledger.isFailed) waiting.push('a ledger that can record');
    else if (this.#isDiskFull) waiting.push('free disk space and a new start');
    const state = this.#isStarted
      ? stateInForce(this.core.state.layers, this.core.nowMs(), null, null).state
      : this.#operator.stateOfAccount() === 'halted'
        ? 'halted'
        : 'reducing';
    const closed = this.core.policySpec.scope.symbols.filter((symbol) => describeClosed(this.core, symbol) !== null);
    const layers = [...this.core.state.layers.values()].filter((entry) => entry.scope === 'symbol');
    const reducing = [...closed, ...layers.map((entry) => entry.name).filter((name) => name !== null)];
    return {
      alerts: this.core.state.alerts.count,
      pending_policy: this.policies.pending,
      policy_error: this.policies.error,
      ready: waiting.length === 0,
      symbols_reducing: [...new Set(reducing)].sort(),
      trading_state: state,
      venue: this.core.settings.venue,
      waiting_for: waiting,
    };
  }

  metrics(): Promise<string> {
    return this.#metricsText();
  }
  openOrderCount(): number {
    let count = 0;
    for (const orders of this.core.state.orders.live.values()) count += orders.size;
    return count;
  }
  unknownOrderCount(): number {
    return this.#resolver.pending;
  }

  /** The reserve of the full disk is in use: it is kept for exits, cancels and halts until the next start. */
  onReserveUsed(): void {
    this.#isDiskFull = true;
    // A commit tells of it, perhaps amid an append.
    setImmediate(() => {
      recordFullDisk(this.core);
      if (this.#isStarted)
        this.#standing.tick().catch((error: unknown) => this.core.alertRarely('STANDING_FAILED', String(error)));
    });
  }

  /** The ledger records nothing more: nothing is opened, and what would open is canceled without a record. */
  onLedgerFailure(): Promise<void> {
    this.#sender.stopOpening();
    this.#slices.stop();
    return cancelUnrecorded(this.core, 1_000);
  }

  /** Orderly stop: unsent slices dropped, opening orders canceled unless they are to be left, stops stay. */
  async close(options: { readonly leaveOrders: boolean }): Promise<void> {
    this.#isClosing = true;
    setTimeout(() => this.#answerNow.abort(), ANSWER_WHEN_CLOSING_MS).unref();
    this.#sender.stopOpening();
    this.#slices.stop();
    if (!this.#isStarted || this.core.ports.ledger.isFailed) return;
    const before = [...everyLiveOrder(this.core.state.orders)];
    this.#slices.dropUnsent('the daemon stops', () => true);
    if (!options.leaveOrders) {
      const cancels = this.#canceler.cancelMatching(
        null,
        (order) => !order.foreign && !order.reduceOnly,
        'the daemon stops',
      );
      await Promise.race([cancels.catch(() => undefined), delay(1000)]);
    }
    await this.core.settled().catch(() => undefined);
    const ended = before.filter((order) => isTerminal(order.status));
    const left = before.filter((order) => !isTerminal(order.status));
    const positions = [...this.core.state.positions.values()].filter((position) => position.lots !== 0);
    this.core.ports.log.info(
      {
        ended: ended.map((order) => order.clientOrderId),
        left: left.map((order) => ({ order: order.clientOrderId, symbol: order.symbol, protective: order.protective })),
        positions: positions.map((position) => position.symbol),
      },
      `the daemon stops: ${ended.length} orders ended, ${left.length} left at the venue, ${positions.length} positions held`,
    );
  }
}

function withSkill(intake: Intake, skill: SkillClaim | null): Intake {
  if (skill === null) return intake;
  return { ...intake, request: { ...intake.request, skill_sha256: skill.sha256 ?? 'none' } };
}
