import { HashIndex, hashOf } from './hash-index.ts';
import { IntColumn } from './int-column.ts';
import { keeps } from './keep.ts';
import type { OrderState } from './order.ts';
import {
  isOfOrder,
  type Named,
  nameIn,
  numbersIn,
  readGroup,
  type SettledGroup,
  type SharedTexts,
  writeGroup,
} from './settled-text.ts';
import { BLOCK_ROWS, TextRows } from './text-rows.ts';

/** What a group is found by. */
export type Tag = 'client' | 'decision' | 'venue';
const SEEDS: { readonly [tag in Tag]: number } = { client: 11, decision: 23, venue: 47 };

/** Key of an order in the venue's numbers; null: it has none. */
export function venueKeyOf({ symbol, venueOrderId }: Pick<OrderState, 'symbol' | 'venueOrderId'>): string | null {
  return venueOrderId === null ? null : `${symbol} ${venueOrderId}`;
}

/**
 * Ended orders of the last days, with the claims of exits, as one short text for each decision, most of them packed: a
 * twentieth of what the objects take. Whoever reads one gets a frozen copy. An event that concerns one brings the objects
 * back first (gate/state/settle.ts).
 */
export class SettledOrders {
  /** Also of rows that have left since, behind the oldest one that has not. */
  #rows = new TextRows();
  /** What has not left of each row: 2 for each of its orders, which leave together, each at its time; 1 for its claim. */
  #left = new IntColumn();
  /** Shared text of each row's first order. */
  #firsts = new IntColumn();
  /** By blocks of rows: no order of such a row, nor of an older one, was planned after this. */
  #untilMs: number[] = [];
  /** Rows of which something is left. */
  #held = 0;
  /** All before it have left. */
  #oldest = 0;
  /** Shared texts by number, how many rows use each, and the numbers by text. */
  #texts: (string | null)[] = [];
  #uses: number[] = [];
  #numbers = new Map<string, number>();
  #index = new HashIndex();
  /** What was read last: it is asked for several times in a row. */
  #read: { readonly number: number; readonly group: SettledGroup } | null = null;

  static {
    keeps(
      SettledOrders,
      (view) => ({
        rows: view.#rows,
        left: view.#left,
        firsts: view.#firsts,
        untilMs: view.#untilMs,
        held: view.#held,
        texts: view.#texts,
        uses: view.#uses,
        numbers: view.#numbers,
        index: view.#index,
      }),
      (kept) => {
        const made = new SettledOrders();
        made.#rows = kept.rows;
        made.#left = kept.left;
        made.#firsts = kept.firsts;
        made.#untilMs = kept.untilMs;
        made.#held = kept.held;
        made.#oldest = kept.rows.from;
        made.#texts = kept.texts;
        made.#uses = kept.uses;
        made.#numbers = kept.numbers;
        made.#index = kept.index;
        return made;
      },
    );
  }

  get isEmpty(): boolean {
    return this.#held === 0;
  }

  /** Number of its row; null: it cannot be kept as a text. */
  add(group: SettledGroup): number | null {
    const shared: number[] = [];
    const text = writeGroup(group, this.#sharing(shared));
    if (text !== null) for (const used of shared) this.#uses[used]! += 1;
    for (const used of shared) this.#dropUnused(used);
    if (text === null) return null;
    const number = this.#rows.push(text);
    this.#left.push(2 * group.orders.length + (group.claim === null ? 0 : 1));
    // That of the claim was told before those of the orders.
    this.#firsts.push(shared[group.claim === null ? 0 : 1] ?? 0);
    this.#held += 1;
    const block = Math.floor((number - this.#rows.from) / BLOCK_ROWS);
    const plannedMs = group.orders.map(({ plannedAtMs }) => plannedAtMs);
    this.#untilMs[block] = Math.max(this.#untilMs.at(-1) ?? 0, ...plannedMs);
    for (const [tag, key] of keysOf(group)) this.#index.add(hashOf(SEEDS[tag], key), number);
    return number;
  }

  /** `told`: numbers that were asked for are added to it. */
  #sharing(told: number[]): SharedTexts {
    return {
      numberOf: (text) => {
        const known = this.#numbers.get(text);
        if (known !== undefined) {
          told.push(known);
          return known;
        }
        const free = this.#texts.indexOf(null);
        const number = free < 0 ? this.#texts.length : free;
        this.#texts[number] = text;
        this.#uses[number] = 0;
        this.#numbers.set(text, number);
        told.push(number);
        return number;
      },
      textOf: (number) => this.#texts[number] ?? '',
    };
  }
  #dropUnused(number: number): void {
    const text = this.#texts[number];
    if (this.#uses[number] !== 0 || text == null) return;
    this.#numbers.delete(text);
    this.#texts[number] = null;
  }

  /** The row with a key; null: there is none. Its orders, or its claim, may have left. */
  find(tag: Tag, key: string): number | null {
    if (this.isEmpty) return null;
    for (const number of this.#index.find(hashOf(SEEDS[tag], key))) {
      if (this.#leftOf(number) === 0) continue;
      for (const [itsTag, itsKey] of keysOf(this.read(number))) if (itsTag === tag && itsKey === key) return number;
    }
    return null;
  }
  /** The same, while its orders have not left. */
  findOrders(tag: Tag, key: string): SettledGroup | null {
    const number = this.find(tag, key);
    return number === null || !this.hasOrders(number) ? null : this.read(number);
  }
  hasOrders(number: number): boolean {
    return this.ordersLeft(number) > 0;
  }
  ordersLeft(number: number): number {
    return this.#leftOf(number) >> 1;
  }
  hasClaim(number: number): boolean {
    return this.#leftOf(number) % 2 === 1;
  }
  #leftOf(number: number): number {
    return this.#left.at(number - this.#rows.from);
  }

  /** A frozen copy. What is read twice in a row is the same one. */
  read(number: number): SettledGroup {
    if (this.#read?.number === number) return this.#read.group;
    const group = this.#parse(number);
    for (const order of group.orders) Object.freeze(order);
    if (group.claim !== null) {
      Object.freeze(group.claim.orders);
      Object.freeze(group.claim);
    }
    this.#read = { number, group };
    return group;
  }
  #parse(number: number): SettledGroup {
    const text = this.#textOf(number);
    return readGroup(text, this.#sharing([]));
  }
  #textOf(number: number): string {
    const text = this.#leftOf(number) === 0 ? null : this.#rows.get(number);
    if (text === null) throw new Error(`there is no row ${number}`);
    return text;
  }

  /** Numbers of all rows, oldest first. */
  *numbers(): Generator<number, void> {
    for (let number = this.#oldest; number < this.#rows.end; number += 1) if (this.#leftOf(number) !== 0) yield number;
  }

  /**
   * Those whose orders have not left, in which `isWanted` holds: the last settled first, and an instant after which no
   * order of it or of an older one was planned.
   */
  *newest(isWanted: (name: Named) => boolean): Generator<{ readonly number: number; readonly untilMs: number }, void> {
    const wanted = this.#texts.map((text) => text !== null && isOfOrder(text) && isWanted(nameIn(text)));
    for (let number = this.#rows.end - 1; number >= this.#oldest; number -= 1) {
      const at = number - this.#rows.from;
      if (!this.hasOrders(number) || wanted[this.#firsts.at(at)] !== true) continue;
      yield { number, untilMs: this.#untilMs[Math.floor(at / BLOCK_ROWS)]! };
    }
  }

  /** Agents and symbols of orders; some more than once. */
  *named(): Generator<Named, void> {
    for (const text of this.#texts) if (text !== null && isOfOrder(text)) yield nameIn(text);
  }

  /** One of its orders has become too old. */
  dropOrder(number: number): void {
    if (this.hasOrders(number)) this.#leave(number, this.#leftOf(number) - 2);
  }
  /** Its claim has. */
  dropClaim(number: number): void {
    if (this.hasClaim(number)) this.#leave(number, this.#leftOf(number) - 1);
  }
  #leave(number: number, left: number): void {
    if (left === 0) this.#drop(number);
    else this.#left.set(number - this.#rows.from, left);
  }

  /** The objects of a row, which is no more. */
  take(number: number): SettledGroup {
    const group = this.#parse(number);
    this.#drop(number);
    return group;
  }

  #drop(number: number): void {
    for (const shared of numbersIn(this.#textOf(number))) {
      this.#uses[shared]! -= 1;
      this.#dropUnused(shared);
    }
    this.#left.set(number - this.#rows.from, 0);
    this.#held -= 1;
    if (this.#read?.number === number) this.#read = null;
    while (this.#oldest < this.#rows.end && this.#leftOf(this.#oldest) === 0) this.#oldest += 1;
    const gone = this.#rows.dropBefore(this.#oldest);
    if (gone === 0) return;
    this.#left.dropFirst(gone);
    this.#firsts.dropFirst(gone);
    this.#untilMs.splice(0, gone / BLOCK_ROWS);
    this.#index.dropBefore(this.#rows.from);
  }
}

function* keysOf({ decisionId, orders }: SettledGroup): Generator<readonly [Tag, string], void> {
  if (decisionId !== null) yield ['decision', decisionId];
  for (const order of orders) {
    yield ['client', order.clientOrderId];
    const venueKey = venueKeyOf(order);
    if (venueKey !== null) yield ['venue', venueKey];
  }
}
