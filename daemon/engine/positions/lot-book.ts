/**
 * Which lots of a symbol are held, and whose they are: a fold of all that happened to its position, in the venue's order,
 * whenever it is told. What is told late is put in its place, and what follows is folded again. So nothing is taken back, and
 * no order of arrival matters, but for what shares a millisecond.
 */
import type { Side } from '../../core/request.ts';
import type { Gift, LotEntry, LotFill, LotReading, Lots, Owner } from '../words.ts';
import { applyEntry, heldE8, moveLots, NO_LOTS } from './lots.ts';

/** What is so much older than the last entry is summed up, ms: no report or reading comes that late. */
const KEEP_MS = 10 * 60_000;
/** Whether their trades are read or not. */
const MAX_ENTRIES = 1_000;

export interface LotBook {
  /** What is summed up. */
  base: Lots;
  /** The last reading that is in it, and its record; fills of until then are contained. */
  baseReadMs: number;
  baseReadSeq: number;
  /** Whose lots are not as nobody's: those of any other agent are. Null: of all agents. */
  holder: Owner;
  /** In the venue's order. */
  entries: LotEntry[];
  /** After the last entry. */
  lots: Lots;
}

export function createLotBook(): LotBook {
  return { base: NO_LOTS, baseReadMs: 0, baseReadSeq: 0, holder: null, entries: [], lots: NO_LOTS };
}

// --- fills -------------------------------------------------------------------------------------------------------------

/** What fills opened, as it is known after one more. */
export interface Openings {
  /** Client ids of orders that opened more than was known: a late fill closes what a later one was taken to have closed. */
  readonly orders: readonly string[];
  /** Of the last fill that opened, in the venue's order; null: none did since. */
  readonly lastSide: Side | null;
}

/** Puts a fill in its place. */
export function addFill(book: LotBook, told: LotFill): Openings {
  const fill = notBefore(book, told);
  const place = placeOf(book.entries, fill);
  const lots = foldUntil(book, place);
  const later = book.entries.slice(place);
  const before = openingsIn(later, lots, book.holder);
  // What is summed up contains it: it moves no lots of those that follow.
  const isKnown = isInBase(book, told);
  const after = isKnown
    ? [...openingsIn([fill], lots, book.holder), ...before]
    : openingsIn([fill, ...later], lots, book.holder);
  if (!isKnown) add(book, fill);
  const known = new Map(before.map(({ entry, openedE8 }) => [entry, openedE8]));
  return {
    orders: after.flatMap(({ entry, openedE8 }) =>
      entry.order !== null && openedE8 > (known.get(entry) ?? 0) ? [entry.order] : [],
    ),
    lastSide: sideOf(after.findLast(({ entry }) => entry.order !== null)?.entry.quantityE8 ?? 0),
  };
}
/** Fills that opened lots, or repaid some. */
function openingsIn(
  entries: readonly LotEntry[],
  before: Lots,
  holder: Owner,
): readonly { readonly entry: LotFill; readonly openedE8: number }[] {
  let lots = before;
  return entries.flatMap((entry) => {
    const openedE8 = entry.kind === 'fill' ? Math.abs(moveLots(lots, entry, holder).openedE8) : 0;
    lots = applyEntry(lots, entry, holder);
    return entry.kind === 'fill' && openedE8 > 0 ? [{ entry, openedE8 }] : [];
  });
}
function sideOf(quantityE8: number): Side | null {
  if (quantityE8 === 0) return null;
  return quantityE8 > 0 ? 'buy' : 'sell';
}

/**
 * RISK: clocks err. Whatever they say, no fill of an order that was decided after a record is in a reading or gift of that. One
 * that a later reading contains it is in all the same, where a gift is dated ahead of that reading.
 */
function notBefore({ entries }: LotBook, fill: LotFill): LotFill {
  const until = entries.findIndex((entry) => isIn(entry, fill));
  const before = until === -1 ? entries : entries.slice(0, until);
  const last = before.findLast((entry) => entry.kind !== 'fill' && entry.seq < fill.seq);
  return last === undefined || last.atMs <= fill.atMs ? fill : { ...fill, atMs: last.atMs };
}
function isInBase({ baseReadMs, baseReadSeq }: LotBook, { atMs, seq }: Pick<LotFill, 'atMs' | 'seq'>): boolean {
  return atMs <= baseReadMs && seq <= baseReadSeq;
}

/** A trade tells when lots filled of which an order's report had told later. */
export function dateFill(
  book: LotBook,
  order: string,
  trade: { quantityE8: number; atMs: number; number: number },
): void {
  let left = trade.quantityE8;
  let moved = 0;
  const dateEntry = (entry: LotEntry): readonly LotEntry[] => {
    if (left === 0 || entry.kind !== 'fill' || entry.order !== order || entry.trade !== null) return [entry];
    const quantityE8 = Math.sign(entry.quantityE8) * Math.min(left, Math.abs(entry.quantityE8));
    left -= Math.abs(quantityE8);
    const rest = { ...entry, quantityE8: entry.quantityE8 - quantityE8 };
    // A report had them: they did not fill later than that.
    const isThen = entry.atMs <= trade.atMs;
    if (!isThen) moved += quantityE8;
    return [
      ...(isThen ? [{ ...entry, quantityE8, trade: trade.number }] : []),
      ...(rest.quantityE8 === 0 ? [] : [rest]),
    ];
  };
  const of = book.entries.find((entry) => entry.kind === 'fill' && entry.order === order && entry.trade === null);
  if (of?.kind !== 'fill') return;
  book.entries = book.entries.flatMap(dateEntry);
  if (moved === 0) {
    sumUp(book);
    return;
  }
  book.lots = fold(book.entries, book);
  addFill(book, { ...of, quantityE8: moved, atMs: trade.atMs, trade: trade.number });
}

// --- readings ----------------------------------------------------------------------------------------------------------

/** A reading of the account as it is believed. */
export interface BelievedReading {
  readonly quantityE8: number;
  /** Until when it shows the position; null: it does not say. */
  readonly shownMs: number | null;
  /** Since when readings have shown the same, as they were asked for. */
  readonly sinceMs: number;
  /** Its record. */
  readonly seq: number;
}

/**
 * A reading is believed. RISK: another one may have been of before: where this one shows what has stood since before that, the
 * other never was, and what it took from anybody is given back.
 */
export function believe(book: LotBook, { quantityE8, seq, shownMs, sinceMs }: BelievedReading): void {
  const lastFillMs = lastFillIn(book);
  const atMs = shownMs !== null && shownMs >= lastFillMs ? shownMs : Math.max(sinceMs, lastFillMs);
  book.entries = book.entries.filter((entry) => entry.kind !== 'read' || entry.atMs < atMs);
  book.lots = fold(book.entries, book);
  add(book, { kind: 'read', atMs, seq, quantityE8 });
}

/** A believed reading contains the fill, as far as that can be known: two fills can share a millisecond. */
export function contains(book: LotBook, fill: Pick<LotFill, 'atMs' | 'seq'>): boolean {
  const { atMs, seq } = fill;
  const read = lastRead(book);
  if (isInBase(book, fill)) return true;
  return read !== null && seq <= read.seq && atMs <= read.atMs;
}

/** What was held at an instant; null: fills alone do not explain what is held since, but a reading. */
export function heldAt(book: LotBook, atMs: number): number | null {
  const { entries } = book;
  const until = entries.findIndex((entry) => entry.atMs > atMs);
  if (until === -1) return heldE8(book.lots);
  const then = foldUntil(book, until);
  let lots = then;
  for (const entry of entries.slice(until)) {
    if (entry.kind === 'read' && entry.quantityE8 !== heldE8(lots)) return null;
    lots = applyEntry(lots, entry, book.holder);
  }
  return heldE8(then);
}

// --- owners ------------------------------------------------------------------------------------------------------------

/** Whatever is held has another owner from then on. */
export function give(book: LotBook, gift: Gift): void {
  add(book, { kind: 'given', ...gift, atMs: Math.max(gift.atMs, book.entries.at(-1)?.atMs ?? 0) });
}

// --- entries -----------------------------------------------------------------------------------------------------------

function lastFillIn({ entries }: LotBook): number {
  return entries.findLast(({ kind }) => kind === 'fill')?.atMs ?? 0;
}
function lastRead({ entries }: LotBook): LotReading | null {
  return entries.findLast((entry): entry is LotReading => entry.kind === 'read') ?? null;
}

function foldUntil(book: LotBook, until: number): Lots {
  return until === book.entries.length ? book.lots : fold(book.entries.slice(0, until), book);
}
function fold(entries: readonly LotEntry[], { base, holder }: LotBook): Lots {
  return entries.reduce((lots, entry) => applyEntry(lots, entry, holder), base);
}

/** Puts an entry in its place. What is behind it is folded again. */
function add(book: LotBook, entry: LotEntry): void {
  const { entries } = book;
  const place = placeOf(entries, entry);
  const isLast = place === entries.length;
  entries.splice(place, 0, entry);
  book.lots = isLast ? applyEntry(book.lots, entry, book.holder) : fold(entries, book);
  sumUp(book);
}

/** Nothing while trades are still to be read, which may say that lots filled before all that is kept. */
function sumUp(book: LotBook): void {
  const { entries } = book;
  const untilMs = entries.at(-1)!.atMs - KEEP_MS;
  const old = entries.findIndex(({ atMs }) => atMs >= untilMs);
  const count = entries.length > MAX_ENTRIES ? entries.length - MAX_ENTRIES : old;
  if (count === 0 || (entries.length <= MAX_ENTRIES && !entries.every(isExact))) return;
  for (const entry of entries.splice(0, count)) {
    book.base = applyEntry(book.base, entry, book.holder);
    if (entry.kind !== 'read') continue;
    book.baseReadMs = entry.atMs;
    book.baseReadSeq = entry.seq;
  }
}
function isExact(entry: LotEntry): boolean {
  return entry.kind !== 'fill' || entry.trade !== null || entry.order === null;
}

/** A reading contains the fill. */
function isIn(known: LotEntry, { atMs, seq }: LotFill): boolean {
  return known.kind === 'read' && seq <= known.seq && atMs <= known.atMs;
}

/** Behind all that come before it in the venue's order, and before whatever contains it. */
function placeOf(entries: readonly LotEntry[], entry: LotEntry): number {
  const first = entry.kind === 'fill' ? entries.findIndex((known) => isIn(known, entry)) : -1;
  let at = first === -1 ? entries.length : first;
  while (at > 0 && compare(entries[at - 1]!, entry) > 0) at -= 1;
  return at;
}

const RANK = { fill: 0, read: 1, given: 2 } as const;

/**
 * A fill is of before whatever else is dated at its instant: a report is of then at the latest, and a reading contains it, but
 * for what was recorded before its order was decided.
 */
function compare(known: LotEntry, added: LotEntry): number {
  if (known.atMs !== added.atMs) return known.atMs - added.atMs;
  if (added.kind !== 'fill') return RANK[known.kind] - RANK[added.kind];
  if (known.kind !== 'fill') return known.seq < added.seq ? -1 : 1;
  const [first, second] = [known.trade ?? 0, added.trade ?? 0];
  // Without a number of both, what is told later is of later.
  return first > 0 && second > 0 ? first - second : 0;
}
