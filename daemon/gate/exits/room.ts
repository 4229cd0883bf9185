import type { GateCore } from '../journal/journal.ts';
import type { Canceler } from '../orders/cancels.ts';
import { isExitOnItsWay, lotsLeft, mayCloseYounger } from '../plan/exit-caps.ts';
import { lotsDue, mayMeetYounger, roomBeside } from '../plan/rests.ts';
import { closableShare, isShared } from '../state/closable-share.ts';
import { MAKES_ROOM } from '../state/displaced-exits.ts';
import { remainingLots } from '../state/exposure.ts';
import { isResting, isTerminal, liveOrders, type OrderState } from '../state/orders.ts';
import { longLots, shortLots } from '../state/positions.ts';

/** How long an exit waits until its agent's own take-profits are proven canceled, wall ms. */
const MAKE_WITHIN_MS = 1_000;
/** Between two looks at what is not proven canceled yet, wall ms. */
const LOOK_EVERY_MS = 100;

/** What rests on an exit's side of a position, and may be in its way. */
export class ExitRoom {
  readonly #core: GateCore;
  readonly #canceler: Canceler;
  readonly #signal: AbortSignal;

  constructor(core: GateCore, canceler: Canceler, signal: AbortSignal) {
    this.#core = core;
    this.#canceler = canceler;
    this.#signal = signal;
  }

  /** As it was decided: by the policy of the agent, which may be stricter than the account's. */
  #isBoundToShare({ agent, origin }: OrderState): boolean {
    return origin === 'agent' && agent !== null && this.#core.policyFor(agent).exitScope === 'own';
  }

  /** An agent's exit that has become larger than what it may close, while others hold the rest. */
  #isAboveShare(order: OrderState): boolean {
    if (order.agent === null || !this.#isBoundToShare(order)) return false;
    const { orders, positions } = this.#core.state;
    const position = positions.get(order.symbol);
    const share = Math.abs(closableShare(position, liveOrders(orders, order.symbol), order.agent, order));
    // Whole positions are kept by reduceOnly; a refusal there is worse than an order that the venue cuts.
    const held = position === undefined ? 0 : order.side === 'sell' ? longLots(position) : shortLots(position);
    return order.lots > share && held > share;
  }

  /** What an exit has left to close as things stand: its targets' lots, or what bounds one that rests. */
  leftOf(order: OrderState): number {
    const { displaced, targets } = this.#core.state;
    const own = targets.targetsOf(order);
    if (own.length > 0) return lotsLeft(own);
    const exit = displaced.find(order.decisionId ?? '');
    return exit === null ? Number.POSITIVE_INFINITY : lotsDue(this.#core.state, exit);
  }

  /**
   * Why an exit must not go out as it was sized; null: it may. `before`: what it had left when it was decided. RISK: a
   * take-profit that filled while room was made has closed a part already; what is held now may be another agent's, or
   * was opened since.
   */
  whyTooLarge(order: OrderState, before: number): string | null {
    if (this.#isAboveShare(order)) return 'its share shrank while room was made';
    const left = this.leftOf(order);
    if (left < before && left < order.lots && this.#mayCloseYounger(order))
      return 'what it was to close was closed while room was made';
    return null;
  }

  #mayCloseYounger(order: OrderState): boolean {
    const { state } = this.#core;
    const targets = state.targets.targetsOf(order);
    if (targets.length > 0) return targets.some((target) => mayCloseYounger(state, target));
    const exit = state.displaced.find(order.decisionId ?? '');
    return exit !== null && mayMeetYounger(state, exit.bound);
  }

  /**
   * The venue refused the exit for them: the agent's own first, then whatever else reduces the position. RISK: never a
   * protective stop, which outlives every exit until the position is flat.
   */
  async cancelSiblings(order: OrderState, failures: number): Promise<void> {
    const concerns = (other: OrderState): boolean =>
      isRestingExit(other, order) &&
      !other.protective &&
      (failures >= 3 || !other.foreign) &&
      (failures >= 2 || other.agent === order.agent);
    await this.#canceler.cancelMatching(order.symbol, concerns, MAKES_ROOM);
  }

  /**
   * Resting reduce-only orders on the same side would make the venue refuse the exit once their sum exceeds the
   * position: the agent's own take-profits are canceled first. Another exit on its way is none of them: it makes no
   * room, and the position may be the smaller by it when this one comes.
   */
  async make(order: OrderState): Promise<void> {
    const position = this.#core.state.position(order.symbol);
    const held = order.side === 'sell' ? longLots(position) : shortLots(position);
    // An agent's orders together close no more than its own share: the rest may be another agent's.
    const share = Math.abs(position.shares.get(order.agent ?? '') ?? 0);
    const size = this.#isBoundToShare(order) ? Math.min(held, share) : held;
    const resting = [...liveOrders(this.#core.state.orders, order.symbol)].filter(
      (other) => isRestingExit(other, order) && isResting(other) && !other.protective && other.kind === 'regular',
    );
    // An operator, a stop and a cut go first: whatever agents left resting makes room for them.
    const own = new Set(
      resting.filter((other) => (order.origin === 'agent' ? other.agent === order.agent : !other.foreign)),
    );
    const onWay = [...liveOrders(this.#core.state.orders, order.symbol)].filter(
      (other) => other !== order && other.side === order.side && isExitOnItsWay(other),
    );
    const ownOnWay = onWay.filter((other) => order.origin !== 'agent' || other.agent === order.agent);
    const lotsOf = (...sets: Iterable<OrderState>[]): number =>
      sets.flatMap((orders) => [...orders]).reduce((sum, other) => sum + remainingLots(other), order.lots);
    const bound = order.origin === 'agent' ? this.#core.state.displaced.bounds.find(order.decisionId) : null;
    const isBeyondBound = bound !== null && order.lots > roomBeside(this.#core.state, bound, [...own]);
    if (lotsOf(resting, onWay) <= held && lotsOf(own, ownOnWay) <= size && !isBeyondBound) return;
    if (own.size === 0) return;
    const making = this.#canceler.cancelMatching(order.symbol, (other) => own.has(other), MAKES_ROOM);
    // RISK: an answer that hangs must not hold up the exit; reduceOnly bounds both. Where others hold a part, or where
    // something was opened since, both together could close it, so that the exit waits for the proof.
    if (!this.#mayCloseMore(order)) await Promise.race([making, this.#after(MAKE_WITHIN_MS)]);
    if (!this.#mayCloseMore(order)) return;
    await making;
    // A cancel whose answer was lost is requested again at every tick.
    const isMeant = (): boolean => order.status === 'in_flight' && !order.cancelRequested && this.#mayCloseMore(order);
    while (isMeant() && [...own].some(({ status }) => !isTerminal(status))) {
      await this.#after(LOOK_EVERY_MS);
      this.#signal.throwIfAborted();
    }
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#core.ports.time.after(ms, resolve, { unref: true });
    });
  }

  /** An operator's exit, and the gate's, wait for nobody. */
  #mayCloseMore(order: OrderState): boolean {
    if (order.origin !== 'agent') return false;
    return this.#mayCloseYounger(order) || this.#mayCloseOthers(order);
  }

  #mayCloseOthers(order: OrderState): boolean {
    if (order.agent === null || !this.#isBoundToShare(order)) return false;
    const { orders, positions } = this.#core.state;
    const position = positions.get(order.symbol);
    return position !== undefined && isShared(position, liveOrders(orders, order.symbol), order.agent, order.side);
  }
}

/** A reduce-only order on the same side that waits at the venue, or may: not another attempt that is on its way. */
function isRestingExit(other: OrderState, order: OrderState): boolean {
  if (other === order || !other.reduceOnly || other.side !== order.side || isUnsent(other)) return false;
  return other.timeInForce === 'GTC' || other.foreign || other.protective;
}

/** A new order is not sized beside it, and none is canceled that the venue may not know yet. */
function isUnsent({ status }: OrderState): boolean {
  return status === 'pending_send' || status === 'in_flight';
}
