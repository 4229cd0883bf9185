// biome-ignore-all lint/style/noExcessiveLinesPerFile: every answer of the exchange shares the private state of the others

import type { ExecutionRequest } from '../../core/request.ts';
import type { Decided } from '../../engine/decide/decided.ts';
import { endedEvent } from '../../engine/decide/order-records.ts';
import { consider, recordDecision } from '../../engine/decide/take-decision.ts';
import type { Answer, Effect, Flow, Started, VenueKey } from '../../engine/flow/effects.ts';
import { Engine, type Request } from '../../engine/flow/step.ts';
import { composeEngine, type EngineParts } from '../../engine/guard/compose.ts';
import { isLive } from '../../engine/orders/claims.ts';
import { isPlanned, isTerminal, type OrderState } from '../../engine/orders/orders.ts';
import { parentAsk } from '../../engine/readings/inputs.ts';
import type { CancelOutcome, SubmitOutcome } from '../../engine/records/venue.ts';
import type { ScopeJudge } from '../facts/judging.ts';
import type { ReplayAccount } from './account.ts';
import type { MarketClock } from './clock.ts';
import type { ReplayCore, ReplayHooks } from './core.ts';
import { ExchangeNotes, FILLED_BEFORE_MS, reportOf } from './exchange-notes.ts';
import type { InstantMarks } from './instant-marks.ts';
import { PLACE } from './intake.ts';
import type { Asked, RunTally } from './tally.ts';
import type { Fill, Placement, ReplayVenue } from './venue.ts';

export interface DriverParts {
  readonly exchange: ReplayVenue;
  readonly account: ReplayAccount;
  readonly clock: MarketClock;
  readonly judge: ScopeJudge;
  readonly tally: RunTally;
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
 * Drives the engine on the exchange of a replay: does what it asks for at once, tells it what came of it, and tells the
 * judge and the counts what the exchange has done. Everything is on disk as soon as it is asked whether it is, so that what
 * one turn has begun goes out when the turn is over. It decides nothing.
 */
export class ReplayDriver {
  readonly core: ReplayCore;
  readonly engine: EngineParts;
  readonly #notes: ExchangeNotes;
  readonly #parts: DriverParts;
  readonly #flows = new Engine({
    onRequests: () => this.#queue.push(...this.#flows.take()),
    onUnheard: (error) => {
      throw error;
    },
  });
  readonly #index: ReadonlyMap<string, number>;
  /** By decision: whose ask it carries out; of an amended order by its id: its amender's, whose doing its fills are now. */
  readonly #asks = new Map<string, Asked>();
  /** Who has asked last to change an order, or to cancel it. */
  readonly #amenders = new Map<string, Asked>();
  #queue: Request[] = [];
  #exitsAtMs = Number.POSITIVE_INFINITY;
  /** Records up to which everything of resting exits that could go out has gone. */
  #settledActs = -1;
  /** What the exchange has taken of orders, amends and cancels so far. */
  changes = 0;
  /** How many waits are not over, of later slices nearly all. */
  waiting = 0;

  constructor(createCore: (hooks: ReplayHooks) => ReplayCore, parts: DriverParts) {
    const { clock, exchange } = parts;
    this.#parts = parts;
    this.#index = new Map(clock.market.symbols.map((symbol, i) => [symbol, i]));
    const core = createCore({
      begin: (flow) => this.begin(flow),
      isUnsent: (order) => this.engine.sender.isUnsent(order),
    });
    this.core = core;
    this.#notes = new ExchangeNotes(core, parts);
    this.engine = composeEngine(core, {
      feeds: { resyncClock: nothing, reloadRules: nothing, refreshAccount: nothing, fetchTrades: nothing },
      wakeExitsAt: (atMs) => this.#wakeExitsAt(atMs),
    });
    exchange.onFill = ({ id }, fill, isEnded) => this.#show(this.#known(id), fill, !isEnded);
    exchange.onExpired = ({ id }) => this.#showEnd(this.#known(id), 'expired');
    exchange.onStop = ({ id }, fill) => this.#onStop(this.#known(id), fill);
  }

  /** As the judge is told of them. */
  get marks(): InstantMarks {
    return this.#notes.marks;
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
    const ask = parentAsk(PLACE);
    ask.schemaViolation = schemaViolation;
    ask.own = request.intent === 'modify' ? target : null;
    ask.target = target;
    const considered = consider(this.core, request, ask);
    const decided = recordDecision(this.core, considered, {
      kind: 'tool',
      route: request.tool,
      bodyHash: null,
      texts: {},
      parentDecisionId: null,
      orders: this.engine.executor.plan(considered),
    });
    return { ...decided, acted: considered.acted };
  }

  /** Acts on a permitted decision at this very instant; what is due later is queued. */
  act(decided: Decided, asked: Asked, target: OrderState | null): void {
    this.#asks.set(decided.body.decision_id, asked);
    if (target !== null) this.#amenders.set(target.clientOrderId, asked);
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
    switch (effect.fx) {
      case 'disk':
      case 'nextTurn':
        this.#answer(id, undefined);
        return;
      case 'readBeside':
        this.#answer(id, true);
        return;
      case 'wait': {
        const { clock, later } = this.#parts;
        this.waiting += 1;
        later(clock.nowMs + effect.ms, { kind: 'wait', id });
        return;
      }
      case 'submit':
        this.#submit(this.#known(effect.order.clientOrderId), id);
        return;
      case 'submitStop':
        this.#answer(id, this.#placeStop(this.#known(effect.order.clientOrderId)));
        return;
      case 'amend':
        this.#amend(this.#known(effect.order.clientOrderId), id);
        return;
      case 'cancel':
        this.#answer(id, this.#cancel(effect.key));
        return;
      case 'setLeverage':
        this.#parts.exchange.setLeverage(this.#indexOf(effect.symbol), effect.leverage);
        this.#answer(id, DONE);
        return;
      case 'lookUp':
      case 'call':
      case 'waitFor':
        throw new Error(`${effect.fx}: the exchange of a replay has told everything`);
    }
  }

  #submit(order: OrderState, id: number): void {
    const { clock, exchange, onOpening, tally } = this.#parts;
    const asked = this.#askedOf(order);
    const symbol = this.#indexOf(order.symbol);
    const { clientOrderId, priceE8, quantityE8, reduceOnly, side } = order;
    const lots = clock.grid.lots(symbol, quantityE8);
    const priceTicks = priceE8 === null ? null : clock.grid.ticks(symbol, priceE8);
    this.#notes.tellOrder(order, asked, lots, priceTicks);
    const placed = { id: clientOrderId, symbol, side, lots };
    const outcome: Placement =
      priceTicks === null
        ? exchange.close(placed)
        : exchange.place(
            { ...placed, filled: 0, priceTicks, reduceOnly, leverage: order.leverage },
            order.timeInForce !== 'GTC',
          );
    if (outcome.kind === 'rejected') {
      this.#parts.judge.orderEnded(clientOrderId, clock.nowMs);
      this.#answer(id, outcome);
      return;
    }
    this.changes += 1;
    if (outcome.rests && !reduceOnly) onOpening(order);
    if (asked !== null && outcome.rests) tally.notePassed(asked, lots);
    this.#show(order, outcome.fill, outcome.rests, id);
  }

  #placeStop(order: OrderState): SubmitOutcome {
    const { clock, exchange } = this.#parts;
    const symbol = this.#indexOf(order.symbol);
    const triggerTicks = clock.grid.ticks(symbol, order.triggerE8 ?? 0);
    this.changes += 1;
    const rejection = exchange.placeStop({ id: order.clientOrderId, symbol, side: order.side, triggerTicks });
    return rejection === null
      ? { kind: 'accepted', order: reportOf(order, { status: 'working', atMs: clock.nowMs }) }
      : { kind: 'rejected', rejection };
  }

  /** The judge hears of it before it is sent, and of the old form again when it is refused. */
  #amend(order: OrderState, id: number): void {
    const { clock, exchange, judge } = this.#parts;
    const { amend, clientOrderId } = order;
    if (amend === null) throw new Error(`order ${clientOrderId} has no recorded amend`);
    const asked = this.#amenders.get(clientOrderId);
    const symbol = this.#indexOf(order.symbol);
    const inSteps = (form: { readonly quantityE8: number; readonly priceE8: number | null }) => ({
      lots: clock.grid.lots(symbol, form.quantityE8),
      priceTicks: clock.grid.ticks(symbol, form.priceE8 ?? 0),
    });
    const tell = (form: ReturnType<typeof inSteps>): void =>
      judge.amend({
        orderId: clientOrderId,
        askId: asked?.askId ?? -1,
        atMs: clock.nowMs,
        ...form,
        marks: this.marks.now(),
      });
    const before = inSteps(order);
    const after = inSteps(amend);
    tell(after);
    const { fill, rejection } = exchange.amend(clientOrderId, after.lots, after.priceTicks);
    if (rejection !== null) {
      this.#answer(id, { kind: 'rejected', rejection });
      tell(before);
      return;
    }
    this.changes += 1;
    if (asked !== undefined) this.#asks.set(clientOrderId, asked);
    if (fill === null) this.#answer(id, DONE);
    else this.#show(order, fill, order.executedE8 + this.#notes.filledE8(order, fill) < amend.quantityE8, id, amend);
  }

  #cancel({ clientOrderId, kind }: VenueKey): CancelOutcome {
    const { clock, exchange, judge } = this.#parts;
    const isDone = kind === 'algo' ? exchange.cancelStop(clientOrderId) : exchange.cancel(clientOrderId);
    if (!isDone) return { kind: 'unknown', detail: 'it is not there' };
    this.changes += 1;
    judge.orderEnded(clientOrderId, clock.nowMs);
    const order = this.#known(clientOrderId);
    return { kind: 'canceled', order: reportOf(order, { status: 'canceled', atMs: clock.nowMs }) };
  }

  // --- what the exchange does --------------------------------------------------------------------------------------

  /**
   * The exchange has filled some of it, or taken it. `id`: in answer to that request; absent: by itself. `form`: the form of
   * an amend that it has taken.
   */
  #show(
    order: OrderState,
    fill: Fill | null,
    rests: boolean,
    id: number | null = null,
    form: { readonly quantityE8: number; readonly priceE8: number | null } = order,
  ): void {
    const { clock, judge } = this.#parts;
    const filledE8 = fill === null ? 0 : this.#notes.filledE8(order, fill);
    const executedE8 = order.executedE8 + filledE8;
    const isWhole = executedE8 >= form.quantityE8;
    const paid = order.tradedUsdtE8 + (fill === null ? 0 : filledE8 * fill.price);
    const report = reportOf(order, {
      status: rests ? (executedE8 > 0 ? 'partially_filled' : 'working') : isWhole ? 'filled' : 'expired',
      executedE8,
      averagePrice: executedE8 === 0 ? null : paid / executedE8,
      // It was filled before that was told, and before the account is read.
      atMs: clock.nowMs - (filledE8 > 0 ? FILLED_BEFORE_MS : 0),
      quantityE8: form.quantityE8,
      priceE8: form.priceE8,
    });
    const traded =
      fill === null ? null : this.#notes.noteFill(order, fill, order.protective ? null : this.#askedOf(order));
    if (id === null) this.engine.sender.adopt(order, report, this.engine.sender.proof.ask());
    else this.#answer(id, { kind: 'accepted', order: report });
    traded?.();
    if (!rests) judge.orderEnded(order.clientOrderId, clock.nowMs);
  }

  #onStop(order: OrderState, fill: Fill | null): void {
    if (fill === null) {
      this.#showEnd(order, 'expired');
      return;
    }
    const { clock, judge } = this.#parts;
    this.#notes.tellOrder(order, null, fill.lots, null);
    const executedE8 = this.#notes.filledE8(order, fill);
    const atMs = clock.nowMs - FILLED_BEFORE_MS;
    const report = reportOf(order, { status: 'filled', executedE8, averagePrice: fill.price, atMs });
    const traded = this.#notes.noteFill(order, fill, order.protective ? null : this.#askedOf(order));
    this.engine.sender.adopt(order, report, this.engine.sender.proof.ask());
    traded();
    judge.orderEnded(order.clientOrderId, clock.nowMs);
  }

  /** The order fills no more. */
  #showEnd(order: OrderState, status: 'canceled' | 'expired'): void {
    const { clock, judge } = this.#parts;
    this.engine.sender.adopt(order, reportOf(order, { status, atMs: clock.nowMs }), this.engine.sender.proof.ask());
    judge.orderEnded(order.clientOrderId, clock.nowMs);
  }

  /** The exchange has taken everything. */
  endAll(orders: Iterable<OrderState>): void {
    for (const order of [...orders])
      if (isPlanned(order))
        this.engine.sender.record(order, endedEvent(this.core, order, 'canceled', 'the account was liquidated'));
      else if (!isTerminal(order)) this.#showEnd(order, 'canceled');
  }

  /** Whose ask an order carries out: its amender's, its decision's, or that of the exit that it works for. */
  #askedOf(order: OrderState): Asked | null {
    const { claims } = this.core.state;
    return (
      this.#asks.get(order.clientOrderId) ??
      this.#asks.get(claims.of(order)?.decisionId ?? '') ??
      this.#asks.get(order.decisionId ?? '') ??
      null
    );
  }

  #known(id: string): OrderState {
    const order = this.core.state.orders.all.get(id);
    if (order === undefined) throw new Error(`the exchange tells of an unknown order ${id}`);
    return order;
  }
  #indexOf(symbol: string): number {
    return this.#index.get(symbol)!;
  }
}
