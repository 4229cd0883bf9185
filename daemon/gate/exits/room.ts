import type { GateCore } from '../journal/journal.ts';
import type { Canceler } from '../orders/cancels.ts';
import { roomBeside } from '../plan/rests.ts';
import { closableShare, isShared } from '../state/closable-share.ts';
import { MAKES_ROOM } from '../state/displaced-exits.ts';
import { remainingLots } from '../state/exposure.ts';
import { isResting, liveOrders, type OrderState } from '../state/orders.ts';
import { longLots, shortLots } from '../state/positions.ts';

/** How long an exit waits until its agent's own take-profits are proven canceled, wall ms. */
const MAKE_WITHIN_MS = 1_000;

/** What rests on an exit's side of a position, and may be in its way. */
export class ExitRoom {
  readonly #core: GateCore;
  readonly #canceler: Canceler;

  constructor(core: GateCore, canceler: Canceler) {
    this.#core = core;
    this.#canceler = canceler;
  }

  /** As it was decided: by the policy of the agent, which may be stricter than the account's. */
  #isBoundToShare({ agent, origin }: OrderState): boolean {
    return origin === 'agent' && agent !== null && this.#core.policyFor(agent).exitScope === 'own';
  }

  /** An agent's exit that has become larger than what it may close, while others hold the rest. */
  isAboveShare(order: OrderState): boolean {
    if (order.agent === null || !this.#isBoundToShare(order)) return false;
    const { orders, positions } = this.#core.state;
    const position = positions.get(order.symbol);
    const share = Math.abs(closableShare(position, liveOrders(orders, order.symbol), order.agent, order));
    // Whole positions are kept by reduceOnly; a refusal there is worse than an order that the venue cuts.
    const held = position === undefined ? 0 : order.side === 'sell' ? longLots(position) : shortLots(position);
    return order.lots > share && held > share;
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
   * position: the agent's own take-profits are canceled first. Another exit on its way is none of them: it closes what
   * it closes, and whoever comes after it is sized by what is left.
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
    const lotsOf = (orders: Iterable<OrderState>): number =>
      [...orders].reduce((sum, other) => sum + remainingLots(other), 0);
    const bound = order.origin === 'agent' ? this.#core.state.displaced.bounds.find(order.decisionId) : null;
    const isBeyondBound = bound !== null && order.lots > roomBeside(this.#core.state, bound, [...own]);
    if (lotsOf(resting) + order.lots <= held && lotsOf(own) + order.lots <= size && !isBeyondBound) return;
    const making = this.#canceler.cancelMatching(order.symbol, (other) => own.has(other), MAKES_ROOM);
    // RISK: an answer that hangs must not hold up the exit; reduceOnly bounds both. Where others hold a part, both
    // together could close it, so that the exit waits for the proof.
    if (this.#mayCloseOthers(order)) await making;
    else await Promise.race([making, this.#late()]);
  }

  #late(): Promise<void> {
    return new Promise((resolve) => {
      this.#core.ports.time.after(MAKE_WITHIN_MS, resolve, { unref: true });
    });
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
