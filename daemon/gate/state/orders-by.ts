import { keeps } from './keep.ts';
import type { OrderState } from './order.ts';
import { type SettledOrders, type Tag, venueKeyOf } from './settled-orders.ts';
import type { SettledGroup } from './settled-text.ts';

type Picked<T extends Tag> = T extends 'decision' ? readonly OrderState[] : OrderState;

/** Orders by one of their keys: objects, and behind them what is settled. A map of objects to whoever changes it. */
export class OrdersBy<T extends Tag, Held extends Picked<T> = Picked<T>> {
  readonly #tag: T;
  readonly #settled: SettledOrders;
  #held = new Map<string, Held>();

  static {
    keeps(
      OrdersBy<Tag>,
      (view) => ({ tag: view.#tag, settled: view.#settled, held: view.#held }),
      (kept) => {
        const made = new OrdersBy<Tag>(kept.tag, kept.settled);
        made.#held = kept.held;
        return made;
      },
    );
  }

  constructor(tag: T, settled: SettledOrders) {
    this.#tag = tag;
    this.#settled = settled;
  }

  /** Those that are not settled: an event changes them as they are. */
  get held(): ReadonlyMap<string, Held> {
    return this.#held;
  }
  /** Of what is settled, a frozen copy. */
  get(key: string): Held | Picked<T> | undefined {
    const held = this.#held.get(key);
    if (held !== undefined || this.#settled.isEmpty) return held;
    const group = this.#settled.findOrders(this.#tag, key);
    return group === null ? undefined : this.#pick(group, key);
  }
  has(key: string): boolean {
    return this.#held.has(key) || (!this.#settled.isEmpty && this.#settled.findOrders(this.#tag, key) !== null);
  }
  set(key: string, value: Held): void {
    this.#held.set(key, value);
  }
  delete(key: string): void {
    this.#held.delete(key);
  }

  get size(): number {
    let size = 0;
    for (const _ of this.keys()) size += 1;
    return size;
  }
  *keys(): Generator<string, void> {
    for (const [key] of this.entries()) yield key;
  }
  *values(): Generator<Held | Picked<T>, void> {
    for (const [, value] of this.entries()) yield value;
  }
  *entries(): Generator<readonly [string, Held | Picked<T>], void> {
    yield* this.#held;
    for (const number of this.#settled.numbers()) {
      if (!this.#settled.hasOrders(number)) continue;
      const group = this.#settled.read(number);
      for (const key of this.#keysOf(group)) yield [key, this.#pick(group, key) as Picked<T>];
    }
  }
  [Symbol.iterator](): Generator<readonly [string, Held | Picked<T>], void> {
    return this.entries();
  }

  #keysOf({ decisionId, orders }: SettledGroup): readonly string[] {
    switch (this.#tag as Tag) {
      case 'client':
        return orders.map(({ clientOrderId }) => clientOrderId);
      case 'decision':
        return decisionId === null ? [] : [decisionId];
      case 'venue':
        return orders.flatMap((order) => venueKeyOf(order) ?? []);
    }
  }
  #pick({ orders }: SettledGroup, key: string): Picked<T> | undefined {
    const picked = (): OrderState | readonly OrderState[] | undefined => {
      switch (this.#tag as Tag) {
        case 'client':
          return orders.find(({ clientOrderId }) => clientOrderId === key);
        case 'decision':
          return orders;
        case 'venue':
          return orders.find((order) => venueKeyOf(order) === key);
      }
    };
    return picked() as Picked<T> | undefined;
  }
}
