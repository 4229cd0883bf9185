// biome-ignore-all lint/style/noExcessiveLinesPerFile: one door: what it records, and what it is told of it

import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { ExecutionContext } from '../../core/context.ts';
import { decide } from '../../core/decide.ts';
import type { ExecutionDecision } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { shadowDecision } from '../../core/shadow.ts';
import {
  findOpeningsToEnd,
  findTarget,
  OPENING_ENDED,
  type OpeningsToEnd,
  SLICE_DROPPED,
} from '../../engine/claims/openings-to-end.ts';
import { type AuthorityNow, NO_WORDS, planAuthority } from '../../engine/openings/authority.ts';
import type { OrderState } from '../../engine/orders/orders.ts';
import { OrderCounts } from '../../engine/plan/order-counts.ts';
import { decisionId, type IdSource } from '../../engine/plan/order-ids.ts';
import type { PlanClock } from '../../engine/plan/plan-clock.ts';
import { buildBody } from '../../engine/plan/retell.ts';
import { GATE_AGENT } from '../../engine/plan/standing.ts';
import type { Ask, Draft, LiveInputs } from '../../engine/readings/inputs.ts';
import type { DecisionKind } from '../../engine/records/decisions.ts';
import type { DecisionEvent, ExitCause, GateEvents, OrderEvent, PlannedOrder } from '../../engine/records/events.ts';
import type { Rejection } from '../../engine/records/venue.ts';
import { buildContext } from '../../engine/snapshot/snapshot.ts';
import { GateState } from '../../engine/state/gate-state.ts';
import { rowOf } from '../../engine/tables/cause.ts';
import type { MarketTrack } from '../market/track.ts';
import type { ReplayAccount } from './account.ts';
import { AccountReader, marginRatio } from './account-reader.ts';
import type { MarketClock } from './clock.ts';
import { MarketInputs } from './market-inputs.ts';
import { toSymbolRules } from './rules.ts';

/** A decision of the replay, folded into the gate's views. */
export interface Taken {
  readonly decision: ExecutionDecision;
  readonly event: DecisionEvent;
  readonly orders: readonly OrderState[];
}
export interface TakeOptions {
  readonly kind: DecisionKind;
  readonly parentDecisionId: string | null;
  /** On whose behalf an exit is decided; absent: the caller's. */
  readonly cause?: ExitCause;
  /** Orders that follow from the decision; `seq`: of its record. */
  readonly plan: (decision: ExecutionDecision, seq: number) => readonly PlannedOrder[];
  readonly skipUnless?: (decision: ExecutionDecision) => boolean;
}

/** How often, and at what spacing, a feed reads the account until a difference is believed. */
const LIQUIDATION_READS = 4;
const LIQUIDATION_READ_EVERY_MS = 4_000;
/** A fill is so much older than the word on it. */
export const FILLED_BEFORE_MS = 1;
const RULES_EVERY_MS = 1_800_000;
/** Every how many decisions one is timed. */
const TIMED_EVERY = 16;

/**
 * The production gate on replayed inputs: its own views (`GateState`), its own reduced view (`buildContext`) and its
 * own `decide`, fed with the events that the daemon would have appended. Only clock, feeds and venue are the replay's
 * (SAE-SAME-CODE).
 */
export class GateDoor {
  readonly state = new GateState();
  readonly market: MarketInputs;
  readonly ids: IdSource = { genesisId: 'replay', epoch: null };
  /** Orders of the account at the exchange, against the limits that the gate keeps to. */
  readonly sends: OrderCounts;
  readonly planClock: PlanClock;
  readonly #clock: MarketClock;
  readonly #account: ReplayAccount;
  readonly #reader: AccountReader;
  readonly #policies: ReadonlyMap<string, CompiledPolicy>;
  #seq = 0;
  #rulesAtMs = 0;
  #sampledAtMs = Number.NEGATIVE_INFINITY;
  /** Records so far but for what was only read. */
  acts = 0;
  /** Cancels were asked for since somebody last looked whether all of them are carried out. */
  hasCancels = false;
  /** Readings of the account so far. */
  samples = 0;
  decisions = 0;
  timedNs = 0;
  timed = 0;

  constructor(
    clock: MarketClock,
    track: MarketTrack,
    account: ReplayAccount,
    policies: ReadonlyMap<string, CompiledPolicy>,
  ) {
    this.#clock = clock;
    this.planClock = { nowMs: () => clock.nowMs, wallMs: () => clock.nowMs, scale: 1 };
    this.sends = new OrderCounts(() => clock.nowMs);
    this.#account = account;
    this.#policies = policies;
    this.market = new MarketInputs(clock, track, this.policy(GATE_AGENT).spec.market);
    this.#reader = new AccountReader(account, clock);
    this.#refreshRules();
  }

  policy(agent: string): CompiledPolicy {
    const policy = this.#policies.get(agent);
    if (policy === undefined) throw new RangeError(`no policy was compiled for agent ${agent}`);
    return policy;
  }

  /** Nobody revokes anything in a replay, and its policy stays. */
  authorityNow(): AuthorityNow {
    const { hash, spec } = this.policy(GATE_AGENT);
    const { nowMs } = this.#clock;
    return {
      nowMs,
      tMs: this.state.time.atNow(nowMs),
      policyHash: hash,
      spec,
      stands: () => true,
      isSpokenFor: () => true,
    };
  }

  append<K extends keyof GateEvents>(kind: K, payload: GateEvents[K]): number {
    this.#seq += 1;
    if (kind !== 'account' && kind !== 'rules') this.acts += 1;
    // The union of events by kind cannot be built from a type parameter.
    this.state.apply({ kind, seq: this.#seq, at_ms: this.#clock.nowMs, payload } as Parameters<GateState['apply']>[0]);
    return this.#seq;
  }

  /** Filters and brackets never change in a replay; the daemon would have read them again all the same. */
  #refreshRules(): void {
    this.#rulesAtMs = this.#clock.nowMs;
    for (const { bars } of this.#clock.market.series)
      this.append('rules', { rules: toSymbolRules(bars.instrument, this.#rulesAtMs) });
  }

  /** What a feed shows of the account, without the symbols: enough for its tiers. */
  accountInputs(): LiveInputs {
    const equity = this.#account.equityUsdt();
    const maintenance = this.#account.totalMaintenanceUsdt();
    return {
      nowMs: this.#clock.nowMs,
      clockSkewMs: 0,
      account: {
        marginBalanceUsdt: equity,
        availableUsdt: this.#account.availableUsdt(),
        marginRatio: marginRatio(maintenance, equity),
        observedAtMs: this.#clock.nowMs,
      },
      symbols: this.market.bySymbol,
    };
  }

  inputs(): LiveInputs {
    const clock = this.#clock;
    if (clock.nowMs - this.#rulesAtMs >= RULES_EVERY_MS) this.#refreshRules();
    this.market.refresh();
    return this.accountInputs();
  }

  /** The account as a feed would have read it now; false: it was read at this instant already. */
  sampleAccount(force = false): boolean {
    const { nowMs } = this.#clock;
    if (!force && nowMs <= this.#sampledAtMs) return false;
    this.#sampledAtMs = nowMs;
    this.samples += 1;
    this.append('account', this.#reader.read());
    return true;
  }

  /** The account is flat at once and no report says so: it takes several readings in a row to be believed. */
  noteLiquidation(): void {
    const startedAtMs = this.#clock.nowMs;
    for (let i = 1; i <= LIQUIDATION_READS; i++) {
      this.#clock.nowMs = startedAtMs + i * LIQUIDATION_READ_EVERY_MS;
      this.sampleAccount(true);
    }
    this.#clock.nowMs = startedAtMs;
  }

  /** Snapshot, decide and fold, as `consider` and `recordDecision` do in the daemon. */
  take(request: ExecutionRequest, ask: Ask, options: TakeOptions): Taken | null {
    const policy = this.policy(request.agent);
    const context = buildContext(this.state, this.#inputsOfSends(), request, policy, ask);
    const decision = this.#decide(request, context, policy);
    if (options.skipUnless !== undefined && !options.skipUnless(decision)) return null;
    const executed = policy.spec.mode === 'shadow' ? shadowDecision(decision, request, context, policy) : decision;
    const event = this.#record(request, context, decision, executed, options);
    if (options.kind === 'tool' || options.kind === 'gate') {
      this.endOpenings(findOpeningsToEnd(this.state, event, policy));
      const target = findTarget(event, policy, options.cause);
      if (target !== null) this.append('exit_target', target);
    }
    if (options.kind === 'tool' || options.kind === 'slice') {
      const action = decision.effective?.action;
      if (action === 'amend' || (action === 'open' && event.orders.length > 0)) this.sends.note();
    }
    const orders = event.orders.map((planned) => this.state.orders.all.get(planned.client_order_id)!);
    return { decision: executed, event, orders };
  }

  /** With what the limit of the exchange leaves to agents. */
  #inputsOfSends(): LiveInputs {
    const inputs = this.inputs();
    const waitMs = this.sends.waitMs('other');
    return waitMs === 0 ? inputs : { ...inputs, venueSendsFreeAtMs: inputs.nowMs + Math.ceil(waitMs) };
  }

  #record(
    request: ExecutionRequest,
    context: ExecutionContext,
    decision: ExecutionDecision,
    executed: ExecutionDecision,
    options: TakeOptions,
  ): DecisionEvent {
    const seq = this.#seq + 1;
    const orders = options.plan(executed, seq);
    const asked = { request, policy: this.policy(request.agent), nowMs: this.#clock.nowMs, words: NO_WORDS };
    const authority = options.kind === 'tool' ? planAuthority(asked, decision, orders) : null;
    const event: DecisionEvent = {
      agent: request.agent,
      ...(authority === null ? {} : { authority }),
      body_hash: null,
      context,
      decision: buildBody(decision, {
        agent: request.agent,
        at_ms: this.#clock.nowMs,
        context_hash: '',
        decision_id: decisionId(this.ids, seq),
        kind: options.kind,
        policy_hash: this.policy(request.agent).hash,
        request_id: null,
        seq,
        symbol: request.symbol,
        tool: request.tool,
      }),
      market_seq: this.state.marketSeq,
      orders,
      parent_decision_id: options.parentDecisionId,
      request,
      route: request.tool,
      state_seq: this.state.stateSeq,
      texts: {},
    };
    this.append('decision', event);
    return event;
  }

  /** Records the end of what an exit, or a stop, would otherwise see opened again; cancels are sent later. */
  endOpenings({ slices, openings }: OpeningsToEnd): void {
    for (const order of slices) this.endUnsent(order, SLICE_DROPPED);
    for (const order of openings) if (!order.cancelRequested) this.noteCancel(order, OPENING_ENDED);
  }

  #decide(request: ExecutionRequest, context: ExecutionContext, policy: CompiledPolicy): ExecutionDecision {
    this.decisions += 1;
    if (this.decisions % TIMED_EVERY !== 0) return decide(request, context, policy);
    const startedAt = process.hrtime.bigint();
    const decision = decide(request, context, policy);
    this.timedNs += Number(process.hrtime.bigint() - startedAt);
    this.timed += 1;
    return decision;
  }

  // --- what becomes known of an order ------------------------------------------------------------------------------

  /** The exchange shows it; `averagePrice`: of all that was executed, USDT. */
  show(order: OrderState, status: OrderEvent['status'], executedE8: number, averagePrice: number | null): void {
    const word = this.#wordOn(order, status, null, 'shown');
    word.average_price = averagePrice;
    word.executed_e8 = executedE8;
    // It was filled before that was told, and before the account is read.
    if (executedE8 > order.executedE8) word.venue_at_ms -= FILLED_BEFORE_MS;
    word.venue_order_id = order.clientOrderId;
    this.append('order', word);
  }
  /** The exchange did not take it. */
  refuse(order: OrderState, { cause, message }: Rejection): void {
    const word = this.#wordOn(order, 'rejected', message, 'answer');
    word.retryable = rowOf(cause).retryable;
    this.append('order', word);
  }
  /** The gate ends what it has not sent. */
  endUnsent(order: OrderState, detail: string): void {
    this.append('order', this.#wordOn(order, 'canceled', detail, 'unsent'));
  }
  /** Its cancel is asked for. */
  noteCancel(order: OrderState, reason: string): void {
    this.hasCancels = true;
    this.append('order_intent', {
      action: 'cancel',
      client_order_id: order.clientOrderId,
      price_e8: null,
      quantity_e8: null,
      reason,
    });
  }

  #wordOn(
    order: OrderState,
    status: OrderEvent['status'],
    detail: string | null,
    kind: 'shown' | 'answer' | 'unsent',
  ): Draft<OrderEvent> {
    return {
      average_price: null,
      client_order_id: order.clientOrderId,
      detail,
      evidence: { asked_seq: this.#seq, kind },
      executed_e8: order.executedE8,
      foreign: null,
      retryable: false,
      status,
      venue_at_ms: this.#clock.nowMs,
      venue_order_id: order.venueOrderId,
    };
  }
}
