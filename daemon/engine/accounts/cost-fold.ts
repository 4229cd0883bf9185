import { heldE8, lotsOf, moveLots } from '../positions/lots.ts';
import { portionE8, worthE8 } from '../records/units.ts';
import type { Gift, LotFill, Lots, Owner } from '../words.ts';
import { dayOf, type Figures, type Posting } from './account-days.ts';

/** Exits that wait, the last ones. */
const MAX_WAITING = 1_000;

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
  /** Record of the decision on its order; 0: it is not ours. */
  readonly seq: number;
}
/** A booking is shared out over what was held: a charge is of before the trades of its instant, which it is for. */
export interface Booking {
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
/** RISK: our clock dates it, which errs: it comes behind all that was recorded before, and before what was decided after it. */
interface Given extends Gift {
  readonly kind: 'given';
}
export type CostEntry = CostTrade | Booking | Mark | Given;

/** Of an exit, lots that it has closed before the trade that opened them is told; signed as the exit moves them. */
export interface WaitingExit {
  readonly trade: CostTrade;
  readonly signedE8: number;
}
/** Of such an exit, what an opening explains; behind so many of its lots. */
export interface ClosedBefore extends WaitingExit {
  readonly paidUntilE8: number;
}
export interface Held {
  readonly lots: Lots;
  /** What was paid for them, signed, by owner. */
  readonly costsE8: ReadonlyMap<Owner, number>;
  /** Of the last trade or mark, and its day. */
  readonly priceE8: number;
  readonly dayMs: number;
  /** In the venue's order. They are in no account until then. */
  readonly waiting: readonly WaitingExit[];
}

const RANK = { mark: 0, charged: 1, trade: 2, funded: 3, given: 4 } as const;
/** By the venue's order. */
export function compare(known: CostEntry, added: CostEntry): number {
  if (known.atMs !== added.atMs) return known.atMs - added.atMs;
  if (known.kind === 'trade' && added.kind === 'trade') return known.number - added.number;
  return RANK[known.kind] - RANK[added.kind];
}

// --- the fold ----------------------------------------------------------------------------------------------------------

type Make = (posting: Posting) => void;

export function fold(
  held: Held,
  entries: readonly CostEntry[],
  post: (posting: Posting, of: CostEntry) => void = () => undefined,
): Held {
  return entries.reduce((before, entry) => apply(before, entry, (posting) => post(posting, entry)), held);
}

export function apply(held: Held, entry: CostEntry, post: Make = () => undefined): Held {
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
      // What it has gained or lost by then is not what the new owner gains or loses: at the price of the last trade or mark,
      // which may be hours old.
      for (const [from, givenE8] of unrealisedE8(held, held.priceE8)) {
        post({ atMs: held.dayMs, owner: from, givenE8: -givenE8 });
        post({ atMs: held.dayMs, owner, givenE8 });
      }
      return { ...held, lots: { parts: [{ owner, quantityE8 }], owedE8: 0 }, costsE8: new Map([[owner, costE8]]) };
    }
  }
}

/** A day begins with what was held, at what is known first of its price: by a reading, or by a trade that came before it. */
function priced(held: Held, { atMs, priceE8 }: Mark | CostTrade, post: Make): Held {
  const dayMs = Math.max(held.dayMs, dayOf(atMs));
  if (dayMs > held.dayMs)
    for (const [owner, openingE8] of unrealisedE8(held, priceE8)) post({ atMs, owner, openingE8 });
  return { ...held, priceE8, dayMs };
}

function applyTrade(held: Held, trade: CostTrade, post: Make): Held {
  const { atMs, owner: opener, priceE8 } = trade;
  const { closed, lots, openedE8 } = moveLots(held.lots, { ...trade, seq: 0 }, null);
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
  const after = { ...priced(held, trade, post), lots, costsE8 };
  if (trade.opens) return closeWaiting(after, trade, openedE8, post);
  const signedE8 = closed.reduce((left, part) => left - part.quantityE8, trade.quantityE8);
  if (signedE8 === 0) return after;
  return { ...after, waiting: [...held.waiting, { trade, signedE8 }].slice(-MAX_WAITING) };
}

/** What a trade opened, exits closed that came after it at the venue and are summed up already. */
function closeWaiting(held: Held, opening: CostTrade, openedE8: number, post: Make): Held {
  const { owner } = opening;
  const { closed, waiting } = takeWaiting(held.waiting, openedE8, ({ trade }) => compare(trade, opening) > 0);
  if (closed.length === 0) return held;
  let { lots } = held;
  let [leftE8, costE8] = [openedE8, worthE8(openedE8, opening.priceE8)];
  const otherCostE8 = (held.costsE8.get(owner) ?? 0) - costE8;
  for (const { paidUntilE8, signedE8, trade } of closed) {
    const releasedE8 = portionE8(costE8, -signedE8, leftE8);
    leftE8 += signedE8;
    costE8 -= releasedE8;
    lots = moveLots(lots, { agentsFirst: false, opens: false, owner, quantityE8: signedE8, seq: 0 }, null).lots;
    const figures = { realisedE8: worthE8(-signedE8, trade.priceE8) - releasedE8 };
    post({ atMs: trade.atMs, owner, figures });
    if (!trade.isBorne) continue;
    post({ atMs: trade.atMs, owner, figures: paid(trade, paidUntilE8, paidUntilE8 + Math.abs(signedE8)) });
  }
  const costsE8 = new Map(held.costsE8);
  if (lotsOf(lots, owner) === 0) costsE8.delete(owner);
  else costsE8.set(owner, otherCostE8 + costE8);
  return { ...held, lots, costsE8, waiting };
}

/** Of exits that wait, those that have closed lots of an opening, the oldest first; and what is left of them all. */
export function takeWaiting(
  exits: readonly WaitingExit[],
  openedE8: number,
  isAfter: (exit: WaitingExit) => boolean,
): { readonly closed: readonly ClosedBefore[]; readonly waiting: readonly WaitingExit[] } {
  const closed: ClosedBefore[] = [];
  let left = openedE8;
  const waiting = exits.flatMap((exit) => {
    const { signedE8: whole, trade } = exit;
    if (whole * left >= 0 || !isAfter(exit)) return [exit];
    const signedE8 = Math.sign(whole) * Math.min(Math.abs(left), Math.abs(whole));
    left += signedE8;
    closed.push({ trade, signedE8, paidUntilE8: Math.abs(trade.quantityE8) - Math.abs(whole) });
    return signedE8 === whole ? [] : [{ trade, signedE8: whole - signedE8 }];
  });
  return { closed, waiting };
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
