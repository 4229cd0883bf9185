import type { Side } from '../../core/request.ts';
import type { Gift, Owner } from '../words.ts';
import { addFill, contains, dateFill, give, type Openings } from './lot-book.ts';
import { heldE8 } from './lots.ts';
import { ownE8, type PositionState } from './positions.ts';

/** A fill of an order of ours, or of one that a list showed; or a liquidation. */
export interface PositionFill {
  readonly side: Side;
  readonly quantityE8: number;
  readonly price: number | null;
  readonly atMs: number;
  /** Whose order it is of; null: nobody's. */
  readonly owner: Owner;
  /** An exit of the gate, a stop, a liquidation: agents' lots go first. */
  readonly agentsFirst: boolean;
  /** The venue did not cross zero with it. */
  readonly reduceOnly: boolean;
  /** Client id of its order, if trades of it will say when it filled. */
  readonly order: string | null;
  /** Record of the decision with which its order went out: a reading of before does not contain it. 0: it is not ours. */
  readonly seq: number;
  /** The venue's number of its trade; null: its trades are still to be read. */
  readonly trade?: number | null;
}

/** Lots that a move closed and opened, in units of 1e-8; both, where it turned from one side to the other. */
export interface ClosedAndOpened {
  readonly closed: number;
  readonly opened: number;
}
/** What a fill did. Whatever speaks of opening, closing or turning reads this. */
export interface FillEffect {
  /** To what orders are known to have opened in the position of the account. */
  readonly openings: Openings;
  /** To the holder's part of it as it is known: a reading that contains the fill has taken, or not given, its lots before. */
  readonly own: ClosedAndOpened;
}

/** Moves lots from an order to the position: the only view event of a fill. */
export function applyFill(position: PositionState, fill: PositionFill): FillEffect {
  const { agentsFirst, atMs, order, owner, price, reduceOnly, seq, side, trade = null } = fill;
  const { book, quantityE8: before } = position;
  book.holder = position.holder;
  const ownBefore = ownE8(position);
  const signed = side === 'buy' ? fill.quantityE8 : -fill.quantityE8;
  position.lastFillAtMs = Math.max(position.lastFillAtMs, atMs);
  const entry = {
    kind: 'fill',
    atMs,
    quantityE8: signed,
    owner,
    agentsFirst,
    opens: !reduceOnly,
    order,
    seq,
    trade,
  } as const;
  const isContained = contains(book, entry);
  const openings = addFill(book, entry);
  followBook(position, before, atMs);
  const { readAtMs } = position;
  // A snapshot showed it before the order's own report: the fill confirms it.
  const isRead = isContained || (readAtMs !== null && atMs <= readAtMs);
  // RISK: one of after the reading explains nothing of that, though the count comes to be what the reading shows.
  if (isRead || readAtMs === null) settleDispute(position);
  const move = (heldE8: number): number => moved(heldE8, signed, reduceOnly);
  // A liquidation is dated by its trade, as a reading is by the last of them.
  const isDated = (trade ?? 0) > 0;
  if (isContained && !isDated) doubt(position, position.quantityE8, move);
  else if (!isContained && position.doubt !== null)
    position.doubt = { lowE8: move(position.doubt.lowE8), highE8: move(position.doubt.highE8) };
  if (position.disputedE8 !== null && !isRead) {
    position.disputedE8 = move(position.disputedE8);
    settleDispute(position);
  }
  followEntry(position, before, price);
  return { openings, own: changeOf(ownBefore, ownE8(position)) };
}

function changeOf(before: number, after: number): ClosedAndOpened {
  const kept = before * after > 0 ? Math.min(Math.abs(before), Math.abs(after)) : 0;
  return { closed: Math.abs(before) - kept, opened: Math.abs(after) - kept };
}

/** A trade tells when lots filled of which an order's report had told later: a reading may contain them after all. */
export function applyTradeTime(
  position: PositionState,
  order: string,
  trade: { readonly quantityE8: number; readonly atMs: number; readonly number: number },
): void {
  const { book, quantityE8: before } = position;
  book.holder = position.holder;
  dateFill(book, order, trade);
  followBook(position, before, trade.atMs);
  const { quantityE8: after } = position;
  if (after === before) return;
  settleDispute(position);
  doubt(position, before, (heldE8) => heldE8 + after - before);
}

/**
 * A trade tells of lots that the venue has taken over: the holder's go first, also where a reading has shown already that
 * they are gone. `requestedAtMs`: of the last reading of the account. Null: that shows it, and nothing has to be moved.
 */
export function applyLiquidation(
  position: PositionState,
  fill: Pick<PositionFill, 'atMs' | 'quantityE8' | 'side' | 'trade'>,
  requestedAtMs: number,
): FillEffect | null {
  const whose = { owner: null, agentsFirst: true, reduceOnly: true, order: null, seq: 0 } as const;
  const isShown = position.disputedE8 === null && fill.atMs <= (position.readAtMs ?? requestedAtMs);
  if (isShown && !contains(position.book, { ...fill, seq: 0 })) return null;
  return applyFill(position, { ...fill, ...whose, price: null });
}

/** Whatever is held is of that owner from here on. */
export function giveLots(position: PositionState, gift: Gift): void {
  position.book.holder = position.holder;
  give(position.book, gift);
}

/** Takes over what the book holds. An agent whose lots are held, and nobody else's, holds the symbol: it was not free. */
export function followBook(position: PositionState, before: number, atMs: number): void {
  const { lots } = position.book;
  position.quantityE8 = heldE8(lots);
  if (position.holder === null && !position.isContested) {
    const owners = lots.parts.filter(({ owner }) => owner !== null);
    if (owners.length === 1) position.holder = owners[0]!.owner;
  }
  if (before === 0 || Math.sign(before) !== Math.sign(position.quantityE8))
    position.sinceMs = position.quantityE8 === 0 ? null : atMs;
}

/**
 * RISK: a fill that a believed reading contains by its date may have come after it all the same. Until the next one the
 * position counts with it and without.
 */
function doubt(position: PositionState, knownE8: number, move: (heldE8: number) => number): void {
  const { highE8, lowE8 } = position.doubt ?? { highE8: knownE8, lowE8: knownE8 };
  position.doubt = { highE8: Math.max(highE8, move(highE8)), lowE8: Math.min(lowE8, move(lowE8)) };
}
function settleDispute(position: PositionState): void {
  if (position.disputedE8 !== position.quantityE8) return;
  position.disputedE8 = null;
  position.disputedSinceMs = null;
}

/** A reading from before the position was opened does not turn a reduceOnly fill into an opening of the other side. */
function moved(quantityE8: number, signed: number, reduceOnly: boolean): number {
  if (!reduceOnly) return quantityE8 + signed;
  if (quantityE8 * signed >= 0) return quantityE8;
  return signed < 0 ? Math.max(0, quantityE8 + signed) : Math.min(0, quantityE8 + signed);
}

function followEntry(position: PositionState, before: number, price: number | null): void {
  const { quantityE8: after } = position;
  const signed = after - before;
  if (price === null || signed === 0) return;
  if (before === 0 || Math.sign(before) !== Math.sign(after)) position.entryPrice = after === 0 ? 0 : price;
  else if (Math.sign(before) === Math.sign(signed)) {
    position.entryPrice = (position.entryPrice * Math.abs(before) + price * Math.abs(signed)) / Math.abs(after);
  }
}
