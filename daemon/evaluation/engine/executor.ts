import type { ExecutionDecision } from '../../core/decision.ts';
import { copyRequest, type ExecutionRequest } from '../../core/request.ts';
import type { PlannedOrder } from '../../gate/events.ts';
import { findOpeningsAgainst, findSlicesAgainst, findUndone } from '../../gate/plan/undone.ts';
import { isInCancelAll } from '../../gate/state/order-changes.ts';
import { isTerminal, type OrderState, statusOf } from '../../gate/state/orders.ts';
import type { SymbolRules } from '../../gate/venue-port.ts';
import type { ScopeJudge } from '../facts/judging.ts';
import type { ReplayAccount } from './account.ts';
import { amendOrder } from './amends.ts';
import { parentAsk } from './asks.ts';
import type { MarketClock } from './clock.ts';
import type { GateDoor, Taken } from './door.ts';
import type { Fill, ReplayExchange, ReplayOrder, ReplayStop } from './exchange.ts';
import { ExitLadder, type PendingWork, planSingleOrder } from './exit-ladder.ts';
import { FillNotes } from './fill-notes.ts';
import { InstantMarks } from './instant-marks.ts';
import { ACCOUNT, VENUE } from './intake.ts';
import { planOrders } from './plan-orders.ts';
import type { Asked, RunTally } from './tally.ts';

export interface ExecutorParts {
  readonly door: GateDoor;
  readonly exchange: ReplayExchange;
  readonly account: ReplayAccount;
  readonly clock: MarketClock;
  readonly judge: ScopeJudge;
  readonly tally: RunTally;
  readonly rules: ReadonlyMap<string, SymbolRules>;
  readonly later: (atMs: number, work: PendingWork) => void;
  /** An order has come to rest: its time to live runs. */
  readonly onRest: (orderId: string) => void;
}

/**
 * Carries permitted decisions to the exchange in the daemon's order: slices one by one, each decided again; exits up
 * the ladder; cancels and amends at once. The exchange answers at once, so nothing is ever unknown.
 */
export class Executor {
  readonly #parts: ExecutorParts;
  readonly #asked = new Map<string, Asked | null>();
  readonly #index: ReadonlyMap<string, number>;
  readonly #exits: ExitLadder;
  readonly marks: InstantMarks;
  readonly #fills: FillNotes;

  constructor(parts: ExecutorParts) {
    this.#parts = parts;
    this.marks = new InstantMarks(parts.clock);
    this.#fills = new FillNotes(parts);
    this.#index = new Map(parts.clock.market.symbols.map((symbol, i) => [symbol, i]));
    this.#exits = new ExitLadder(parts.door, parts.clock, parts.later, {
      send: (order, asked) => this.#send(order, asked),
      end: (order) => this.end(order, 'canceled'),
      cancel: (order) => this.cancel(order),
      heldLots: (symbol) => Math.abs(parts.account.lots(this.#index.get(symbol)!)),
    });
    parts.exchange.onFill = (order, fill) => this.#onRestingFill(order, fill);
    parts.exchange.onExpired = (order) => this.#onRestingEnd(order.id);
    parts.exchange.onStop = (stop, fill) => this.#onStop(stop, fill);
  }

  plan(request: ExecutionRequest, decision: ExecutionDecision, id: string): readonly PlannedOrder[] {
    const rules = request.symbol === null ? undefined : this.#parts.rules.get(request.symbol);
    if (rules === undefined) return [];
    const waitMs = request.origin === 'agent' ? this.#exits.delayFor(request.agent) : 0;
    return planOrders(decision, request, rules, id, waitMs);
  }

  /** Acts on a permitted decision at this very instant; what is due later is queued. */
  act(taken: Taken, asked: Asked | null, target: OrderState | null): void {
    const { effective } = taken.decision;
    if (effective === null) return;
    const first = taken.orders[0];
    if (first === undefined) {
      if (effective.action === 'cancel') this.#cancelFor(taken, target);
      else if (effective.action === 'amend' && target !== null) {
        this.#endUndone(taken);
        this.#amend(target, asked);
      }
      return;
    }
    if (!first.reduceOnly) {
      this.#send(first, asked);
      if (statusOf(first) === 'rejected') {
        for (const order of taken.orders) if (order.status === 'pending_send') this.end(order, 'canceled');
        return;
      }
      for (const order of taken.orders)
        if (order.status === 'pending_send') this.#parts.later(order.dueAtMs, { kind: 'slice', order, taken, asked });
      return;
    }
    this.#endUndone(taken);
    if (first.status === 'pending_send')
      this.#parts.later(first.dueAtMs, { kind: 'merged', order: first, taken, asked });
    else this.#exits.climb({ taken, asked, side: first.side, attempt: { count: 0 } }, first, 0);
  }

  /** As the daemon does: unsent slices and opening orders that would open again what this exit closes. */
  #endUndone({ event }: Taken): void {
    const { door } = this.#parts;
    const { slices, openings } = findUndone(door.state, event, door.policy(event.request.agent));
    for (const order of slices) this.end(order, 'canceled');
    for (const order of openings) this.cancel(order);
  }

  /** Runs what has fallen due. */
  run(work: PendingWork): void {
    if (work.kind === 'slice') this.#sendSlice(work.taken, work.order, work.asked);
    else if (work.kind === 'merged') this.#exits.sendMerged(work.taken, work.order, work.asked);
    else this.#exits.decideRung(work.climb, work.lots, work.rung);
  }

  #sendSlice(parent: Taken, order: OrderState, asked: Asked | null): void {
    const { door, clock } = this.#parts;
    if (order.status !== 'pending_send') return;
    const { effective } = parent.decision;
    const agent = parent.event.request.agent;
    if (clock.nowMs > order.plannedAtMs + door.policy(agent).spec.staging.ttl_ms) {
      this.end(order, 'canceled');
      return;
    }
    const request = copyRequest(parent.event.request);
    request.max_slippage_bps = effective?.max_slippage_bps ?? parent.event.request.max_slippage_bps;
    request.requested_leverage = effective?.leverage ?? parent.event.request.requested_leverage;
    request.request_id = null;
    const ask = parentAsk(null, order, null);
    ask.phase = 'slice';
    ask.sliceLots = order.lots;
    ask.parentPriceTicks = effective?.price_ticks ?? null;
    const slice = door.take(request, ask, {
      kind: 'slice',
      parentDecisionId: parent.event.decision.decision_id,
      plan: (decision) => planSingleOrder(decision, 'open', order.symbol, order.clientOrderId, order.slice),
    });
    if (slice === null || slice.event.orders.length === 0) {
      for (const sibling of parent.orders) if (sibling.status === 'pending_send') this.end(sibling, 'canceled');
      return;
    }
    if (statusOf(order) === 'in_flight') this.#send(order, asked);
  }

  #send(order: OrderState, asked: Asked | null): void {
    const { exchange, judge, clock, tally } = this.#parts;
    const symbol = this.#index.get(order.symbol)!;
    if (!order.reduceOnly) this.#matchLeverage(order, symbol);
    this.#asked.set(order.clientOrderId, asked);
    judge.order({
      orderId: order.clientOrderId,
      askId: asked?.askId ?? -1,
      atMs: clock.nowMs,
      symbol: order.symbol,
      venue: VENUE,
      account: ACCOUNT,
      side: order.side,
      lots: order.lots,
      priceTicks: order.priceTicks,
      leverage: order.reduceOnly ? null : order.leverage,
      maxSlippageBps: order.slippageBps,
      reduceOnly: order.reduceOnly,
      timeInForce: order.timeInForce,
      slice: order.slice,
      marks: this.marks.now(),
    });
    if (order.priceTicks === null) {
      const fill = exchange.close(symbol, order.lots);
      this.#settleOrder(order, fill, false);
      return;
    }
    const placed: ReplayOrder = {
      id: order.clientOrderId,
      symbol,
      side: order.side,
      lots: order.lots,
      filled: 0,
      priceTicks: order.priceTicks,
      reduceOnly: order.reduceOnly,
      leverage: order.leverage,
    };
    const outcome = exchange.place(placed, order.timeInForce !== 'GTC');
    if (outcome.kind === 'rejected') {
      this.end(order, 'rejected');
      return;
    }
    if (outcome.rests) this.#parts.onRest(order.clientOrderId);
    if (asked !== null && outcome.rests) tally.notePassed(asked, order.lots);
    this.#settleOrder(order, outcome.fill, outcome.rests);
  }

  /** Leverage is set while the symbol is flat and has no order (DESIGN "Leverage"). */
  #matchLeverage(order: OrderState, symbol: number): void {
    const { account, exchange, door } = this.#parts;
    if (account.lots(symbol) !== 0 || account.leverage(symbol) === order.leverage) return;
    for (const other of exchange.resting.values()) if (other.symbol === symbol) return;
    account.setLeverage(symbol, order.leverage);
    door.append('leverage', { leverage: order.leverage, symbol: order.symbol });
  }

  #settleOrder(order: OrderState, fill: Fill | null, rests: boolean): void {
    const { door, judge, clock } = this.#parts;
    const executed = order.executedLots + (fill?.lots ?? 0);
    const status = rests
      ? executed > 0
        ? 'partially_filled'
        : 'working'
      : executed >= order.lots
        ? 'filled'
        : 'expired';
    door.report(order, status, executed, fill?.price ?? null);
    if (fill !== null) this.#fills.note(order, fill, this.#asked.get(order.clientOrderId) ?? null);
    if (rests) return;
    judge.orderEnded(order.clientOrderId, clock.nowMs);
    this.#asked.delete(order.clientOrderId);
  }

  #onRestingFill(resting: ReplayOrder, fill: Fill): void {
    const order = this.#parts.door.state.orders.all.get(resting.id);
    if (order !== undefined) this.#settleOrder(order, fill, false);
  }
  #onRestingEnd(id: string): void {
    const order = this.#parts.door.state.orders.all.get(id);
    if (order !== undefined) this.end(order, 'expired');
  }

  #onStop(stop: ReplayStop, fill: Fill | null): void {
    const { door, judge, clock } = this.#parts;
    const order = door.state.orders.all.get(stop.id);
    if (order === undefined) return;
    if (fill !== null) {
      judge.order({
        orderId: order.clientOrderId,
        askId: -1,
        atMs: clock.nowMs,
        symbol: order.symbol,
        venue: VENUE,
        account: ACCOUNT,
        side: order.side,
        lots: fill.lots,
        priceTicks: null,
        leverage: null,
        maxSlippageBps: null,
        reduceOnly: true,
        timeInForce: null,
        slice: 0,
        marks: this.marks.now(),
      });
    }
    this.#settleOrder(order, fill, false);
    if (fill === null || fill.lots === 0) return;
    for (const slice of findSlicesAgainst(door.state, order.symbol, order.side)) this.end(slice, 'canceled');
    for (const opening of findOpeningsAgainst(door.state, order.symbol, order.side)) this.cancel(opening);
  }

  cancel(order: OrderState): void {
    if (isTerminal(order.status)) return;
    if (order.status !== 'pending_send') {
      this.#parts.door.append('order_intent', {
        action: 'cancel',
        client_order_id: order.clientOrderId,
        lots: null,
        price_ticks: null,
        reason: 'replay',
      });
      if (order.protective) this.#parts.exchange.stops.delete(this.#index.get(order.symbol)!);
      else this.#parts.exchange.cancel(order.clientOrderId);
    }
    this.end(order, 'canceled');
  }

  /** The order fills no more. */
  end(order: OrderState, status: 'canceled' | 'expired' | 'rejected'): void {
    const wasSent = order.status !== 'pending_send';
    this.#parts.door.report(order, status, order.executedLots, null);
    if (wasSent) this.#parts.judge.orderEnded(order.clientOrderId, this.#parts.clock.nowMs);
    this.#asked.delete(order.clientOrderId);
  }

  #cancelFor(taken: Taken, target: OrderState | null): void {
    if (target !== null) {
      this.cancel(target);
      return;
    }
    const { request } = taken.event;
    const { layers, orders: book } = this.#parts.door.state;
    for (const [symbol, orders] of book.live) {
      if (request.symbol !== null && symbol !== request.symbol) continue;
      for (const order of [...orders]) {
        if (isInCancelAll(order, request, layers, this.#parts.clock.nowMs)) this.cancel(order);
      }
    }
  }

  #amend(order: OrderState, asked: Asked | null): void {
    const outcome = amendOrder(this.#parts, this.marks, order, asked);
    if (!outcome.taken) return;
    // An amended order is the amender's: what it fills from here on counts as its doing.
    this.#asked.set(order.clientOrderId, asked);
    if (outcome.fill !== null)
      this.#settleOrder(order, outcome.fill, order.executedLots + outcome.fill.lots < order.lots);
  }
}
