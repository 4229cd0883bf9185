import type { Side } from '../../core/request.ts';
import { fromE8 } from '../records/units.ts';
import type { Owner } from '../words.ts';
import { rankOf } from './lots.ts';

/** Changes of a symbol's lots that are kept; what is older counts as held all along. */
const MAX_MOVES = 1_000;
/** Trades of exits that wait for what they closed; the oldest goes. */
const MAX_AHEAD = 100;

/**
 * One symbol's position by what its trades have moved, in the order of the trades: lots of its holder and of nobody, and
 * what they cost each. Quantities in units of 1e-8. The account's own cost is the exchange's, which averages over all that is held.
 */
export interface OwnedLots {
  readonly symbol: string;
  /** Trades until then are in what was held at first; {@link NOT_BEGUN}: nobody knows yet how much that was. */
  sinceMs: number;
  /** Signed quantity by owner, in units of 1e-8; an agent beside the holder only by records of before the smaller contract. */
  readonly owned: Map<Owner, number>;
  /** Signed USDT paid for the lots that are held, by owner. */
  readonly costs: Map<Owner, number>;
  moves: Move[];
  /** Of exits, lots that were closed before the trade that opened them was told. */
  readonly ahead: Ahead[];
}
export interface Ahead {
  readonly trade: MovingTrade;
  /** As the exit moves them, in units of 1e-8. */
  signedE8: number;
}
/** Signed lots that an exit has closed of an opening, in units of 1e-8. */
interface Settled {
  readonly trade: MovingTrade;
  readonly closedE8: number;
}
interface Move {
  readonly owner: Owner;
  readonly quantityE8: number;
  readonly atMs: number;
}

export const NOT_BEGUN = Number.POSITIVE_INFINITY;

/** `quantityE8` at `entryPrice` is nobody's. */
export function createOwnedLots(symbol: string, sinceMs: number, quantityE8 = 0, costUsdt = 0): OwnedLots {
  const isHeld = quantityE8 !== 0;
  return {
    symbol,
    sinceMs,
    owned: new Map<Owner, number>(isHeld ? [[null, quantityE8]] : []),
    costs: new Map<Owner, number>(isHeld ? [[null, costUsdt]] : []),
    moves: [],
    ahead: [],
  };
}

/** A trade as it moves lots. */
export interface MovingTrade {
  /** Whose opening it is; of an exit, whose lots go first. Null: nobody's. */
  readonly owner: Owner;
  /** An exit of the gate, a stop, a liquidation: agents' lots go first. */
  readonly agentsFirst: boolean;
  /** It opens nothing. */
  readonly isExit: boolean;
  readonly side: Side;
  readonly quantityE8: number;
  readonly atMs: number;
  /** USDT. */
  readonly price: number;
  readonly feeUsdt: number;
  /** USDT; null: its order has none. */
  readonly slippageUsdt: number | null;
  /** Its fee is borne with what it closed; else it is its agent's. */
  readonly isBorne: boolean;
}
/** What a trade moved of one owner. */
export interface Moved {
  readonly owner: Owner;
  /** The trade by which it is booked. */
  readonly trade: MovingTrade;
  /** Lots, without sign. */
  readonly quantityE8: number;
  readonly realisedUsdt: number;
}

/**
 * Moves the lots of a trade. What it closes is told with what that made, by what the lots had cost their owner. Trades may
 * be told in another order than they were made in: an exit that closes more than is held waits for what it has closed.
 */
export function moveLots(book: OwnedLots, trade: MovingTrade): readonly Moved[] {
  let left = trade.side === 'buy' ? trade.quantityE8 : -trade.quantityE8;
  const moved: Moved[] = [];
  if (!trade.isExit)
    for (const settled of takeAhead(book.ahead, left, (exit) => exit.trade.atMs >= trade.atMs)) {
      left += settled.closedE8;
      moved.push(...settleAhead(book, trade, settled));
    }
  const owners = [...book.owned.keys()].sort(
    (a, b) => rankOf(a, trade, null) - rankOf(b, trade, null) || ((a ?? '') < (b ?? '') ? -1 : 1),
  );
  for (const owner of owners) {
    const held = book.owned.get(owner) ?? 0;
    if (held * left >= 0) continue;
    const closed = Math.sign(left) * Math.min(Math.abs(left), Math.abs(held));
    left -= closed;
    const cost = book.costs.get(owner) ?? 0;
    const released = (cost * Math.abs(closed)) / Math.abs(held);
    change(book, owner, closed, -released, trade.atMs);
    const realisedUsdt = -fromE8(closed) * trade.price - released;
    moved.push({ owner, trade, quantityE8: Math.abs(closed), realisedUsdt });
  }
  if (left === 0) return moved;
  if (trade.isExit) {
    book.ahead.push({ trade, signedE8: left });
    if (book.ahead.length > MAX_AHEAD) book.ahead.shift();
    return moved;
  }
  const { owner } = trade;
  change(book, owner, left, fromE8(left) * trade.price, trade.atMs);
  moved.push({ owner, trade, quantityE8: Math.abs(left), realisedUsdt: 0 });
  return moved;
}

/** An opening is told after an exit of it, which has closed it at its own price, whatever is held since. */
function settleAhead(book: OwnedLots, opening: MovingTrade, { closedE8, trade: exit }: Settled): readonly Moved[] {
  const { atMs, owner, price } = opening;
  note(book, owner, -closedE8, atMs);
  note(book, owner, closedE8, exit.atMs);
  const quantityE8 = Math.abs(closedE8);
  return [
    { owner, trade: opening, quantityE8, realisedUsdt: 0 },
    { owner, trade: exit, quantityE8, realisedUsdt: fromE8(closedE8) * (price - exit.price) },
  ];
}

/** Takes from waiting exits the lots that they have closed of an opening, the oldest exit first; in units of 1e-8, signed. */
export function takeAhead(ahead: Ahead[], openedE8: number, mayClose: (exit: Ahead) => boolean): readonly Settled[] {
  const taken: Settled[] = [];
  let left = openedE8;
  for (const exit of [...ahead]) {
    if (exit.signedE8 * left >= 0 || !mayClose(exit)) continue;
    const closedE8 = Math.sign(exit.signedE8) * Math.min(Math.abs(left), Math.abs(exit.signedE8));
    left += closedE8;
    exit.signedE8 -= closedE8;
    if (exit.signedE8 === 0) ahead.splice(ahead.indexOf(exit), 1);
    taken.push({ trade: exit.trade, closedE8 });
  }
  return taken;
}

function change(book: OwnedLots, owner: Owner, quantityE8: number, costUsdt: number, atMs: number): void {
  const { costs, owned } = book;
  const held = (owned.get(owner) ?? 0) + quantityE8;
  const cost = (costs.get(owner) ?? 0) + costUsdt;
  if (held === 0) {
    owned.delete(owner);
    costs.delete(owner);
  } else {
    owned.set(owner, held);
    costs.set(owner, cost);
  }
  note(book, owner, quantityE8, atMs);
}
function note({ moves }: OwnedLots, owner: Owner, quantityE8: number, atMs: number): void {
  moves.push({ owner, quantityE8, atMs });
  if (moves.length > MAX_MOVES) moves.shift();
}

/** An operator gave all that is held to an agent, with what it cost. */
export function adoptLots(book: OwnedLots, agent: Owner, atMs: number): void {
  for (const [owner, quantityE8] of [...book.owned]) {
    if (owner === agent) continue;
    const cost = book.costs.get(owner) ?? 0;
    change(book, owner, -quantityE8, -cost, atMs);
    change(book, agent, quantityE8, cost, atMs);
  }
}

/**
 * Splits an amount over what was held at an instant, in proportion to lots; all of it is nobody's when nothing was. The
 * last part takes what rounding leaves, so that the parts add up.
 */
export function splitHeld(book: OwnedLots | undefined, atMs: number, amountUsdt: number): ReadonlyMap<Owner, number> {
  const held = new Map<Owner, number>(book?.owned);
  for (const move of book?.moves ?? [])
    if (move.atMs > atMs) held.set(move.owner, (held.get(move.owner) ?? 0) - move.quantityE8);
  let total = 0;
  for (const quantityE8 of held.values()) total += Math.abs(quantityE8);
  if (total === 0) return new Map([[null, amountUsdt]]);
  const parts = new Map<Owner, number>();
  let rest = amountUsdt;
  const owners = [...held]
    .filter(([, quantityE8]) => quantityE8 !== 0)
    .sort(([a], [b]) => ((a ?? '') < (b ?? '') ? -1 : 1));
  for (const [i, [owner, quantityE8]] of owners.entries()) {
    const part = i === owners.length - 1 ? rest : (amountUsdt * Math.abs(quantityE8)) / total;
    rest -= part;
    parts.set(owner, part);
  }
  return parts;
}

/** Whether trades have left nothing held at some instant after that. */
export function wasFlatSince({ moves, owned }: OwnedLots, atMs: number): boolean {
  let held = 0;
  for (const quantityE8 of owned.values()) held += quantityE8;
  for (let i = moves.length - 1; i >= 0 && moves[i]!.atMs > atMs; i -= 1) {
    if (held === 0) return true;
    held -= moves[i]!.quantityE8;
  }
  return false;
}

/** The clock was set back: what lies after that has happened by now. */
export function setBackOwned(book: OwnedLots, nowMs: number): void {
  if (book.sinceMs !== NOT_BEGUN) book.sinceMs = Math.min(book.sinceMs, nowMs);
  book.moves = book.moves.map((move) => ({ ...move, atMs: Math.min(move.atMs, nowMs) }));
}
