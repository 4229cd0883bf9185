/**
 * What the lots of a symbol have cost their owners, and what became of it: a fold of trades, gifts, bookings and marks in the
 * venue's order, whenever they are told. What is told late is put in its place, and what follows is folded again:
 * what that had made is taken off the days on which it was made, and what it makes now is added there. So no order of arrival
 * matters. Lots move as those of positions do (lots.ts). Quantities, prices and amounts are integers in units of 1e-8.
 */
import { heldE8, lotsOf, moveLots } from '../positions/lots.ts';
import { portionE8, worthE8 } from '../records/units.ts';
import type { LotFill, Lots, Owner } from '../words.ts';
import { dayOf, type Figures, type Posting } from './account-days.ts';

/** What is older is summed up. */
const MAX_ENTRIES = 1_000;

/** A trade as it moves lots, and what was paid for it. */
export interface CostTrade extends Pick<LotFill, 'agentsFirst' | 'atMs' | 'opens' | 'owner' | 'quantityE8'> {
  readonly kind: 'trade';
  /** The venue's, which rise in a symbol. */
  readonly number: number;
  readonly priceE8: number;
  readonly feeE8: number;
  /** Null: its order has none. */
  readonly slippageE8: number | null;
  /** Its fee is borne with what it closed; else it is its owner's. */
  readonly isBorne: boolean;
}
/** A booking is shared out over what was held: a charge is of before the trades of its instant, which it is for. */
interface Booking {
  readonly kind: 'charged' | 'funded';
  readonly atMs: number;
  readonly amountE8: number;
}
/** What a reading of the account valued the symbol at. */
interface Mark {
  readonly kind: 'mark';
  readonly atMs: number;
  readonly priceE8: number;
}
/** Whatever is held has another owner from then on. */
interface Given {
  readonly kind: 'given';
  readonly atMs: number;
  readonly owner: Owner;
}
export type CostEntry = CostTrade | Booking | Mark | Given;

interface Held {
  readonly lots: Lots;
  /** What was paid for them, signed, by owner. */
  readonly costsE8: ReadonlyMap<Owner, number>;
  /** Of the last trade or mark, and its day. */
  readonly priceE8: number;
  readonly dayMs: number;
}
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
  };
  return { symbol, sinceMs, base, entries: [], held: base };
}

// --- entries -----------------------------------------------------------------------------------------------------------

/** Takes what an entry makes, or takes it back. */
export type Post = (posting: Posting, sign: 1 | -1) => void;

/** Puts an entry in its place. Answers with what was held before it. */
export function addEntry(book: CostBook, entry: CostEntry, post: Post): Held {
  const { entries } = book;
  let place = entries.length;
  while (place > 0 && compare(entries[place - 1]!, entry) > 0) place -= 1;
  const before = rewrite(book, place, [entry, ...entries.slice(place)], post);
  book.base = fold(book.base, entries.splice(0, Math.max(0, entries.length - MAX_ENTRIES)));
  return before;
}
/** Answers with whose lots it moved, the first where they were several owners'. */
export function addTrade(book: CostBook, trade: CostTrade, post: Post): Owner {
  const [first] = moved(addEntry(book, trade, post), trade).closed;
  return first === undefined ? trade.owner : first.owner;
}
const RANK = { mark: 0, charged: 1, trade: 2, funded: 3, given: 4 } as const;
function compare(known: CostEntry, added: CostEntry): number {
  if (known.atMs !== added.atMs) return known.atMs - added.atMs;
  if (known.kind === 'trade' && added.kind === 'trade') return known.number - added.number;
  return RANK[known.kind] - RANK[added.kind];
}

/** Puts entries in place of all from a place on. */
function rewrite(book: CostBook, place: number, entries: readonly CostEntry[], post: Post): Held {
  const before = book.entries.splice(place);
  const held = before.length === 0 ? book.held : fold(book.base, book.entries);
  fold(held, before, (posting) => post(posting, -1));
  book.entries.push(...entries);
  book.held = fold(held, entries, (posting) => post(posting, 1));
  return held;
}

/** Takes all entries out, and back what they made. */
export function takeOut(book: CostBook, post: Post): readonly CostEntry[] {
  const entries = [...book.entries];
  rewrite(book, 0, [], post);
  return entries;
}
/** The clock was set back: what lies after that has happened by now. */
export function putSetBack(book: CostBook, told: readonly CostEntry[], nowMs: number, post: Post): void {
  if (book.sinceMs !== NOT_BEGUN) book.sinceMs = Math.min(book.sinceMs, nowMs);
  book.base = { ...book.base, dayMs: Math.min(book.base.dayMs, dayOf(nowMs)) };
  book.held = book.base;
  const entries = told.map((entry) => ({ ...entry, atMs: Math.min(entry.atMs, nowMs) }));
  rewrite(book, 0, entries, post);
}

// --- the fold ----------------------------------------------------------------------------------------------------------

function fold(held: Held, entries: readonly CostEntry[], post: (posting: Posting) => void = () => undefined): Held {
  return entries.reduce((before, entry) => apply(before, entry, post), held);
}

function apply(held: Held, entry: CostEntry, post: (posting: Posting) => void): Held {
  const { atMs } = entry;
  switch (entry.kind) {
    case 'trade':
      return applyTrade(held, entry, post);
    case 'mark':
      return priced(held, entry, post);
    case 'charged':
    case 'funded':
      for (const [owner, partE8] of shareOut(held, entry.amountE8))
        post({ atMs, owner, figures: entry.kind === 'funded' ? { fundingE8: partE8 } : { otherE8: partE8 } });
      return held;
    case 'given': {
      const { owner } = entry;
      const quantityE8 = heldE8(held.lots);
      if (quantityE8 === 0) return held;
      const costE8 = [...held.costsE8.values()].reduce((sum, paidE8) => sum + paidE8, 0);
      // What it has gained or lost by then is not what the new owner gains or loses that day.
      if (dayOf(atMs) === held.dayMs)
        for (const [from, openingE8] of unrealisedE8(held, held.priceE8)) {
          post({ atMs, owner: from, openingE8: -openingE8 });
          post({ atMs, owner, openingE8 });
        }
      return { ...held, lots: { parts: [{ owner, quantityE8 }], owedE8: 0 }, costsE8: new Map([[owner, costE8]]) };
    }
  }
}

/** A day begins with what was held, at what is known first of its price: by a reading, or by a trade that came before it. */
function priced(held: Held, { atMs, priceE8 }: Mark | CostTrade, post: (posting: Posting) => void): Held {
  const dayMs = Math.max(held.dayMs, dayOf(atMs));
  if (dayMs > held.dayMs)
    for (const [owner, openingE8] of unrealisedE8(held, priceE8)) post({ atMs, owner, openingE8 });
  return { ...held, priceE8, dayMs };
}

/** What an exit closes beyond what is held is in no account until the trade that opened it is told. */
function moved({ lots }: Held, trade: CostTrade): ReturnType<typeof moveLots> {
  return moveLots(lots, { ...trade, seq: 0 }, null);
}

function applyTrade(held: Held, trade: CostTrade, post: (posting: Posting) => void): Held {
  const { atMs, owner: opener, priceE8 } = trade;
  const { closed, lots, openedE8 } = moved(held, trade);
  const costsE8 = new Map(held.costsE8);
  let paidUntilE8 = 0;
  const take = (owner: Owner, quantityE8: number, realisedE8: number): void => {
    post({ atMs, owner, figures: { realisedE8 } });
    if (trade.isBorne) post({ atMs, owner, figures: paid(trade, paidUntilE8, paidUntilE8 + Math.abs(quantityE8)) });
    paidUntilE8 += Math.abs(quantityE8);
  };
  for (const { owner, quantityE8 } of closed) {
    const costE8 = costsE8.get(owner) ?? 0;
    const releasedE8 = portionE8(costE8, -quantityE8, lotsOf(held.lots, owner));
    if (lotsOf(lots, owner) === 0) costsE8.delete(owner);
    else costsE8.set(owner, costE8 - releasedE8);
    take(owner, quantityE8, worthE8(-quantityE8, priceE8) - releasedE8);
  }
  if (openedE8 !== 0) {
    costsE8.set(opener, (costsE8.get(opener) ?? 0) + worthE8(openedE8, priceE8));
    take(opener, openedE8, 0);
  }
  if (!trade.isBorne) post({ atMs, owner: opener, figures: paid(trade) });
  return { ...priced(held, trade, post), lots, costsE8 };
}

/** Fee and turnover of a trade's lots, or of a part of them. Parts add up to the whole. */
export function paid(trade: CostTrade, fromE8 = 0, untilE8 = Math.abs(trade.quantityE8)): Partial<Figures> {
  const { feeE8, priceE8, slippageE8 } = trade;
  const whole = Math.abs(trade.quantityE8);
  const part = (amountE8: number): number => portionE8(amountE8, untilE8, whole) - portionE8(amountE8, fromE8, whole);
  const turnoverE8 = part(worthE8(whole, priceE8));
  const figures = { feesE8: part(feeE8), turnoverE8, fills: 1 };
  return slippageE8 === null ? figures : { ...figures, slippageE8: part(slippageE8), slippageOfE8: turnoverE8 };
}

/** Over what is held, in proportion to lots; all of it is nobody's when nothing is. The parts add up. */
function shareOut({ lots }: Held, amountE8: number): readonly (readonly [Owner, number])[] {
  const whole = Math.abs(heldE8(lots));
  if (whole === 0) return [[null, amountE8]];
  let untilE8 = 0;
  const parts = [...lots.parts].sort((a, b) => ((a.owner ?? '') < (b.owner ?? '') ? -1 : 1));
  return parts.map(({ owner, quantityE8 }) => {
    const beforeE8 = portionE8(amountE8, untilE8, whole);
    untilE8 += Math.abs(quantityE8);
    return [owner, portionE8(amountE8, untilE8, whole) - beforeE8];
  });
}

// --- what is held ------------------------------------------------------------------------------------------------------

/** What held lots would make at a price, at what they cost, by owner. */
export function unrealisedE8({ costsE8, lots }: Held, priceE8: number): ReadonlyMap<Owner, number> {
  const worth = lots.parts.map(({ owner, quantityE8 }): [Owner, number] => [
    owner,
    worthE8(quantityE8, priceE8) - (costsE8.get(owner) ?? 0),
  ]);
  return new Map(worth);
}
/** Of an exit, lots that it has closed before the trade that opened them is told; signed as the exit moves them. */
export interface WaitingExit {
  readonly trade: CostTrade;
  signedE8: number;
}
/** In the venue's order. */
export function waitingExits({ base, entries }: CostBook): readonly WaitingExit[] {
  const waiting: WaitingExit[] = [];
  let held = base;
  for (const entry of entries) {
    if (entry.kind === 'trade' && !entry.opens) {
      const signedE8 = moved(held, entry).closed.reduce((left, part) => left - part.quantityE8, entry.quantityE8);
      if (signedE8 !== 0) waiting.push({ trade: entry, signedE8 });
    }
    held = apply(held, entry, () => undefined);
  }
  return waiting;
}

/** Whether trades have left nothing held at some instant after that. */
export function wasFlatSince({ base, entries }: CostBook, atMs: number): boolean {
  let held = base;
  return entries.some((entry) => {
    held = apply(held, entry, () => undefined);
    return entry.kind === 'trade' && entry.atMs > atMs && heldE8(held.lots) === 0;
  });
}
