/**
 * What the lots of a symbol have cost their owners, and what became of it: a fold of trades, gifts, bookings and marks in the
 * venue's order, whenever they are told. What is told late is put in its place, and what follows is folded again:
 * what that had made is taken off the days on which it was made, and what it makes now is added there. So no order of arrival
 * matters. Lots move as those of positions do (lots.ts). Quantities, prices and amounts are integers in units of 1e-8.
 */
import { heldE8 } from '../positions/lots.ts';
import type { Gift, Owner } from '../words.ts';
import { dayOf, type Posting } from './account-days.ts';
import { apply, type CostEntry, type CostTrade, compare, fold, type Held } from './cost-fold.ts';

/** What is older is summed up. */
const MAX_ENTRIES = 1_000;

export interface CostBook {
  readonly symbol: string;
  /** Trades until then are in what was held at first; {@link NOT_BEGUN}: nobody knows yet how much that was. */
  sinceMs: number;
  /** What is summed up. */
  base: Held;
  /** In the venue's order. */
  entries: CostEntry[];
  /** After the last entry. */
  held: Held;
}
export const NOT_BEGUN = Number.POSITIVE_INFINITY;

/** `quantityE8` is nobody's, and has cost `costE8`. */
export function createCostBook(symbol: string, sinceMs: number, quantityE8 = 0, costE8 = 0): CostBook {
  const isHeld = quantityE8 !== 0;
  const base: Held = {
    lots: { parts: isHeld ? [{ owner: null, quantityE8 }] : [], owedE8: 0 },
    costsE8: new Map(isHeld ? [[null, costE8]] : []),
    priceE8: 0,
    dayMs: 0,
    waiting: [],
  };
  return { symbol, sinceMs, base, entries: [], held: base };
}

// --- entries -----------------------------------------------------------------------------------------------------------

/** Takes what an entry makes, or takes it back. */
export type Post = (posting: Posting, sign: 1 | -1, of: CostEntry) => void;

/** Puts entries in their places. */
export function addEntries(book: CostBook, added: readonly CostEntry[], post: Post, keep: number = MAX_ENTRIES): void {
  const entries = [...book.entries];
  const places = added.map((entry) => putIn(entries, entry));
  rewrite(book, Math.min(...places), entries, post);
  book.base = fold(book.base, entries.splice(0, Math.max(0, entries.length - keep)));
}
/** Answers with whose lots it moved, the first where they were several owners'. */
export function addTrade(book: CostBook, trade: CostTrade, post: Post): Owner {
  let owner: Owner | undefined;
  addEntries(book, [trade], (posting, sign, of) => {
    if (of === trade) owner ??= posting.owner;
    post(posting, sign, of);
  });
  return owner ?? trade.owner;
}
/** Whatever is held from now on has another owner. */
export function giveHeld(book: CostBook, gift: Gift, post: Post): void {
  const atMs = Math.max(gift.atMs, book.entries.at(-1)?.atMs ?? 0);
  addEntries(book, [{ kind: 'given', ...gift, atMs }], post);
}

/** Gifts go before the first trade of an order that was decided after them. */
function putIn(entries: CostEntry[], entry: CostEntry): number {
  const place = placeOf(entries, entry);
  entries.splice(place, 0, entry);
  if (entry.kind !== 'trade') return place;
  let first = place;
  for (let at = place + 1; at < entries.length; at += 1) {
    const gift = entries[at]!;
    if (gift.kind !== 'given' || gift.seq >= entry.seq) continue;
    entries.splice(at, 1);
    entries.splice(first, 0, { ...gift, atMs: entry.atMs });
    first += 1;
  }
  return place;
}
function placeOf(entries: readonly CostEntry[], entry: CostEntry): number {
  let place = entries.length;
  while (place > 0 && compare(entries[place - 1]!, entry) > 0) place -= 1;
  return place;
}
/** Entries stand in place of all from a place on; those before it are the same. */
function rewrite(book: CostBook, place: number, entries: CostEntry[], post: Post): void {
  const before = book.entries.slice(place);
  const held = before.length === 0 ? book.held : fold(book.base, entries.slice(0, place));
  fold(held, before, (posting, of) => post(posting, -1, of));
  book.entries = entries;
  book.held = fold(held, entries.slice(place), (posting, of) => post(posting, 1, of));
}

/** Takes all entries out, and back what they made. */
export function takeOut(book: CostBook, post: Post): readonly CostEntry[] {
  const { entries } = book;
  rewrite(book, 0, [], post);
  return entries;
}
/** The clock was set back: what lies after that has happened by now. */
export function putSetBack(book: CostBook, told: readonly CostEntry[], nowMs: number, post: Post): void {
  if (book.sinceMs !== NOT_BEGUN) book.sinceMs = Math.min(book.sinceMs, nowMs);
  const moved = <E extends CostEntry>(entry: E): E => ({ ...entry, atMs: Math.min(entry.atMs, nowMs) });
  const waiting = book.base.waiting.map((exit) => ({ ...exit, trade: moved(exit.trade) }));
  book.base = { ...book.base, dayMs: Math.min(book.base.dayMs, dayOf(nowMs)), waiting };
  book.held = book.base;
  rewrite(book, 0, told.map(moved), post);
}

/** Whether trades have closed all that was held at some instant after that. */
export function wasFlatSince({ base, entries }: CostBook, atMs: number): boolean {
  let held = base;
  return entries.some((entry) => {
    const before = heldE8(held.lots);
    held = apply(held, entry);
    return entry.kind === 'trade' && entry.atMs > atMs && before !== 0 && heldE8(held.lots) === 0;
  });
}
