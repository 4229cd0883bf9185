import type { ExecutionDecision } from '../../core/decision.ts';
import { wholeExitLots } from '../../core/exit.ts';
import { copyRequest, type Side } from '../../core/request.ts';
import type { PlannedOrder } from '../../gate/events.ts';
import { planSingle } from '../../gate/plan/orders.ts';
import { isTerminal, liveOrders, type OrderState } from '../../gate/state/orders.ts';
import { parentAsk } from './asks.ts';
import type { MarketClock } from './clock.ts';
import type { GateDoor, Taken } from './door.ts';
import type { Asked } from './tally.ts';

/** What is left to do of a permitted decision. */
export type PendingWork =
  | { readonly kind: 'slice'; readonly order: OrderState; readonly taken: Taken; readonly asked: Asked | null }
  | { readonly kind: 'merged'; readonly order: OrderState; readonly taken: Taken; readonly asked: Asked | null }
  | { readonly kind: 'rung'; readonly climb: Climb; readonly lots: number; readonly rung: number };

/** One exit on its way up the ladder. */
export interface Climb {
  readonly taken: Taken;
  readonly asked: Asked | null;
  readonly side: Side;
  readonly attempt: { count: number };
}
/** What the ladder asks of whoever handles orders. */
export interface OrderHands {
  send(order: OrderState, asked: Asked | null): void;
  end(order: OrderState): void;
  cancel(order: OrderState): void;
  heldLots(symbol: string): number;
}

/** Verified exits as the daemon runs them: rung by rung, merged beyond their own rate (DESIGN "Verified exit"). */
export class ExitLadder {
  readonly #door: GateDoor;
  readonly #clock: MarketClock;
  readonly #later: (atMs: number, work: PendingWork) => void;
  readonly #orders: OrderHands;

  constructor(
    door: GateDoor,
    clock: MarketClock,
    later: (atMs: number, work: PendingWork) => void,
    orders: OrderHands,
  ) {
    this.#door = door;
    this.#clock = clock;
    this.#later = later;
    this.#orders = orders;
  }

  /** Exits beyond their own rate wait and merge (DESIGN "Verified exit"). */
  delayFor(agent: string): number {
    const door = this.#door;
    const clock = this.#clock;
    const { max, window_ms: windowMs } = door.policy(agent).spec.exits.rate;
    const used = door.state.pacing.agent(agent).exits.count(clock.nowMs, windowMs);
    if (used.tokens < max || used.freeAtMs === null) return 0;
    return Math.max(1, used.freeAtMs - clock.nowMs);
  }

  /** The first exit that falls due takes along every equal one that waits. */
  sendMerged(taken: Taken, order: OrderState, asked: Asked | null): void {
    if (order.status !== 'pending_send') return;
    const waiting = [...liveOrders(this.#door.state.orders, order.symbol)].filter(
      (other) =>
        other.status === 'pending_send' &&
        other.reduceOnly &&
        other.agent === order.agent &&
        other.side === order.side &&
        other.timeInForce === order.timeInForce &&
        other.slippageBps === order.slippageBps,
    );
    const lots = waiting.reduce((sum, other) => sum + other.lots, 0);
    for (const other of waiting) this.#orders.end(other);
    this.decideRung({ taken, asked, side: order.side, attempt: { count: 0 } }, lots, 0);
  }

  decideRung(climb: Climb, lots: number, rung: number): void {
    const parent = climb.taken.event;
    climb.attempt.count += 1;
    const id = `hfreplay${parent.decision.seq.toString(36)}-0-${climb.attempt.count}`;
    const request = copyRequest(parent.request);
    request.intent = 'close';
    request.side = climb.side;
    request.request_id = null;
    const ask = parentAsk(null, null, null);
    ask.phase = 'slice';
    ask.exitRung = rung;
    ask.sliceLots = lots;
    const taken = this.#door.take(request, ask, {
      kind: 'slice',
      parentDecisionId: parent.decision.decision_id,
      plan: (decision) => planSingleOrder(decision, 'exit', parent.request.symbol ?? '', id, 0),
    });
    const order = taken?.orders[0];
    if (taken !== null && order !== undefined) this.climb(climb, order, rung, taken);
  }

  /** One rung now; what is left climbs on after `step_ms`. */
  climb(climb: Climb, order: OrderState, rung: number, taken: Taken = climb.taken): void {
    this.#makeRoom(order);
    this.#orders.send(order, climb.asked);
    const { request } = climb.taken.event;
    const { exits } = this.#door.policy(request.agent).spec;
    const left = wholeExitLots(taken.event.decision, order.lots) - order.executedLots;
    // A part of the venue's largest size that filled is no step up the ladder.
    const next = order.status === 'filled' ? rung : rung + 1;
    const rungs = exits.ladder_bps.length + (request.origin === 'agent' ? 0 : 1);
    if (left <= 0 || !isTerminal(order.status) || order.timeInForce === 'GTC') return;
    if (order.status === 'rejected' || next >= rungs) return;
    this.#later(this.#clock.nowMs + exits.step_ms, { kind: 'rung', climb, lots: left, rung: next });
  }

  /** Resting exits that together with this one exceed the position make room for it. */
  #makeRoom(order: OrderState): void {
    const held = this.#orders.heldLots(order.symbol);
    const resting = [...liveOrders(this.#door.state.orders, order.symbol)].filter(
      (other) =>
        other !== order &&
        other.reduceOnly &&
        !other.protective &&
        other.side === order.side &&
        other.timeInForce === 'GTC',
    );
    const sum = resting.reduce((total, other) => total + other.lots - other.executedLots, 0);
    if (sum + order.lots <= held) return;
    for (const other of resting) if (other.agent === order.agent) this.#orders.cancel(other);
  }
}

/** The one order of a slice or of a rung, if the decision still is what it has to be. */
export function planSingleOrder(
  decision: ExecutionDecision,
  action: 'open' | 'exit',
  symbol: string,
  id: string,
  slice: number,
): readonly PlannedOrder[] {
  const { effective } = decision;
  if (decision.decision === 'BLOCK' || effective === null || effective.action !== action) return [];
  return [planSingle(effective, symbol, id, slice)];
}
