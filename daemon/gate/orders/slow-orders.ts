import type { GateCore } from '../journal/journal.ts';
import { everyLiveOrder, type OrderState } from '../state/orders.ts';

/** So long an order may be as it should not be before a person is told, wall ms. */
const SLOW_MS = 60_000;
/** Between two alerts of a symbol in which it stays so, wall ms. */
const TELL_EVERY_MS = 3_600_000;

/** Live orders that stay as they should not be, while the daemon goes on trying by itself: told of by symbol. */
export class SlowOrders {
  readonly #core: GateCore;
  readonly #isWrong: (order: OrderState) => boolean;
  readonly #tell: (order: OrderState, seconds: number, more: string) => void;
  /** Since when, wall ms. */
  readonly #since = new Map<OrderState, number>();
  readonly #toldAt = new Map<string, number>();

  constructor(
    core: GateCore,
    isWrong: (order: OrderState) => boolean,
    tell: (order: OrderState, seconds: number, more: string) => void,
  ) {
    this.#core = core;
    this.#isWrong = isWrong;
    this.#tell = tell;
  }

  /** Called in every round. */
  look(): void {
    const now = this.#core.ports.time.monotonicMs();
    for (const order of this.#since.keys()) if (!this.#isWrong(order)) this.#since.delete(order);
    for (const order of everyLiveOrder(this.#core.state.orders))
      if (this.#isWrong(order) && !this.#since.has(order)) this.#since.set(order, now);
    const slow = [...this.#since].filter(([, sinceMs]) => now - sinceMs >= SLOW_MS);
    const symbols = new Set(slow.map(([{ symbol }]) => symbol));
    for (const symbol of this.#toldAt.keys()) if (!symbols.has(symbol)) this.#toldAt.delete(symbol);
    for (const symbol of symbols) {
      if (now - (this.#toldAt.get(symbol) ?? Number.NEGATIVE_INFINITY) < TELL_EVERY_MS) continue;
      this.#toldAt.set(symbol, now);
      const [first, ...others] = slow.filter(([order]) => order.symbol === symbol);
      const more = others.length === 0 ? '' : `; ${others.length} more of ${symbol} likewise`;
      if (first !== undefined) this.#tell(first[0], Math.round((now - first[1]) / 1_000), more);
    }
  }
}

/**
 * Orders that stay although their cancel was asked for. RISK: the cancel is asked for again and again; whoever halted, or
 * tightened a cap, would take an order for gone that can still fill, and a stop of an old position would close the next.
 */
export function watchCancels(core: GateCore): SlowOrders {
  return new SlowOrders(core, isStaying, (order, seconds, more) =>
    core.alert(
      'CANCEL_FAILED',
      `the cancel of ${order.clientOrderId} was asked for ${seconds} s ago, and it is ${order.status} (${order.cancelRefusal ?? 'no answer'}); it is asked for again${more}`,
      order.symbol,
    ),
  );
}
/** What is lost has an alert of its own. */
function isStaying({ cancelRequested, status }: OrderState): boolean {
  return cancelRequested && (status === 'working' || status === 'partially_filled' || status === 'unknown');
}

/**
 * Openings and changes of which no answer tells what became of them, as look-ups fail. RISK: what they have opened is
 * nobody's to close but an operator's. Exits and stops are told of by what they are for.
 */
export function watchUnknown(core: GateCore): SlowOrders {
  return new SlowOrders(core, isUnknown, (order, seconds, more) =>
    core.alert(
      'ORDER_UNKNOWN',
      `what became of ${order.amendSentByMs === null ? '' : 'the change of '}${order.clientOrderId} is not known for ${seconds} s (${order.detail ?? 'no answer'}): its symbol stays in reducing, and its agent cannot close what it may have opened${more}`,
      order.symbol,
    ),
  );
}
function isUnknown({ amendSentByMs, cancelRequested, reduceOnly, status }: OrderState): boolean {
  return !reduceOnly && !cancelRequested && (status === 'unknown' || amendSentByMs !== null);
}
