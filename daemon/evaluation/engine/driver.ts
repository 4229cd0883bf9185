import type { CompiledPolicy } from '../../core/compiled-policy.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { Considered, Decided } from '../../engine/decide/decided.ts';
import { consider, recordDecision } from '../../engine/decide/take-decision.ts';
import {
  type Answer,
  type Effect,
  Engine,
  type Flow,
  nowKnown,
  type Request,
  type Started,
} from '../../engine/flow/step.ts';
import { composeEngine, type EngineParts } from '../../engine/guard/compose.ts';
import { isLive } from '../../engine/orders/claims.ts';
import { everyLiveOrder, isPlanned, type OrderState } from '../../engine/orders/orders.ts';
import { parentAsk } from '../../engine/plan/orders.ts';
import type { CancelOutcome, VenueOrder } from '../../engine/records/venue.ts';
import { isAtVenue } from '../../engine/tables/status.ts';
import type { DrivenVenue } from '../exchange/exchange.ts';
import type { ReplayFeeds } from '../exchange/feeds.ts';
import { type Answered, FILLED_BEFORE_MS, type Fill } from '../exchange/orders.ts';
import type { MarketClock } from '../market/walk/clock.ts';
import { ReplayCore } from './core.ts';

export interface DriverParts {
  readonly feeds: ReplayFeeds;
  readonly venue: DrivenVenue;
  readonly clock: MarketClock;
  /** Has {@link ReplayDriver.wake} called then. */
  readonly later: (atMs: number, due: Due) => void;
  /** What opens waits to be sent, or has come to rest: its time runs. */
  readonly onOpening: (order: OrderState) => void;
}
/** What a flow, or the exits, wait for. */
export type Due = { readonly kind: 'wait'; readonly id: number } | { readonly kind: 'exits' };

const nothing = (): void => undefined;

/**
 * Drives the engine on the exchange of a replay: does what it asks for at once, and tells it what came of it. Everything is
 * on disk as soon as it is asked whether it is, so that what one turn has begun goes out when the turn is over. It decides
 * nothing.
 */
export class ReplayDriver extends ReplayCore {
  readonly engine: EngineParts;
  readonly #parts: DriverParts;
  readonly #flows = new Engine({
    onRequests: () => this.#queue.push(...this.#flows.take()),
    onUnheard: (error) => {
      throw error;
    },
  });
  #queue: Request[] = [];
  #exitsAtMs = Number.POSITIVE_INFINITY;
  /** How many waits are not over, of later slices nearly all. */
  waiting = 0;

  constructor(policies: ReadonlyMap<string, CompiledPolicy>, parts: DriverParts) {
    super(policies, parts.feeds);
    this.#parts = parts;
    this.feeds.recordRules(this);
    this.engine = composeEngine(this, {
      feeds: { resyncClock: nothing, reloadRules: nothing, refreshAccount: nothing, fetchTrades: nothing },
      wakeExitsAt: (atMs) => this.#wakeExitsAt(atMs),
      readBeside: () => nowKnown(true),
    });
    parts.venue.onReport = (report, fill) => this.#noteReport(report, fill);
  }

  readonly isUnsent = (order: OrderState): boolean => this.engine.sender.isUnsent(order);

  /** A request of an agent is decided. */
  ask(
    request: ExecutionRequest,
    schemaViolation: string | null,
    target: OrderState | null,
  ): Decided & Pick<Considered, 'acted'> {
    const ask = parentAsk(this.settings);
    ask.schemaViolation = schemaViolation;
    ask.own = request.intent === 'modify' ? target : null;
    ask.target = target;
    const considered = consider(this, request, ask);
    const decided = recordDecision(this, considered, {
      kind: 'tool',
      route: request.tool,
      orders: this.engine.executor.plan(considered),
    });
    return { ...decided, acted: considered.acted };
  }

  /** Acts on a permitted decision at this very instant; what is due later is queued. */
  act(decided: Decided, target: OrderState | null): void {
    this.engine.executor.noteCancel(decided);
    this.begin(this.engine.executor.act(decided, target));
    this.settle();
    for (const { client_order_id: id } of decided.event.orders) {
      const order = this.#known(id);
      if (isPlanned(order) && !order.reduceOnly) this.#parts.onOpening(order);
    }
  }

  /** All that it asks for is done when {@link settle} was called. */
  begin<R>(flow: Flow<R>): Started<R> {
    const started = this.#flows.begin(flow);
    this.#queue.push(...this.#flows.take());
    return started.onEnd((end) => {
      if (end.kind === 'failed') throw end.error;
    });
  }

  /** Everything that may go out now does, with all that follows from it at this instant. */
  settle(): void {
    for (;;) {
      const due = this.#queue;
      this.#queue = [];
      for (const { effect, id } of due) this.#perform(effect, id);
      if (this.#queue.length > 0) continue;
      if (this.#exitsAtMs > this.nowMs()) return;
      this.#exitsAtMs = Number.POSITIVE_INFINITY;
      this.engine.exits.tick();
    }
  }

  /** An exit is under way, or one that is to rest does not: both may wait for what a reading shows. */
  get isExiting(): boolean {
    for (const claim of this.state.claims.open) if (claim.wants === 'now' || !isLive(claim)) return true;
    return false;
  }

  /** What was asked for by `later` is due. */
  wake(due: Due): void {
    if (due.kind === 'wait') {
      this.waiting -= 1;
      this.#answer(due.id, undefined);
    }
    this.settle();
  }
  #wakeExitsAt(atMs: number): void {
    if (atMs >= this.#exitsAtMs) return;
    this.#exitsAtMs = atMs;
    if (atMs > this.nowMs()) this.#parts.later(atMs, { kind: 'exits' });
  }

  #answer(id: number, answer: Answer): void {
    this.#queue.push(...this.#flows.step({ in: 'answered', id, answer }));
  }

  #perform(effect: Effect, id: number): void {
    // Rare of the latter: that it is over is seen when the time is.
    if (effect.fx === 'wait' || effect.fx === 'waitFor') {
      this.waiting += 1;
      this.#parts.later(this.nowMs() + effect.ms, { kind: 'wait', id });
      return;
    }
    const { fill, outcome } = this.#do(effect);
    const report = outcome?.kind === 'accepted' ? outcome.order : null;
    const order = report === null ? null : this.#known(report.clientOrderId);
    if (order?.reduceOnly === false && report !== null && isAtVenue(report)) this.#parts.onOpening(order);
    // What it was told first, then what it has filled.
    this.#answer(id, outcome);
    if (order !== null && fill !== null) this.#recordTrade(order, fill);
  }

  #do(effect: Effect): Pick<Answered, 'fill'> & { readonly outcome: Answered['outcome'] | CancelOutcome | undefined } {
    const { venue } = this.#parts;
    switch (effect.fx) {
      case 'submit':
        return venue.submit(effect.order, this.#known(effect.order.clientOrderId).leverage);
      case 'amend':
        return venue.amend(effect.order);
      case 'submitStop':
        return { outcome: venue.submitStop(effect.order), fill: null };
      case 'cancel':
        return { outcome: venue.cancel(effect.key.clientOrderId, effect.key.kind), fill: null };
      case 'setLeverage':
        return { outcome: venue.setLeverage(effect.symbol, effect.leverage), fill: null };
      case 'disk':
      case 'nextTurn':
        return { outcome: undefined, fill: null };
      default:
        throw new Error(`${effect.fx}: the exchange of a replay has told everything`);
    }
  }

  #recordTrade(order: OrderState, { feeUsdt, isMaker, lots, price }: Fill): void {
    const { clock } = this.#parts;
    this.append('trade', {
      at_venue_ms: clock.nowMs - FILLED_BEFORE_MS,
      client_order_id: order.clientOrderId,
      fee_usdt: feeUsdt,
      is_maker: isMaker,
      price,
      quantity_e8: clock.grid.quantityE8(clock.market.symbols.indexOf(order.symbol), lots),
      realised_pnl_usdt: 0,
      side: order.side,
      symbol: order.symbol,
      trade_id: `${order.clientOrderId}/${order.executedE8}`,
    });
  }

  #noteReport(report: VenueOrder, fill: Fill | null): void {
    const { proof } = this.engine;
    const order = this.#known(report.clientOrderId);
    proof.adopt(order, report, proof.ask());
    if (fill !== null) this.#recordTrade(order, fill);
  }

  /** The exchange takes everything. */
  endAll(): void {
    for (const order of everyLiveOrder(this.state.orders)) {
      if (isPlanned(order)) this.engine.proof.end(order, 'the account was liquidated');
      else {
        const outcome = this.#parts.venue.cancel(order.clientOrderId, order.kind);
        if (outcome.kind === 'canceled' && outcome.order !== null) this.#noteReport(outcome.order, null);
      }
    }
    this.settle();
  }

  #known(id: string): OrderState {
    const order = this.state.orders.all.get(id);
    if (order === undefined) throw new Error(`the exchange tells of an unknown order ${id}`);
    return order;
  }
}
