import { HashIndex, hashOf } from './hash-index.ts';
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

const PAGE_ROWS = 256;
/** What a group is found by. */
export type Tag = 'client' | 'decision' | 'venue';
const SEEDS: { readonly [tag in Tag]: number } = { client: 11, decision: 23, venue: 47 };

/** Key of an order in the venue's numbers; null: it has none. */
export function venueKeyOf({ symbol, venueOrderId }: Pick<OrderState, 'symbol' | 'venueOrderId'>): string | null {
  return venueOrderId === null ? null : `${symbol} ${venueOrderId}`;
}

/**
 * Ended orders of the last days, with the targets of exits, as one short text for each decision: a fifth of what the
 * objects take. Whoever reads one gets a frozen copy. An event that concerns one brings the objects back first
 * (gate/state/settle.ts).
 */
export class SettledOrders {
  /** Oldest first; null: it has left. Columns take a third of what objects would. */
  #rows: (string | null)[] = [];
  /** No order of a row, nor of an older one, was planned after this. */
  #untilMs: number[] = [];
  /** Orders of a row that have not left: they leave together, each at its time. */
  #ordersLeft: number[] = [];
  /** 1: the target of a row has not left. */
  #targetsLeft: number[] = [];
  /** Shared text of a row's first order. */
  #firsts: number[] = [];
  /** Number of the first row. */
  #base = 0;
  /** Rows at the front that have left. */
  #gone = 0;
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
        rows: pagesOf(view.#rows),
        untilMs: view.#untilMs,
        ordersLeft: view.#ordersLeft,
        targetsLeft: view.#targetsLeft,
        firsts: view.#firsts,
        base: view.#base,
        texts: view.#texts,
        uses: view.#uses,
        numbers: view.#numbers,
        index: view.#index,
      }),
      (kept) => {
        const made = new SettledOrders();
        made.#rows = kept.rows.flat();
        made.#untilMs = kept.untilMs;
        made.#ordersLeft = kept.ordersLeft;
        made.#targetsLeft = kept.targetsLeft;
        made.#firsts = kept.firsts;
        made.#base = kept.base;
        made.#texts = kept.texts;
        made.#uses = kept.uses;
        made.#numbers = kept.numbers;
        made.#index = kept.index;
        return made;
      },
    );
  }

  get isEmpty(): boolean {
    return this.#rows.length === 0;
  }

  /** Number of its row; null: it cannot be kept as a text. */
  add(group: SettledGroup): number | null {
    const fresh: number[] = [];
    const text = writeGroup(group, this.#sharing(fresh));
    const shared = text === null ? [] : numbersIn(text);
    for (const used of shared) this.#uses[used]! += 1;
    for (const used of fresh) this.#dropUnused(used);
    if (text === null) return null;
    const number = this.#base + this.#rows.length;
    this.#rows.push(text);
    this.#untilMs.push(Math.max(this.#untilMs.at(-1) ?? 0, ...group.orders.map(({ plannedAtMs }) => plannedAtMs)));
    this.#ordersLeft.push(group.orders.length);
    this.#targetsLeft.push(group.target === null ? 0 : 1);
    this.#firsts.push(shared[0] ?? 0);
    for (const [tag, key] of keysOf(group)) this.#index.add(hashOf(SEEDS[tag], key), number);
    return number;
  }

  #sharing(fresh: number[]): SharedTexts {
    return {
      numberOf: (text) => {
        const known = this.#numbers.get(text);
        if (known !== undefined) return known;
        const free = this.#texts.indexOf(null);
        const number = free < 0 ? this.#texts.length : free;
        this.#texts[number] = text;
        this.#uses[number] = 0;
        this.#numbers.set(text, number);
        fresh.push(number);
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

  /** The row with a key; null: there is none. Its orders, or its target, may have left. */
  find(tag: Tag, key: string): number | null {
    if (this.#rows.length === 0) return null;
    for (const number of this.#index.find(hashOf(SEEDS[tag], key))) {
      if (this.#textAt(number) === null) continue;
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
    return this.#ordersLeft[number - this.#base] ?? 0;
  }
  hasTarget(number: number): boolean {
    return this.#targetsLeft[number - this.#base] === 1;
  }

  /** A frozen copy. What is read twice in a row is the same one. */
  read(number: number): SettledGroup {
    if (this.#read?.number === number) return this.#read.group;
    const group = this.#parse(number);
    for (const order of group.orders) Object.freeze(order);
    for (const part of group.target?.allotments ?? []) Object.freeze(part);
    if (group.target !== null) {
      Object.freeze(group.target.allotments);
      Object.freeze(group.target);
    }
    this.#read = { number, group };
    return group;
  }
  #parse(number: number): SettledGroup {
    const text = this.#textAt(number);
    if (text === null) throw new Error(`there is no row ${number}`);
    return readGroup(text, this.#sharing([]));
  }
  #textAt(number: number): string | null {
    return this.#rows[number - this.#base] ?? null;
  }

  /** Numbers of all rows, oldest first. */
  *numbers(): Generator<number, void> {
    for (let i = 0; i < this.#rows.length; i += 1) if (this.#rows[i] !== null) yield this.#base + i;
  }

  /**
   * Those whose orders have not left, in which `isWanted` holds: the last settled first, and when the last order of it
   * or of an older one was planned.
   */
  *newest(isWanted: (name: Named) => boolean): Generator<{ readonly number: number; readonly untilMs: number }, void> {
    const wanted = this.#texts.map((text) => text !== null && isOfOrder(text) && isWanted(nameIn(text)));
    for (let i = this.#rows.length - 1; i >= 0; i -= 1) {
      if (this.#rows[i] == null || this.#ordersLeft[i] === 0 || wanted[this.#firsts[i]!] !== true) continue;
      yield { number: this.#base + i, untilMs: this.#untilMs[i]! };
    }
  }

  /** Agents and symbols of orders; some more than once. */
  *named(): Generator<Named, void> {
    for (const text of this.#texts) if (text !== null && isOfOrder(text)) yield nameIn(text);
  }

  /** One of its orders has become too old. */
  dropOrder(number: number): void {
    this.#ordersLeft[number - this.#base]! -= 1;
    this.#dropIfEmpty(number);
  }
  /** Its target has. */
  dropTarget(number: number): void {
    this.#targetsLeft[number - this.#base] = 0;
    this.#dropIfEmpty(number);
  }
  #dropIfEmpty(number: number): void {
    if (!this.hasOrders(number) && !this.hasTarget(number)) this.#drop(number);
  }

  /** The objects of a row, which is no more. */
  take(number: number): SettledGroup {
    const group = this.#parse(number);
    this.#drop(number);
    return group;
  }

  #drop(number: number): void {
    for (const shared of numbersIn(this.#textAt(number) ?? '')) {
      this.#uses[shared]! -= 1;
      this.#dropUnused(shared);
    }
    this.#rows[number - this.#base] = null;
    if (this.#read?.number === number) this.#read = null;
    while (this.#gone < this.#rows.length && this.#rows[this.#gone] === null) this.#gone += 1;
    const gone = this.#gone;
    if (gone < this.#rows.length && (gone < 1_024 || gone * 2 < this.#rows.length)) return;
    this.#rows = this.#rows.slice(gone);
    this.#untilMs = this.#untilMs.slice(gone);
    this.#ordersLeft = this.#ordersLeft.slice(gone);
    this.#targetsLeft = this.#targetsLeft.slice(gone);
    this.#firsts = this.#firsts.slice(gone);
    this.#base += gone;
    this.#gone = 0;
    this.#index.dropBefore(this.#base);
  }
}

/** Of a checkpoint, whose lines are read one after the other. */
function pagesOf(rows: readonly (string | null)[]): readonly (readonly (string | null)[])[] {
  const pages: (readonly (string | null)[])[] = [];
  for (let from = 0; from < rows.length; from += PAGE_ROWS) pages.push(rows.slice(from, from + PAGE_ROWS));
  return pages;
}

function* keysOf({ decisionId, orders }: SettledGroup): Generator<readonly [Tag, string], void> {
  if (decisionId !== null) yield ['decision', decisionId];
  for (const order of orders) {
    yield ['client', order.clientOrderId];
    const venueKey = venueKeyOf(order);
    if (venueKey !== null) yield ['venue', venueKey];
  }
}
