import type { GateCore } from '../journal/journal.ts';
import type { Canceler } from '../orders/cancels.ts';
import { findInTheWay, isSibling, leftOf, mayCloseMore, whyTooLarge } from '../plan/exit-room.ts';
import { MAKES_ROOM } from '../state/displaced-exits.ts';
import { isTerminal, liveOrders, type OrderState } from '../state/orders.ts';

/** How long an exit waits until the take-profits in its way are proven canceled, wall ms. */
const MAKE_WITHIN_MS = 1_000;
/** Between two looks at what is not proven canceled yet, wall ms. */
const LOOK_EVERY_MS = 100;

/** Makes the room that an exit needs (`gate/plan/exit-room.ts`). */
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
  readonly #isBound = ({ agent, origin }: OrderState): boolean =>
    origin === 'agent' && agent !== null && this.#core.policyFor(agent).exitScope === 'own';

  /** {@link leftOf} */
  leftOf(order: OrderState): number {
    return leftOf(this.#core.state, order);
  }
  /** {@link whyTooLarge} */
  whyTooLarge(order: OrderState, before: number): string | null {
    return whyTooLarge(this.#core.state, order, before, this.#isBound);
  }

  /** Whether there was a {@link isSibling sibling}, and all are gone. RISK: an answer that hangs holds up agents alone. */
  async cancelSiblings(order: OrderState, refusals: number): Promise<boolean> {
    const siblings = [...liveOrders(this.#core.state.orders, order.symbol)].filter((other) =>
      isSibling(other, order, refusals),
    );
    const canceling = this.#canceler.cancelMatching(order.symbol, (other) => siblings.includes(other), MAKES_ROOM);
    await (order.origin === 'agent' ? canceling : Promise.race([canceling, this.#after(MAKE_WITHIN_MS)]));
    return siblings.length > 0 && siblings.every(({ status }) => isTerminal(status));
  }

  /** {@link findInTheWay} */
  async make(order: OrderState): Promise<void> {
    const own = findInTheWay(this.#core.state, order, this.#isBound);
    if (own.size === 0) return;
    const making = this.#canceler.cancelMatching(order.symbol, (other) => own.has(other), MAKES_ROOM);
    // RISK: an answer that hangs must not hold up the exit; reduceOnly bounds both. Where others hold a part, or where
    // something was opened since, both together could close it, so that the exit waits for the proof.
    if (!this.#mayCloseMore(order)) await Promise.race([making, this.#after(MAKE_WITHIN_MS)]);
    if (!this.#mayCloseMore(order)) return;
    await making;
    // A cancel whose answer was lost is asked for again at every tick.
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

  #mayCloseMore(order: OrderState): boolean {
    return mayCloseMore(this.#core.state, order, this.#isBound);
  }
}
