import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { ExecutionContext } from '../../core/context.ts';
import { decide } from '../../core/decide.ts';
import type { ExecutionDecision } from '../../core/decision.ts';
import { classifyFeatures, highestRegime } from '../../core/features/market.ts';
import type { MarketSection, Regime } from '../../core/policy.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { shadowDecision } from '../../core/shadow.ts';
import type { DecisionKind } from '../../gate/api.ts';
import type { DecisionEvent, GateEvents, OrderEvent, PlannedOrder } from '../../gate/events.ts';
import type { SymbolRules } from '../../gate/ports.ts';
import { GATE_AGENT } from '../../gate/review.ts';
import { type Ask, buildContext, type LiveInputs, type SymbolInputs } from '../../gate/snapshot.ts';
import { GateState } from '../../gate/state/gate-state.ts';
import type { OrderState } from '../../gate/state/orders.ts';
import type { MarketTrack } from '../market/track.ts';
import type { ReplayAccount } from './account.ts';
import type { MarketClock } from './clock.ts';
import { HALF_SPREAD_BPS } from './fill-model.ts';
import { ACCOUNT, VENUE } from './intake.ts';
import { toSymbolRules } from './rules.ts';

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

/** A decision of the replay, folded into the gate's views. */
export interface Taken {
  readonly decision: ExecutionDecision;
  readonly event: DecisionEvent;
  readonly orders: readonly OrderState[];
}
export interface TakeOptions {
  readonly kind: DecisionKind;
  readonly parentDecisionId: string | null;
  readonly plan: (decision: ExecutionDecision, context: ExecutionContext, id: string) => readonly PlannedOrder[];
  readonly skipUnless?: (decision: ExecutionDecision) => boolean;
}

/** How often, and at what spacing, a feed reads the account until a difference is believed. */
const LIQUIDATION_READS = 4;
const LIQUIDATION_READ_EVERY_MS = 4_000;
const RULES_EVERY_MS = 1_800_000;
const NO_POSITIONS: GateEvents['account']['positions'] = [];
/** Every how many decisions one is timed. */
const TIMED_EVERY = 16;

/**
 * The production gate on replayed inputs: its own views (`GateState`), its own reduced view (`buildContext`) and its
 * own `decide`, fed with the events that the daemon would have appended. Only clock, feeds and venue are the replay's
 * (SAE-SAME-CODE).
 */
export class GateDoor {
  readonly state = new GateState();
  readonly #clock: MarketClock;
  readonly #track: MarketTrack;
  readonly #account: ReplayAccount;
  readonly #policies: ReadonlyMap<string, CompiledPolicy>;
  readonly #market: MarketSection;
  readonly #inputs = new Map<string, SymbolInputs>();
  readonly #inputStep: Float64Array;
  #inputBarMs = Number.NaN;
  #seq = 0;
  /** Leverage of every symbol as last told; the same object until one changes. */
  #leverage: Readonly<Record<string, number>> = {};
  readonly #toldLeverage: Float64Array;
  #rulesAtMs = 0;
  #sampledAtMs = Number.NEGATIVE_INFINITY;
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
    this.#track = track;
    this.#account = account;
    this.#policies = policies;
    this.#market = this.policy(GATE_AGENT).spec.market;
    this.#inputStep = new Float64Array(clock.market.symbols.length).fill(-1);
    this.#toldLeverage = new Float64Array(clock.market.symbols.length);
    this.#refreshRules();
  }

  policy(agent: string): CompiledPolicy {
    const policy = this.#policies.get(agent);
    if (policy === undefined) throw new RangeError(`no policy was compiled for agent ${agent}`);
    return policy;
  }

  append<K extends keyof GateEvents>(kind: K, payload: GateEvents[K]): number {
    this.#seq += 1;
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
      symbols: this.#inputs,
    };
  }

  heldRegime(symbol: number): Regime {
    const clock = this.#clock;
    const bar = clock.barIndex[symbol]!;
    if (bar < 0) return this.#inputs.get(clock.market.symbols[symbol]!)?.heldRegime ?? 'extreme';
    return this.#track.held(symbol, bar, clock.lowFirst[symbol]!, clock.step);
  }

  inputs(): LiveInputs {
    const clock = this.#clock;
    if (clock.nowMs - this.#rulesAtMs >= RULES_EVERY_MS) this.#refreshRules();
    // A bar opens at the very instant at which the one before it has ended.
    if (this.#inputBarMs !== clock.barOpenMs) this.#inputStep.fill(-1);
    this.#inputBarMs = clock.barOpenMs;
    for (let i = 0; i < clock.market.symbols.length; i++) this.#refresh(i);
    return this.accountInputs();
  }

  #refresh(symbol: number): void {
    const clock = this.#clock;
    const at = clock.nowMs;
    if (this.#inputStep[symbol] === at) return;
    this.#inputStep[symbol] = at;
    const name = clock.market.symbols[symbol]!;
    if (!clock.isLive(symbol)) {
      // In a gap the last mark stands and ages; funding is settled and known all the same.
      const last = this.#inputs.get(name);
      if (last === undefined) return;
      const fundingRate8h = this.#track.fundingRate8h(symbol, at);
      const raw =
        last.features === null ? last.heldRegime : classifyFeatures(last.features, fundingRate8h, this.#market).regime;
      const heldRegime = highestRegime(last.heldRegime, raw);
      this.#inputs.set(name, {
        mark: clock.marks[symbol]!,
        markAtMs: last.markAtMs,
        bid: last.bid,
        ask: last.ask,
        quoteAtMs: last.quoteAtMs,
        fundingRate8h,
        fundingAtMs: at,
        features: last.features,
        heldRegime,
      });
      return;
    }
    const mark = clock.marks[symbol]!;
    const half = Math.max(1, Math.round((clock.markTicks[symbol]! * HALF_SPREAD_BPS) / 1e4));
    const bar = clock.barIndex[symbol]!;
    this.#inputs.set(name, {
      mark,
      // A live symbol's mark and book are as fresh as the feeds keep them.
      markAtMs: at,
      bid: clock.priceOf(symbol, clock.markTicks[symbol]! - half),
      ask: clock.priceOf(symbol, clock.markTicks[symbol]! + half),
      quoteAtMs: at,
      fundingRate8h: this.#track.fundingRate8h(symbol, at),
      fundingAtMs: at,
      features: this.#track.live(symbol, bar, mark),
      heldRegime: this.#track.held(symbol, bar, clock.lowFirst[symbol]!, clock.step),
    });
  }

  /** The account as a feed would have read it now; false: it was read at this instant already. */
  sampleAccount(force = false): boolean {
    const clock = this.#clock;
    if (!force && clock.nowMs <= this.#sampledAtMs) return false;
    this.#sampledAtMs = clock.nowMs;
    this.samples += 1;
    const account = this.#account;
    const equity = account.equityUsdt();
    const maintenance = account.totalMaintenanceUsdt();
    const initialMargin = account.initialMarginUsdt();
    this.append('account', {
      available_usdt: equity - initialMargin,
      initial_margin_usdt: initialMargin,
      leverage: this.#readLeverage(),
      maintenance_margin_usdt: maintenance,
      margin_balance_usdt: equity,
      margin_ratio: marginRatio(maintenance, equity),
      positions: account.held === 0 ? NO_POSITIONS : this.#readPositions(),
      requested_at_ms: clock.nowMs,
      wallet_usdt: account.walletUsdt,
    });
    return true;
  }

  #readPositions(): GateEvents['account']['positions'] {
    const clock = this.#clock;
    const account = this.#account;
    const positions: GateEvents['account']['positions'][number][] = [];
    for (let i = 0; i < clock.market.symbols.length; i++) {
      const lots = account.lots(i);
      if (lots === 0) continue;
      positions.push({
        entry_price: account.entryPrice(i),
        liquidation_price: account.liquidationPrice(i),
        lots,
        maintenance_margin_usdt: account.maintenanceUsdt(i),
        mark_price: clock.marks[i]!,
        symbol: clock.market.symbols[i]!,
        unrealised_pnl_usdt: account.unrealisedUsdt(i),
        updated_at_ms: clock.nowMs,
      });
    }
    return positions;
  }

  #readLeverage(): Readonly<Record<string, number>> {
    const { symbols } = this.#clock.market;
    const told = this.#toldLeverage;
    let isNew = false;
    for (let i = 0; i < told.length; i++) {
      const leverage = this.#account.leverage(i);
      if (told[i] === leverage) continue;
      told[i] = leverage;
      isNew = true;
    }
    if (isNew) this.#leverage = Object.fromEntries(symbols.map((symbol, i) => [symbol, told[i]!]));
    return this.#leverage;
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

  /** Snapshot, decide and fold, as `takeDecision` does in the daemon. */
  take(request: ExecutionRequest, ask: Ask, options: TakeOptions): Taken | null {
    const policy = this.policy(request.agent);
    const context = buildContext(this.state, this.inputs(), request, policy, ask);
    const decision = this.#decide(request, context, policy);
    if (options.skipUnless !== undefined && !options.skipUnless(decision)) return null;
    const seq = this.#seq + 1;
    const id = `d-replay-${seq.toString(36)}`;
    const executed = policy.spec.mode === 'shadow' ? shadowDecision(decision, request, context, policy) : decision;
    const event: DecisionEvent = {
      agent: request.agent,
      body_hash: null,
      context,
      decision: {
        agent: request.agent,
        at_ms: this.#clock.nowMs,
        binding: true,
        budget: decision.budget,
        condition_reducing: decision.condition_reducing,
        constraints: decision.constraints,
        context_hash: '',
        decision: decision.decision,
        decision_id: id,
        effective: decision.effective,
        enforced: decision.enforced,
        kind: options.kind,
        policy_hash: policy.hash,
        reasons: decision.reasons,
        request_id: null,
        retry_after_ms: decision.retry_after_ms,
        seq,
        symbol: request.symbol,
        tool: request.tool,
        verdicts: decision.verdicts,
      },
      market_seq: this.state.marketSeq,
      orders: options.plan(executed, context, seq.toString(36)),
      parent_decision_id: options.parentDecisionId,
      request,
      route: request.tool,
      state_seq: this.state.stateSeq,
      texts: {},
    };
    this.append('decision', event);
    const orders = event.orders.map((planned) => this.state.orders.all.get(planned.client_order_id)!);
    return { decision: executed, event, orders };
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

  /** What became known of an order. */
  report(order: OrderState, status: OrderEvent['status'], executedLots: number, price: number | null): void {
    this.append('order', {
      average_price: price,
      client_order_id: order.clientOrderId,
      detail: null,
      executed_lots: executedLots,
      foreign: null,
      retryable: false,
      status,
      venue_at_ms: this.#clock.nowMs,
      venue_order_id: order.clientOrderId,
    });
  }
}

export function marginRatio(maintenance: number, equity: number): number {
  if (maintenance === 0) return 0;
  return equity <= 0 ? 1 : maintenance / equity;
}

/** Rung and slice orders of a permitted decision. */
export function planOrders(
  decision: ExecutionDecision,
  request: ExecutionRequest,
  rules: SymbolRules,
  id: string,
  waitMs: number,
): readonly PlannedOrder[] {
  const { effective } = decision;
  if (decision.decision === 'BLOCK' || effective === null || request.symbol === null) return [];
  if (effective.action !== 'open' && effective.action !== 'exit') return [];
  const symbol = request.symbol;
  return decision.constraints.staging_plan.map((slice) => ({
    client_order_id: `hfreplay${id}-${slice.slice}-0`,
    delay_ms: effective.action === 'exit' ? waitMs : slice.delay_ms,
    kind: 'regular',
    leverage: effective.leverage ?? 1,
    lots: Math.round((Number(slice.quantity) * rules.lotScale) / rules.lotMantissa),
    order_type: effective.order_type,
    price_ticks: effective.price_ticks,
    protective: false,
    reduce_only: effective.reduce_only,
    side: effective.side,
    slice: slice.slice,
    symbol,
    time_in_force: effective.time_in_force,
    trigger_ticks: null,
  }));
}
