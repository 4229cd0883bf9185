import type { EngineCore } from '../flow/core.ts';
import { everyLiveOrder, isResting, isUnknown, type OrderState } from '../orders/orders.ts';

/** So long something may stay as it should not be before a person is told, wall ms. */
const SLOW_MS = 60_000;
/** Between two looks: rounds of the feeds are many a second, wall ms. */
const LOOK_EVERY_MS = 1_000;
/** Between two alerts of a group in which something stays so, wall ms. */
const TELL_EVERY_MS = 3_600_000;

export interface SlowWatchParts<T> {
  /** All that is so now. */
  readonly find: () => readonly T[];
  /** Of those of one group the first is told of, and how many others there are. */
  readonly groupOf: (item: T) => string;
  /** While this changes it gets on; without it, nothing does but its end. */
  readonly progressOf?: (item: T) => number;
  /** `seconds`: for how long; `others`: in words, empty where there are none. */
  readonly tell: (item: T, seconds: number, others: string) => void;
}

/** What stays as it should not be, while the daemon goes on trying by itself: a person is told after a while. */
export class SlowWatch<T> {
  readonly #core: EngineCore;
  readonly #parts: SlowWatchParts<T>;
  readonly #since = new Map<T, { readonly atMs: number; readonly progress: number }>();
  readonly #reportedAt = new Map<string, number>();
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(core: EngineCore, parts: SlowWatchParts<T>) {
    this.#core = core;
    this.#parts = parts;
  }

  /** Called in every round. */
  look(): void {
    const now = this.#core.ports.time.monotonicMs();
    if (now - this.#lookedAt < LOOK_EVERY_MS) return;
    this.#lookedAt = now;
    const found = this.#parts.find();
    if (found.length === 0 && this.#since.size === 0) return;
    const gone = new Set(this.#since.keys());
    for (const item of found) {
      gone.delete(item);
      const progress = this.#parts.progressOf?.(item) ?? 0;
      if (this.#since.get(item)?.progress !== progress) this.#since.set(item, { atMs: now, progress });
    }
    for (const item of gone) this.#since.delete(item);
    const slow = new Map<string, T[]>();
    for (const [item, { atMs }] of this.#since) {
      if (now - atMs < SLOW_MS) continue;
      const group = this.#parts.groupOf(item);
      slow.set(group, [...(slow.get(group) ?? []), item]);
    }
    for (const group of this.#reportedAt.keys()) if (!slow.has(group)) this.#reportedAt.delete(group);
    for (const [group, [first, ...others]] of slow) {
      if (first === undefined || now - (this.#reportedAt.get(group) ?? Number.NEGATIVE_INFINITY) < TELL_EVERY_MS)
        continue;
      this.#reportedAt.set(group, now);
      const seconds = Math.round((now - (this.#since.get(first)?.atMs ?? now)) / 1_000);
      this.#parts.tell(first, seconds, others.length === 0 ? '' : `; ${others.length} more of ${group} likewise`);
    }
  }
}

/** Live orders that stay as they should not be; called in every round. */
function watch(
  core: EngineCore,
  isWrong: (order: OrderState) => boolean,
  tell: (order: OrderState, seconds: number, others: string) => void,
): () => void {
  const slow = new SlowWatch<OrderState>(core, {
    find: () => everyLiveOrder(core.state.orders).filter(isWrong),
    groupOf: ({ symbol }) => symbol,
    tell,
  });
  return () => slow.look();
}

/**
 * Orders that stay although their cancel was asked for. RISK: the cancel is asked for again and again; whoever halted, or
 * tightened a cap, would take an order for gone that can still fill, and a stop of an old position would close the next.
 */
export function watchCancels(core: EngineCore): () => void {
  return watch(core, isStaying, (order, seconds, others) =>
    core.alert(
      'CANCEL_FAILED',
      `the cancel of ${order.clientOrderId} was asked for ${seconds} s ago, and it is ${order.status} (${order.cancelRefusal ?? 'no answer'}); it is asked for again${others}`,
      order.symbol,
    ),
  );
}
/** What is lost has an alert of its own. */
function isStaying(order: OrderState): boolean {
  return order.cancelRequested && (isResting(order) || isUnknown(order));
}

/**
 * Openings and changes of which no answer tells what became of them, as look-ups fail. RISK: what they have opened is
 * nobody's to close but an operator's. Exits and stops are told of by what they are for.
 */
export function watchUnknown(core: EngineCore): () => void {
  return watch(core, isUnknownOpening, (order, seconds, others) =>
    core.alert(
      'ORDER_UNKNOWN',
      `what became of ${order.amendSentByMs === null ? '' : 'the change of '}${order.clientOrderId} is not known for ${seconds} s (${order.detail ?? 'no answer'}): its symbol stays in reducing, and its agent cannot close what it may have opened${others}`,
      order.symbol,
    ),
  );
}
function isUnknownOpening(order: OrderState): boolean {
  return !order.reduceOnly && !order.cancelRequested && (isUnknown(order) || order.amendSentByMs !== null);
}
