import type { Side } from '../../core/request.ts';
import { apportion } from './apportion.ts';
import { less, type Scale } from './rescale.ts';
import { followShares, heldAt, noteChange, type Shares } from './shares.ts';

/** Changes of a symbol's position that are kept; what is older counts as held all along. */
const MOST_MOVES = 1_000;

/** Whose something is; null: nobody's here (a person at the exchange, a liquidation, what was held before). */
export type Owner = string | null;

/**
 * One symbol's position by what its trades have moved, in the order of the trades: lots of each owner, and what they
 * cost it. The account's own cost is the exchange's, which averages over all that is held.
 */
export interface OwnedLots extends Shares {
  readonly symbol: string;
  /** Trades until then are in what was held at first. */
  sinceMs: number;
  /** Signed lots of all. */
  lots: number;
  /** Signed USDT paid for the lots that are held, by owner. */
  readonly costs: Map<Owner, number>;
  moves: { readonly lots: number; readonly atMs: number }[];
}

/** `lots` at `entryPrice` are nobody's. */
export function createOwnedLots(symbol: string, sinceMs: number, lots = 0, costUsdt = 0): OwnedLots {
  const costs = new Map<Owner, number>(lots === 0 ? [] : [[null, costUsdt]]);
  return {
    symbol,
    sinceMs,
    lots,
    costs,
    moves: [],
    shares: new Map(),
    shareChanges: [],
    newestMs: Number.NEGATIVE_INFINITY,
    split: null,
  };
}

/** A trade as it moves lots. */
export interface MovingTrade {
  readonly agent: Owner;
  readonly side: Side;
  readonly lots: number;
  readonly atMs: number;
  /** USDT of one lot at its price. */
  readonly lotUsdt: number;
  /** An exit of the gate: what agents hold goes first. */
  readonly agentsFirst: boolean;
  /** Client id of its order. */
  readonly of: string | null;
  /** No order of it is known: it cuts shares as a reading of the account does, the last names first. */
  readonly isUnknown: boolean;
}
/** What a trade moved of one owner. */
export interface Moved {
  readonly owner: Owner;
  /** Lots, without sign. */
  readonly lots: number;
  readonly realisedUsdt: number;
}

/** Moves the lots of a trade. What it closes is told with what that made, by what the lots had cost their owner. */
export function moveLots(book: OwnedLots, trade: MovingTrade): readonly Moved[] {
  const signed = trade.side === 'buy' ? trade.lots : -trade.lots;
  const isClosing = book.lots !== 0 && Math.sign(book.lots) !== Math.sign(signed);
  const closing = isClosing ? Math.sign(signed) * Math.min(trade.lots, Math.abs(book.lots)) : 0;
  const moved: Moved[] = [];
  step(book, closing, trade, moved);
  step(book, signed - closing, trade, moved);
  book.moves.push({ lots: signed, atMs: trade.atMs });
  if (book.moves.length > MOST_MOVES) book.moves.shift();
  return moved;
}

/** One direction: all of it closes, or all of it opens. */
function step(book: OwnedLots, signed: number, trade: MovingTrade, moved: Moved[]): void {
  if (signed === 0) return;
  const before = book.lots;
  const was = ownedBy(book);
  if (trade.isUnknown && before * signed < 0) cutShares(book, Math.abs(before) - Math.abs(signed), trade.atMs);
  else {
    const { agent, agentsFirst, atMs, of } = trade;
    followShares(book, { before, signed, agent, atMs, agentsFirst, of });
  }
  book.lots += signed;
  const nobodys = lotsOfNobody(book);
  const note = (owner: Owner, held: number, change: number): void => {
    if (change === 0) return;
    const cost = book.costs.get(owner) ?? 0;
    const released =
      held !== 0 && held * change < 0 ? (cost * Math.min(Math.abs(change), Math.abs(held))) / Math.abs(held) : null;
    const paid = change * trade.lotUsdt;
    setCost(book, owner, held + change === 0 ? 0 : released === null ? cost + paid : cost - released);
    moved.push({ owner, lots: Math.abs(change), realisedUsdt: released === null ? 0 : -paid - released });
  };
  for (const [owner, held] of was) note(owner, held, (owner === null ? nobodys : (book.shares.get(owner) ?? 0)) - held);
  for (const [owner, lots] of book.shares) if (!was.has(owner)) note(owner, 0, lots);
  if (!was.has(null)) note(null, 0, nobodys);
}

/** Signed lots by owner. */
export function ownedBy({ lots, shares }: OwnedLots): Map<Owner, number> {
  const owned = new Map<Owner, number>(shares);
  const rest = lotsOfNobody({ lots, shares });
  if (rest !== 0) owned.set(null, rest);
  return owned;
}
function lotsOfNobody({ lots, shares }: Pick<OwnedLots, 'lots' | 'shares'>): number {
  let rest = lots;
  for (const share of shares.values()) rest -= share;
  return rest;
}

function setCost(book: OwnedLots, owner: Owner, costUsdt: number): void {
  if (costUsdt === 0) book.costs.delete(owner);
  else book.costs.set(owner, costUsdt);
}

/** Agents lose what no longer fits, in proportion, as when a reading of the account is adopted. */
function cutShares(book: OwnedLots, leftLots: number, atMs: number): void {
  book.split = null;
  const held = new Map<string, number>();
  let beyond = -Math.max(0, leftLots);
  for (const [name, share] of book.shares) {
    held.set(name, Math.abs(share));
    beyond += Math.abs(share);
  }
  for (const { name, lots: cut } of apportion(held, beyond)) {
    if (cut === 0) continue;
    const share = book.shares.get(name) ?? 0;
    const kept = share - Math.sign(share) * cut;
    noteChange(book, { agent: name, lots: kept - share, atMs });
    if (kept === 0) book.shares.delete(name);
    else book.shares.set(name, kept);
  }
}

/**
 * Splits an amount over what was held at an instant, in proportion to lots; all of it is nobody's when nothing was. The
 * last part takes what rounding leaves, so that the parts add up.
 */
export function splitHeld(book: OwnedLots | undefined, atMs: number, amountUsdt: number): ReadonlyMap<Owner, number> {
  let lots = book?.lots ?? 0;
  for (const move of book?.moves ?? []) if (move.atMs > atMs) lots -= move.lots;
  if (book === undefined || lots === 0) return new Map([[null, amountUsdt]]);
  const held = new Map<Owner, number>([...heldAt(book, Math.sign(lots), atMs)].sort(([a], [b]) => (a < b ? -1 : 1)));
  let owned = 0;
  for (const share of held.values()) owned += share;
  if (owned < Math.abs(lots)) held.set(null, Math.abs(lots) - owned);
  const total = Math.max(owned, Math.abs(lots));
  const parts = new Map<Owner, number>();
  let rest = amountUsdt;
  let left = held.size;
  for (const [owner, share] of held) {
    left -= 1;
    const part = left === 0 ? rest : (amountUsdt * share) / total;
    rest -= part;
    parts.set(owner, part);
  }
  return parts;
}

/** The clock was set back: what lies after that has happened by now. */
export function setBackOwned(book: OwnedLots, nowMs: number): void {
  book.sinceMs = Math.min(book.sinceMs, nowMs);
  book.split = null;
  book.newestMs = Math.min(book.newestMs, nowMs);
  book.moves = book.moves.map((move) => ({ ...move, atMs: Math.min(move.atMs, nowMs) }));
  book.shareChanges = book.shareChanges.map((change) => ({ ...change, atMs: Math.min(change.atMs, nowMs) }));
}

/** The exchange changed the step of quantities: what was paid stays. */
export function rescaleOwned(book: OwnedLots, scale: Scale): void {
  book.lots = Math.round((book.lots * scale.up) / scale.down);
  book.split = null;
  for (const [agent, held] of [...book.shares]) {
    const share = less(held, scale);
    if (share === 0) book.shares.delete(agent);
    else book.shares.set(agent, share);
  }
  book.shareChanges = book.shareChanges.map((change) => ({ ...change, lots: less(change.lots, scale) }));
  book.moves = book.moves.map((move) => ({ ...move, lots: less(move.lots, scale) }));
  // Less than a lot of the new step is left of a share: it has become nobody's, with its cost.
  for (const [owner, cost] of [...book.costs]) {
    if (owner === null || book.shares.has(owner)) continue;
    book.costs.delete(owner);
    book.costs.set(null, (book.costs.get(null) ?? 0) + cost);
  }
}
