import { followShares, heldAt, type ShareChange } from './shares.ts';

/** Fills of a symbol that are kept; what is older counts as held all along. */
const MOST_FILLS = 1_000;

interface Fill {
  /** Signed lots. */
  readonly signed: number;
  readonly agent: string | null;
  /** When it filled, venue time. */
  readonly atMs: number;
  /** An exit of the gate, which closes what agents hold; what belongs to nobody goes last then. */
  readonly agentsFirst: boolean;
}

/** A fill, and what it moved of whose share. */
export interface SharedFill extends Fill {
  readonly changes: readonly ShareChange[];
}

/** Whose a position is: a fold of its fills in the order in which they happened. */
export interface FilledShares {
  /** Signed lots by agent. What no agent holds is the account's own. */
  readonly shares: Map<string, number>;
  /** The last fills, in the order of the venue's time. */
  fills: SharedFill[];
}

/**
 * Moves shares by a fill of a position that had `lots` by all fills known so far. RISK: a fill may become known long
 * after it, and what filled since was shared out without it: that is taken back and shared out again, or an exit of all
 * would be charged to those who held less by then. INVARIANT: shares do not depend on when a fill became known.
 */
export function placeFill(book: FilledShares, lots: number, fill: Fill): void {
  const later: Fill[] = [];
  let before = lots;
  for (let last = book.fills.at(-1); last !== undefined && last.atMs > fill.atMs; last = book.fills.at(-1)) {
    book.fills.pop();
    for (const { agent, lots: moved } of last.changes) move(book.shares, agent, -moved);
    before -= last.signed;
    later.push(last);
  }
  for (const { agent, agentsFirst, atMs, signed } of [fill, ...later.reverse()]) {
    const moving = { shares: book.shares, shareChanges: [] };
    followShares(moving, { before, signed, agent, atMs, agentsFirst });
    book.fills.push({ signed, agent, atMs, agentsFirst, changes: moving.shareChanges });
    before += signed;
  }
  if (book.fills.length > MOST_FILLS) book.fills.shift();
}

function move(shares: Map<string, number>, agent: string, signed: number): void {
  const share = (shares.get(agent) ?? 0) + signed;
  if (share === 0) shares.delete(agent);
  else shares.set(agent, share);
}

/** Lots that each agent held on that side (1: long, -1: short) at a venue time, by the fills that are known now. */
export function sharesAt({ fills, shares }: FilledShares, direction: number, atMs: number): Map<string, number> {
  return heldAt({ shares, shareChanges: fills.flatMap(({ changes }) => changes) }, direction, atMs);
}

/** The clock was set back: what lies after that has happened by now. */
export function setBackFills(book: FilledShares, nowMs: number): void {
  book.fills = book.fills.map((fill) => ({
    ...fill,
    atMs: Math.min(fill.atMs, nowMs),
    changes: fill.changes.map((change) => ({ ...change, atMs: Math.min(change.atMs, nowMs) })),
  }));
}
