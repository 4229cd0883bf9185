/**
 * The lot book: which lots are held, and whose they are. It is a fold of all fills in the venue's order, whenever they are
 * told: a fill that is told late is put in its place, and what follows is folded again. Nothing is taken back, and no
 * order of arrival matters.
 */
import type { LotOrder, LotRecord, Lots } from '../words.ts';
import { applyEntry, copyLots, type Entry, type FoldedLots, noLots } from './lots.ts';

/** What is older than this, and exact, is summed up, ms. */
const KEEP_MS = 10 * 60_000;
/** Lots are kept after each of so many entries, so that a late fill is folded from there. */
const MARK_EVERY = 32;

export interface LotBook {
  readonly symbols: Map<string, SymbolLots>;
  readonly orders: Map<string, OrderFills>;
  readonly keepMs: number;
  /** What was asked for before that record is nobody's. */
  disownedSeq: number;
}
interface SymbolLots {
  /** What is older, summed up. */
  base: FoldedLots;
  /** The last reading that is in it shows the position of then; fills of before are in that. */
  baseReadMs: number;
  /** In the venue's order. */
  readonly entries: Entry[];
  /** Lots after each {@link MARK_EVERY} entries. */
  readonly marks: FoldedLots[];
  /** After the last entry. */
  lots: FoldedLots;
}
interface OrderFills {
  order: LotOrder;
  /** Lots that trades tell of. */
  traded: number;
  /** Executed in sum, and when, of what it is known from; the fewest lots first, and each later than the one before. */
  readonly reports: { readonly executed: number; readonly atMs: number }[];
  /** What is reported beyond trades, as it stands among the entries. */
  reported: readonly Entry[];
}

/** `keepMs`: how long an entry is kept by itself; infinite: always. */
export function createLotBook(keepMs = KEEP_MS): LotBook {
  return { symbols: new Map(), orders: new Map(), keepMs, disownedSeq: 0 };
}

const NONE: Lots = noLots();
export function lotsIn(book: LotBook, symbol: string): Lots {
  return book.symbols.get(symbol)?.lots ?? NONE;
}

/** Folds a record. A trade is told once; what is told of an order comes after the order. */
export function applyLotRecord(book: LotBook, record: LotRecord): void {
  switch (record.kind) {
    case 'ordered':
      applyOrdered(book, record.order);
      return;
    case 'reported': {
      const fills = book.orders.get(record.id);
      if (fills !== undefined && noteReport(fills, record)) retell(book, fills, null);
      return;
    }
    case 'traded': {
      const fills = book.orders.get(record.id);
      if (fills === undefined) return;
      fills.traded += record.lots;
      const { atMs, number } = record;
      retell(book, fills, { kind: 'fill', atMs, number, lots: signed(fills.order, record.lots), order: fills.order });
      return;
    }
    case 'adopted': {
      const { askedMs, held, seq, sinceMs, symbol } = record;
      const lots = ofSymbol(book, symbol);
      const isMistaken = (entry: Entry): boolean =>
        entry.kind === 'adopted' && !entry.isDated && sinceMs !== null && sinceMs <= entry.atMs && entry.atMs < askedMs;
      const adopted: Entry = { kind: 'adopted', atMs: sinceMs ?? askedMs, seq, held, isDated: sinceMs !== null };
      change(book, lots, lots.entries.filter(isMistaken), [adopted]);
      return;
    }
    case 'given':
      change(book, ofSymbol(book, record.symbol), [], [{ kind: 'given', atMs: record.atMs, owner: record.owner }]);
      return;
    case 'disowned':
      book.disownedSeq = record.seq;
      for (const lots of book.symbols.values())
        change(book, lots, [], [{ kind: 'disowned', atMs: record.atMs, seq: record.seq }]);
  }
}

function ofSymbol({ disownedSeq, symbols }: LotBook, symbol: string): SymbolLots {
  const known = symbols.get(symbol);
  if (known !== undefined) return known;
  const base = { ...noLots(), disownedSeq };
  const lots = { base, baseReadMs: Number.NEGATIVE_INFINITY, entries: [], marks: [], lots: copyLots(base) };
  symbols.set(symbol, lots);
  return lots;
}

function applyOrdered(book: LotBook, order: LotOrder): void {
  const known = book.orders.get(order.id);
  if (known === undefined) {
    book.orders.set(order.id, { order, traded: 0, reports: [], reported: [] });
    return;
  }
  // Its fills are those of the claim that it works for now.
  const isOf = (entry: Entry): boolean => entry.kind === 'fill' && entry.order === known.order;
  const lots = ofSymbol(book, order.symbol);
  const fills = lots.entries.filter(isOf) as Extract<Entry, { kind: 'fill' }>[];
  known.order = order;
  known.reported = [];
  change(
    book,
    lots,
    fills,
    fills.filter(({ number }) => number !== null).map((fill) => ({ ...fill, order })),
  );
  retell(book, known, null);
}

/** False: it was known. Of two reports of so many lots the earlier one says when they were filled at the latest. */
function noteReport({ order, reports }: OrderFills, { atMs, executed }: { atMs: number; executed: number }): boolean {
  if (executed <= order.filledBefore) return false;
  if (reports.some((known) => known.executed >= executed && known.atMs <= atMs)) return false;
  const others = reports.filter((known) => known.executed > executed || known.atMs < atMs);
  const at = others.findIndex((known) => known.executed > executed);
  others.splice(at === -1 ? others.length : at, 0, { executed, atMs });
  reports.splice(0, reports.length, ...others);
  return true;
}

/** What is reported of an order and not traded yet counts at the time of the report. `trade`: the one that is told now. */
function retell(book: LotBook, fills: OrderFills, trade: Entry | null): void {
  const { order, reported, reports, traded } = fills;
  const pieces: Entry[] = [];
  let known = Math.max(traded, order.filledBefore);
  for (const { atMs, executed } of reports) {
    if (executed <= known) continue;
    pieces.push({ kind: 'fill', atMs, number: null, lots: signed(order, executed - known), order });
    known = executed;
  }
  fills.reported = pieces;
  change(book, ofSymbol(book, order.symbol), reported, trade === null ? pieces : [...pieces, trade]);
}

function signed({ side }: LotOrder, lots: number): number {
  return side === 'buy' ? lots : -lots;
}

/** The one writer of entries: takes some out, puts others in their places, and folds again what follows. */
function change(book: LotBook, symbol: SymbolLots, gone: readonly Entry[], added: readonly Entry[]): void {
  const { entries } = symbol;
  const before = entries.length;
  let from = before;
  for (const entry of gone) {
    const at = entries.lastIndexOf(entry, placeOf(entries, entry) - 1);
    if (at === -1) continue;
    entries.splice(at, 1);
    from = Math.min(from, at);
  }
  for (const entry of added) {
    // A reading that is summed up contains it.
    if (entry.kind === 'fill' && entry.atMs <= symbol.baseReadMs) continue;
    const at = placeOf(entries, entry);
    entries.splice(at, 0, entry);
    from = Math.min(from, at);
  }
  foldFrom(symbol, from, from === before);
  sumUp(symbol, book.keepMs);
}

/** `isNext`: lots stand as they are before that entry. */
function foldFrom(symbol: SymbolLots, from: number, isNext: boolean): void {
  const { base, entries, marks } = symbol;
  let at = from;
  if (!isNext) {
    marks.length = Math.min(marks.length, Math.floor(from / MARK_EVERY));
    at = marks.length * MARK_EVERY;
    symbol.lots = copyLots(marks.at(-1) ?? base);
  }
  for (; at < entries.length; at += 1) {
    applyEntry(symbol.lots, entries[at]!);
    if ((at + 1) % MARK_EVERY === 0) marks.push(copyLots(symbol.lots));
  }
}

function sumUp(symbol: SymbolLots, keepMs: number): void {
  const { entries, marks } = symbol;
  for (let mark = marks[0]; mark !== undefined; mark = marks[0]) {
    const oldest = entries.slice(0, MARK_EVERY);
    const lastMs = oldest.at(-1)!.atMs;
    if (lastMs >= entries.at(-1)!.atMs - keepMs || !oldest.every(isExact)) return;
    // Its trades, once they are read, may lie before others of that instant.
    for (let at = MARK_EVERY; entries[at]?.atMs === lastMs; at += 1) if (!isExact(entries[at]!)) return;
    symbol.base = mark;
    for (const { atMs, kind } of oldest) if (kind === 'adopted') symbol.baseReadMs = Math.max(symbol.baseReadMs, atMs);
    marks.shift();
    entries.splice(0, MARK_EVERY);
  }
}
function isExact(entry: Entry): boolean {
  return entry.kind !== 'fill' || entry.number !== null;
}

/** Behind all that come before it in the venue's order. */
function placeOf(entries: readonly Entry[], entry: Entry): number {
  let [from, to] = [0, entries.length];
  // As a rule it is the last.
  if (to > 0 && compare(entries[to - 1]!, entry) <= 0) return to;
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (compare(entries[middle]!, entry) <= 0) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** A trade is of before whatever else is dated at its instant: a report is of then at the latest, and a reading contains it. */
function compare(a: Entry, b: Entry): number {
  if (a.atMs !== b.atMs) return a.atMs - b.atMs;
  const [rankA, rankB] = [tieRankOf(a), tieRankOf(b)];
  if (rankA !== rankB) return rankA - rankB;
  if (a.kind === 'fill' && b.kind === 'fill') {
    if (a.number !== null && b.number !== null) return a.number - b.number;
    if (a.order.id !== b.order.id) return a.order.id < b.order.id ? -1 : 1;
    return a.lots - b.lots;
  }
  return a.kind === 'adopted' && b.kind === 'adopted' ? a.seq - b.seq : 0;
}
function tieRankOf(entry: Entry): number {
  if (entry.kind === 'fill') return entry.number === null ? 1 : 0;
  return { adopted: 2, given: 3, disowned: 4 }[entry.kind];
}
