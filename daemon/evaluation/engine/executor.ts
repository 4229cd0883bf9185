// biome-ignore-all lint/style/noExcessiveLinesPerFile: every step of an order shares the private state of the others
import type { ExecutionDecision } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { findSlicesBeside, OPENING_ENDED, SLICE_CANCELED } from '../../engine/claims/openings-to-end.ts';
import { isLeverageFree } from '../../engine/openings/leverage.ts';
import {
  describeRefusedSlice,
  FIRST_REJECTED,
  planSlice,
  sliceAsk,
  sliceRequest,
  stepOfSlice,
  unsentOf,
} from '../../engine/openings/slices.ts';
import {
  isInFlight,
  isPlanned,
  isResting,
  isTerminal,
  liveOrders,
  type OrderState,
} from '../../engine/orders/orders.ts';
import { planFromDecision } from '../../engine/plan/orders.ts';
import { findLoopBreaker, isCountedRefusal, RefusalLoops } from '../../engine/protect/breakers.ts';
import type { PlannedOrder } from '../../engine/records/events.ts';
import type { Rejection, SymbolRules } from '../../engine/records/venue.ts';
import type { ScopeJudge } from '../facts/judging.ts';
import { SERVED_ACCOUNT, SERVED_VENUE } from '../intents/requests.ts';
import type { ReplayAccount } from './account.ts';
import { amendOrder } from './amends.ts';
import type { MarketClock } from './clock.ts';
import type { GateDoor, Taken } from './door.ts';
import { ReplayExits } from './exits.ts';
import { FillNotes } from './fill-notes.ts';
import { InstantMarks } from './instant-marks.ts';
import { PLACE } from './intake.ts';
import type { Asked, RunTally } from './tally.ts';
import type { Fill, Placement, ReplayOrder, ReplayStop, ReplayVenue } from './venue.ts';

/** What is left to do of a permitted decision. */
export type PendingWork =
  | { readonly kind: 'slice'; readonly order: OrderState; readonly taken: Taken; readonly asked: Asked | null }
  | { readonly kind: 'exits' };

export interface ExecutorParts {
  readonly door: GateDoor;
  readonly exchange: ReplayVenue;
  readonly account: ReplayAccount;
  readonly clock: MarketClock;
  readonly judge: ScopeJudge;
  readonly tally: RunTally;
  readonly rules: ReadonlyMap<string, SymbolRules>;
  readonly later: (atMs: number, work: PendingWork) => void;
  /** What opens waits to be sent, or has come to rest: its time runs. */
  readonly onOpening: (order: OrderState) => void;
}

/**
 * Carries permitted decisions to the exchange as the engine says: slices one by one, each decided again; exits by the
 * gate's own pumps; cancels and amends at once. The exchange answers at once, so nothing is ever unknown.
 */
export class Executor {
  readonly #parts: ExecutorParts;
  readonly #asked = new Map<string, Asked | null>();
  readonly #index: ReadonlyMap<string, number>;
  readonly exits: ReplayExits;
  readonly marks: InstantMarks;
  readonly #fills: FillNotes;
  readonly #loops = new RefusalLoops();
  /** What the exchange has taken of orders, amends and cancels so far. */
  changes = 0;

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
    this.marks = new InstantMarks(parts.clock);
    this.#index = new Map(parts.clock.market.symbols.map((symbol, i) => [symbol, i]));
    this.#fills = new FillNotes({ ...parts, cancel: (order, reason) => this.cancel(order, reason) });
    this.exits = new ReplayExits(parts.door, {
      send: (order, asked) => this.#send(order, asked),
      cancel: (order, reason) => this.cancel(order, reason),
      later: (atMs) => parts.later(atMs, { kind: 'exits' }),
    });
    parts.exchange.onFill = (order, fill, isEnded) => this.#onRestingFill(order, fill, isEnded);
    parts.exchange.onExpired = (order) => this.#onRestingEnd(order.id);
    parts.exchange.onStop = (stop, fill) => this.#onStop(stop, fill);
  }

  plan(request: ExecutionRequest, decision: ExecutionDecision, seq: number): readonly PlannedOrder[] {
    const rules = request.symbol === null ? undefined : this.#parts.rules.get(request.symbol);
    if (rules === undefined) return [];
    const { ids } = this.#parts.door;
    return planFromDecision(ids, decision, request, seq, rules, (effective) =>
      this.exits.planDelay(request, effective),
    );
  }

  /** Acts on a permitted decision at this very instant; what is due later is queued. */
  act(taken: Taken, asked: Asked | null, target: OrderState | null): void {
    const { effective } = taken.decision;
    if (effective === null) return;
    const first = taken.orders[0];
    if (first === undefined) {
      if (effective.action === 'amend' && target !== null) this.#amend(target, asked);
      if (effective.action !== 'cancel') return;
      this.#cancelFor(taken);
    } else if (first.reduceOnly) {
      this.#cancelOpenings(first);
      this.exits.begin(taken, first, asked);
    } else {
      this.#open(taken, first, asked);
      return;
    }
    this.exits.settle();
  }

  #open(taken: Taken, first: OrderState, asked: Asked | null): void {
    if (this.#send(first, asked) !== null) {
      for (const order of unsentOf(taken.orders)) this.#parts.door.endUnsent(order, FIRST_REJECTED);
      return;
    }
    for (const order of unsentOf(taken.orders)) {
      this.#parts.onOpening(order);
      this.#parts.later(order.dueAtMs, { kind: 'slice', order, taken, asked });
    }
  }

  /** Opening orders that the exit's own record has ended. */
  #cancelOpenings(exit: OrderState): void {
    const { symbol } = exit;
    const live = liveOrders(this.#parts.door.state.orders, symbol);
    if (live.size === 1 && live.has(exit)) return;
    for (const order of [...live])
      if (!order.reduceOnly && order.cancelRequested && isResting(order)) this.cancel(order, OPENING_ENDED);
  }

  /** Cancels whose order has not ended, as the gate asks for them again at every tick. */
  retryCancels(): void {
    if (!this.#parts.door.hasCancels) return;
    this.#parts.door.hasCancels = false;
    for (const orders of this.#parts.door.state.orders.live.values())
      for (const order of [...orders])
        if (order.cancelRequested && isResting(order)) this.cancel(order, 'canceled again');
  }

  /** Runs what has fallen due. */
  run(work: PendingWork): void {
    if (work.kind === 'exits') this.exits.wake();
    else this.#sendSlice(work.taken, work.order, work.asked);
  }

  #sendSlice(parent: Taken, order: OrderState, asked: Asked | null): void {
    const { clock, door, later } = this.#parts;
    const { event } = parent;
    const waitMs = (): number => door.sends.waitMs('other');
    const step = stepOfSlice(order, door.authorityNow(), waitMs);
    switch (step.kind) {
      case 'gone':
        return;
      case 'ended':
        for (const sibling of unsentOf(parent.orders)) door.endUnsent(sibling, step.why);
        return;
      case 'early':
        later(order.dueAtMs, { kind: 'slice', order, taken: parent, asked });
        return;
      case 'wait':
        later(clock.nowMs + step.waitMs, { kind: 'slice', order, taken: parent, asked });
        return;
      case 'decide':
    }
    const slice = door.take(sliceRequest(event), sliceAsk(PLACE, order), {
      kind: 'slice',
      parentDecisionId: event.decision.decision_id,
      plan: (decision) => planSlice(decision, order, door.state.rules.get(order.symbol)),
    });
    if (slice === null) return;
    if (slice.event.orders.length === 0) {
      const why = describeRefusedSlice(slice.event.decision.reasons[0]?.code);
      for (const sibling of unsentOf(parent.orders)) door.endUnsent(sibling, why);
      return;
    }
    if (isInFlight(order)) this.#send(order, asked);
  }

  /** Null: the exchange has taken it. */
  #send(order: OrderState, asked: Asked | null): Rejection | null {
    const { clock, exchange, tally } = this.#parts;
    const symbol = this.#index.get(order.symbol)!;
    if (!order.reduceOnly) this.#matchLeverage(order, symbol);
    this.#asked.set(order.clientOrderId, asked);
    const { clientOrderId: id, priceE8, quantityE8, reduceOnly, side } = order;
    const { grid } = clock;
    const lots = grid.lots(symbol, quantityE8);
    const priceTicks = priceE8 === null ? null : grid.ticks(symbol, priceE8);
    this.#tellOrder(order, asked, lots, priceTicks);
    const outcome: Placement =
      priceTicks === null
        ? exchange.close({ id, symbol, side, lots })
        : exchange.place(
            { id, symbol, side, lots, filled: 0, priceTicks, reduceOnly, leverage: order.leverage },
            order.timeInForce !== 'GTC',
          );
    if (outcome.kind === 'rejected') {
      this.#refuse(order, outcome.rejection);
      return outcome.rejection;
    }
    this.changes += 1;
    this.#loops.onAccepted();
    if (outcome.rests && !order.reduceOnly) this.#parts.onOpening(order);
    if (asked !== null && outcome.rests) tally.notePassed(asked, lots);
    this.#settleOrder(order, outcome.fill, outcome.rests, true);
    return null;
  }

  #tellOrder(order: OrderState, asked: Asked | null, lots: number, priceTicks: number | null): void {
    this.#parts.judge.order({
      orderId: order.clientOrderId,
      askId: asked?.askId ?? -1,
      atMs: this.#parts.clock.nowMs,
      symbol: order.symbol,
      venue: SERVED_VENUE,
      account: SERVED_ACCOUNT,
      side: order.side,
      lots,
      priceTicks,
      leverage: order.reduceOnly ? null : order.leverage,
      maxSlippageBps: order.protective ? null : order.slippageBps,
      reduceOnly: order.reduceOnly,
      timeInForce: order.timeInForce,
      slice: order.slice,
      marks: this.marks.now(),
    });
  }

  /** Leverage is set while the symbol is flat and has no order (DESIGN "Leverage"). */
  #matchLeverage(order: OrderState, symbol: number): void {
    const { account, exchange, door } = this.#parts;
    if (account.leverage(symbol) === order.leverage || !isLeverageFree(door.state, order)) return;
    exchange.setLeverage(symbol, order.leverage);
    door.append('leverage', { leverage: order.leverage, symbol: order.symbol });
  }

  #refuse(order: OrderState, rejection: Rejection): void {
    const { clock, door, judge } = this.#parts;
    door.refuse(order, rejection);
    judge.orderEnded(order.clientOrderId, clock.nowMs);
    this.#asked.delete(order.clientOrderId);
    this.#noteRefusal(order, rejection);
  }

  /** What the exchange goes on refusing ends in a breaker, as in the daemon. */
  #noteRefusal(order: OrderState, rejection: Rejection): void {
    const { clock, door } = this.#parts;
    if (order.agent === null || !isCountedRefusal(rejection, order)) return;
    const loop = this.#loops.onRefusal(order, rejection);
    if (loop === null) return;
    const { breaker } = door.policy(order.agent).temporal;
    const opened = findLoopBreaker(door.state, loop, order, rejection, breaker, clock.nowMs);
    if (opened !== null) door.append('state', opened);
  }

  /** `isAnswer`: the exchange has answered to what was sent just now. */
  #settleOrder(order: OrderState, fill: Fill | null, rests: boolean, isAnswer: boolean): void {
    const { door, judge, clock } = this.#parts;
    const filledE8 = fill === null ? 0 : this.#filledE8(order, fill);
    const executed = order.executedE8 + filledE8;
    const status = rests
      ? executed > 0
        ? 'partially_filled'
        : 'working'
      : executed >= order.quantityE8
        ? 'filled'
        : 'expired';
    const paid = order.tradedUsdtE8 + (fill === null ? 0 : filledE8 * fill.price);
    door.show(order, status, executed, executed === 0 ? null : paid / executed);
    if (fill !== null) this.#fills.note(order, fill, this.#asked.get(order.clientOrderId) ?? null, isAnswer);
    if (rests) return;
    judge.orderEnded(order.clientOrderId, clock.nowMs);
    this.#asked.delete(order.clientOrderId);
  }

  #filledE8({ symbol }: OrderState, { lots }: Fill): number {
    return this.#parts.clock.grid.quantityE8(this.#index.get(symbol)!, lots);
  }

  #onRestingFill(resting: ReplayOrder, fill: Fill, isEnded: boolean): void {
    const order = this.#parts.door.state.orders.all.get(resting.id);
    if (order !== undefined) this.#settleOrder(order, fill, !isEnded, false);
  }
  #onRestingEnd(id: string): void {
    const order = this.#parts.door.state.orders.all.get(id);
    if (order !== undefined) this.#end(order, 'expired');
  }

  #onStop(stop: ReplayStop, fill: Fill | null): void {
    const order = this.#parts.door.state.orders.all.get(stop.id);
    if (order === undefined) return;
    if (fill === null) {
      this.#end(order, 'expired');
      return;
    }
    this.#tellOrder(order, null, fill.lots, null);
    const { door, judge, clock } = this.#parts;
    door.show(order, 'filled', this.#filledE8(order, fill), fill.price);
    this.#fills.note(order, fill, null, false);
    judge.orderEnded(order.clientOrderId, clock.nowMs);
  }

  /** Asks for the cancel of an order and takes its end in; what was not sent is ended. */
  cancel(order: OrderState, reason: string): void {
    if (isTerminal(order)) return;
    const { door, exchange } = this.#parts;
    if (isPlanned(order)) {
      door.endUnsent(order, reason);
      return;
    }
    if (!order.cancelRequested) door.noteCancel(order, reason);
    if (isInFlight(order)) return;
    const isDone = order.protective ? exchange.cancelStop(order.clientOrderId) : exchange.cancel(order.clientOrderId);
    if (!isDone) return;
    this.changes += 1;
    this.#end(order, 'canceled');
  }

  /** The order fills no more. */
  #end(order: OrderState, status: 'canceled' | 'expired'): void {
    const { clock, door, judge } = this.#parts;
    door.show(order, status, order.executedE8, order.averagePrice);
    judge.orderEnded(order.clientOrderId, clock.nowMs);
    this.#asked.delete(order.clientOrderId);
  }

  /** The exchange has taken everything. */
  endAll(orders: Iterable<OrderState>): void {
    for (const order of [...orders])
      if (isPlanned(order)) this.#parts.door.endUnsent(order, 'the account was liquidated');
      else this.#end(order, 'canceled');
  }

  /** INVARIANT: what its decision meant, and nothing that was asked for since. */
  #cancelFor({ event }: Taken): void {
    const { request } = event;
    const { changes } = this.#parts.door.state;
    const { decision_id: decisionId } = event.decision;
    const reason = `asked for by ${request.agent}`;
    for (const order of changes.find(decisionId)?.orders ?? []) this.cancel(order, reason);
    for (const slice of findSlicesBeside(this.#parts.door.state, request)) this.cancel(slice, SLICE_CANCELED);
    this.exits.endCanceled(reason);
  }

  #amend(order: OrderState, asked: Asked | null): void {
    const onRefused = (refused: OrderState, rejection: Rejection): void => this.#noteRefusal(refused, rejection);
    const outcome = amendOrder({ ...this.#parts, onRefused }, this.marks, order, asked);
    if (outcome === null || outcome.rejection !== null) return;
    this.changes += 1;
    this.#loops.onAccepted();
    // An amended order is the amender's: what it fills from here on counts as its doing.
    this.#asked.set(order.clientOrderId, asked);
    outcome.settle();
    if (outcome.fill === null) return;
    const executed = order.executedE8 + this.#filledE8(order, outcome.fill);
    this.#settleOrder(order, outcome.fill, executed < order.quantityE8, true);
  }
}
