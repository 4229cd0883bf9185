import type { ExecutionRequest } from '../../core/request.ts';
import type { Decided } from '../../engine/decide/decided.ts';
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
import { isPlanned, isTerminal, type OrderState } from '../../engine/orders/orders.ts';
import { parentAsk } from '../../engine/readings/inputs.ts';
import type { OrderInstruction, SubmitOutcome, VenueOrder } from '../../engine/records/venue.ts';
import { isAtVenue } from '../../engine/tables/status.ts';
import { type Answered, FILLED_BEFORE_MS, type Fill, type ReplayVenue } from '../exchange/venue.ts';
import type { MarketClock } from '../market/walk/clock.ts';
import type { ReplayCore, ReplayHooks } from './core.ts';

/** What the driver asks of an exchange, and hears of it. */
export interface DrivenVenue extends Pick<ReplayVenue, 'submitStop' | 'amend' | 'cancel' | 'setLeverage' | 'onReport'> {
  submit(sent: OrderInstruction): Answered;
}
export interface DriverParts {
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
const DONE: SubmitOutcome = { kind: 'accepted', order: null };

/**
 * Drives the engine on the exchange of a replay: does what it asks for at once, and tells it what came of it. Everything is on disk as soon as it is asked whether it is, so that what
 * one turn has begun goes out when the turn is over. It decides nothing.
 */
export class ReplayDriver {
  readonly core: ReplayCore;
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
  /** Records up to which everything of resting exits that could go out has gone. */
  #settledActs = -1;
  /** How many waits are not over, of later slices nearly all. */
  waiting = 0;

  constructor(createCore: (hooks: ReplayHooks) => ReplayCore, parts: DriverParts) {
    this.#parts = parts;
    const core = createCore({
      begin: (flow) => this.begin(flow),
      isUnsent: (order) => this.engine.sender.isUnsent(order),
    });
    this.core = core;
    this.engine = composeEngine(core, {
      feeds: { resyncClock: nothing, reloadRules: nothing, refreshAccount: nothing, fetchTrades: nothing },
      wakeExitsAt: (atMs) => this.#wakeExitsAt(atMs),
      readBeside: () => nowKnown(true),
    });
    parts.venue.onReport = (report, fill) => {
      this.#adopt(report);
      if (fill !== null) this.#recordTrade(this.#known(report.clientOrderId), fill);
    };
  }

  // --- what is asked for -------------------------------------------------------------------------------------------

  /** A request of an agent is decided. */
  decide(
    request: ExecutionRequest,
    schemaViolation: string | null,
    target: OrderState | null,
  ): Decided & {
    readonly acted: ReturnType<typeof consider>['acted'];
  } {
    const ask = parentAsk(this.core.settings);
    ask.schemaViolation = schemaViolation;
    ask.own = request.intent === 'modify' ? target : null;
    ask.target = target;
    const considered = consider(this.core, request, ask);
    const decided = recordDecision(this.core, considered, {
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
      if (this.#exitsAtMs > this.core.nowMs()) return;
      this.#exitsAtMs = Number.POSITIVE_INFINITY;
      this.engine.exits.tick();
    }
  }

  /** In every round, as in the daemon: what a reading has shown is followed. */
  tickExits(): void {
    const { open } = this.core.state.claims;
    const isAsLeft = open.size === 0 || this.core.acts === this.#settledActs;
    if (!isAsLeft || this.isExiting) this.engine.exits.tick();
    this.settle();
    this.#settledActs = this.core.acts;
  }

  /** An exit is under way, or one that is to rest does not: both may wait for what a reading shows. */
  get isExiting(): boolean {
    for (const claim of this.core.state.claims.open) if (claim.wants === 'now' || !isLive(claim)) return true;
    return false;
  }

  /** What was asked for by `later` is due. */
  wake(due: Due): void {
    this.core.readRules();
    if (due.kind === 'wait') {
      this.waiting -= 1;
      this.#answer(due.id, undefined);
    }
    this.settle();
  }
  #wakeExitsAt(atMs: number): void {
    if (atMs >= this.#exitsAtMs) return;
    this.#exitsAtMs = atMs;
    if (atMs > this.core.nowMs()) this.#parts.later(atMs, { kind: 'exits' });
  }

  // --- effects -----------------------------------------------------------------------------------------------------

  #answer(id: number, answer: Answer): void {
    this.#queue.push(...this.#flows.step({ in: 'answered', id, answer }));
  }

  #perform(effect: Effect, id: number): void {
    const { clock, later, venue } = this.#parts;
    switch (effect.fx) {
      case 'disk':
      case 'nextTurn':
        this.#answer(id, undefined);
        return;
      // Rare here: that it is over is seen when the time is.
      case 'waitFor':
      case 'wait': {
        this.waiting += 1;
        later(clock.nowMs + effect.ms, { kind: 'wait', id });
        return;
      }
      case 'submit':
        this.#answerOrder(id, this.#known(effect.order.clientOrderId), venue.submit(effect.order));
        return;
      case 'submitStop':
        this.#answer(id, venue.submitStop(effect.order));
        return;
      case 'amend':
        this.#answerOrder(id, this.#known(effect.order.clientOrderId), venue.amend(effect.order));
        return;
      case 'cancel':
        this.#answer(id, venue.cancel(effect.key.clientOrderId, effect.key.kind));
        return;
      case 'setLeverage':
        venue.setLeverage(effect.symbol, effect.leverage);
        this.#answer(id, DONE);
        return;
      case 'lookUp':
      case 'call':
        throw new Error(`${effect.fx}: the exchange of a replay has told everything`);
    }
  }

  /** In its turn: what it was told first, then what it has filled. */
  #answerOrder(id: number, order: OrderState, { fill, outcome }: Answered): void {
    if (this.#isOpening(order, outcome)) this.#parts.onOpening(order);
    this.#answer(id, outcome);
    if (fill !== null) this.#recordTrade(order, fill);
  }
  #isOpening({ reduceOnly }: OrderState, outcome: SubmitOutcome): boolean {
    return !reduceOnly && outcome.kind === 'accepted' && outcome.order !== null && isAtVenue(outcome.order);
  }

  #recordTrade(order: OrderState, { feeUsdt, isMaker, lots, price }: Fill): void {
    const { clock } = this.#parts;
    this.core.append('trade', {
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

  #adopt(report: VenueOrder): void {
    const { proof } = this.engine;
    proof.adopt(this.#known(report.clientOrderId), report, proof.ask());
  }

  /** The exchange takes everything. */
  endAll(): void {
    for (const order of [...this.core.state.orders.live.values()].flatMap((orders) => [...orders])) {
      if (isPlanned(order)) this.engine.proof.end(order, 'the account was liquidated');
      else if (!isTerminal(order)) {
        const outcome = this.#parts.venue.cancel(order.clientOrderId, order.kind);
        if (outcome.kind === 'canceled' && outcome.order !== null) this.#adopt(outcome.order);
      }
    }
    this.settle();
  }

  #known(id: string): OrderState {
    const order = this.core.state.orders.all.get(id);
    if (order === undefined) throw new Error(`the exchange tells of an unknown order ${id}`);
    return order;
  }
}
