import { apportion } from './apportion.ts';

/** Changes of a symbol's shares that are kept; what is older counts as held all along. */
const MOST_CHANGES = 1_000;

/** Signed lots by which a fill moved an agent's share; `atMs`: when it filled, venue time. */
export interface ShareChange {
  readonly agent: string;
  readonly lots: number;
  readonly atMs: number;
}

/** Whose a position is. */
export interface Shares {
  /** Signed lots by agent, following fills. What no agent holds is the account's own. */
  readonly shares: Map<string, number>;
  /** The last of their fills, in the order of their records. */
  shareChanges: ShareChange[];
  /** None of them, and none before them, is of later. */
  newestMs: number;
  /** What was split last. */
  split: Split | null;
}

/** What all agents pay for of one order at one instant, which may come in many trades. */
interface Split {
  readonly of: string;
  readonly atMs: number;
  /** Lots by agent before the first of them. */
  readonly held: ReadonlyMap<string, number>;
  /** Lots of the trades so far, and which agents' they were. */
  due: number;
  readonly taken: Map<string, number>;
}

/** A fill that moves a position: signed lots, and when the venue filled them. */
interface Fill {
  readonly before: number;
  readonly signed: number;
  readonly agent: string | null;
  readonly atMs: number;
  /** An exit of the gate, which closes what agents hold; what belongs to nobody goes last then. */
  readonly agentsFirst: boolean;
  /** Client id of its order, where that may fill in many trades; null: it stands for itself. */
  readonly of: string | null;
}

/**
 * What adds to the position is the agent's; what reduces it is taken from the agent's own share first, then from
 * others. An exit that is no agent's (an operator's, a stop, a cut) is split over the shares in proportion.
 */
export function followShares(book: Shares, { before, signed, agent, atMs, agentsFirst, of }: Fill): void {
  const direction = Math.sign(before);
  const reducing =
    direction !== 0 && Math.sign(signed) !== direction ? Math.min(Math.abs(signed), Math.abs(before)) : 0;
  const adding = Math.abs(signed) - reducing;
  let left = reducing;
  if (left > 0) {
    if (agent !== null) left -= takeShare(book, agent, direction, left, atMs);
    // What belongs to nobody goes before what belongs to another agent.
    if (!agentsFirst && left > 0)
      left -= Math.min(left, Math.max(0, Math.abs(before) - (reducing - left) - lotsOfAgents(book)));
    // Also where nothing is left: later trades of the order are split by what was held here.
    const split = of === null && left === 0 ? null : findSplit(book, direction, of, atMs);
    if (split === null) book.split = null;
    // RISK: a fill may become known long after it: it closed nothing of what was opened since.
    else if (left > 0) left -= takeProRata(book, direction, left, atMs, split);
    if (left > 0) {
      const heldNow = heldAt(book, direction, Number.POSITIVE_INFINITY);
      takeProRata(book, direction, left, atMs, { of: '', atMs, held: heldNow, due: 0, taken: new Map() });
    }
  }
  if (adding > 0 && agent !== null) addShare(book, agent, Math.sign(signed) * adding, atMs);
}

/** Lots that each agent held on that side (1: long, -1: short) at a venue time, by the fills that are known now. */
export function heldAt(
  { newestMs, shares, shareChanges }: Pick<Shares, 'newestMs' | 'shares' | 'shareChanges'>,
  direction: number,
  atMs: number,
): Map<string, number> {
  if (atMs >= newestMs) return onSide(shares, direction);
  const then = new Map(shares);
  for (let i = 0; i < shareChanges.length; i += 1) {
    const { agent, lots, atMs: changedAtMs } = shareChanges[i]!;
    if (changedAtMs > atMs) then.set(agent, (then.get(agent) ?? 0) - lots);
  }
  return onSide(then, direction);
}
function onSide(shares: ReadonlyMap<string, number>, direction: number): Map<string, number> {
  const held = new Map<string, number>();
  for (const [agent, lots] of shares) if (lots * direction > 0) held.set(agent, lots * direction);
  return held;
}

function lotsOfAgents({ shares }: Shares): number {
  let owned = 0;
  for (const lots of shares.values()) owned += Math.abs(lots);
  return owned;
}

function findSplit(book: Shares, direction: number, of: string | null, atMs: number): Split {
  if (of !== null && book.split?.of === of && book.split.atMs === atMs) return book.split;
  const split = { of: of ?? '', atMs, held: heldAt(book, direction, atMs), due: 0, taken: new Map() };
  book.split = of === null ? null : split;
  return split;
}

/**
 * Takes lots from what agents hold in proportion, in whole lots. RISK: an order may fill in trades of a lot each, all of
 * which would be the largest holder's: what is due of all trades so far is split, less what was taken. Nobody loses more
 * than it has by now. Returns the lots taken.
 */
function takeProRata(book: Shares, direction: number, lots: number, atMs: number, split: Split): number {
  const parts = apportion(split.held, split.due + lots).map(({ name, lots: due }) => ({
    name,
    lots: Math.max(0, due - (split.taken.get(name) ?? 0)),
  }));
  split.due += lots;
  // One that lost a lot to rounding may be due less now.
  let over = parts.reduce((sum, part) => sum + part.lots, 0) - lots;
  let taken = 0;
  for (const { name, lots: due } of parts.reverse()) {
    const less = Math.max(0, Math.min(over, due));
    over -= less;
    split.taken.set(name, (split.taken.get(name) ?? 0) + due - less);
    taken += takeShare(book, name, direction, due - less, atMs);
  }
  return taken;
}

function takeShare(book: Shares, agent: string, direction: number, lots: number, atMs: number): number {
  const share = book.shares.get(agent) ?? 0;
  if (Math.sign(share) !== direction) return 0;
  const taken = Math.min(Math.abs(share), lots);
  addShare(book, agent, -direction * taken, atMs);
  return taken;
}

function addShare(book: Shares, agent: string, signed: number, atMs: number): void {
  if (signed === 0) return;
  const share = (book.shares.get(agent) ?? 0) + signed;
  if (share === 0) book.shares.delete(agent);
  else book.shares.set(agent, share);
  noteChange(book, { agent, lots: signed, atMs });
}
export function noteChange(book: Shares, change: ShareChange): void {
  book.shareChanges.push(change);
  book.newestMs = Math.max(book.newestMs, change.atMs);
  if (book.shareChanges.length > MOST_CHANGES) book.shareChanges.shift();
}

/** Fills of a symbol that are kept; what is older counts as held all along. */
const MOST_FILLS = 1_000;

interface PlacedFill {
  /** Signed lots. */
  readonly signed: number;
  readonly agent: string | null;
  /** When it filled, venue time: at the latest, while it has an `order`. */
  readonly atMs: number;
  /** An exit of the gate, which closes what agents hold; what belongs to nobody goes last then. */
  readonly agentsFirst: boolean;
  /** Client id of its order; null: its time is that of its trade, or no trade of it can be told. */
  readonly order: string | null;
  /** Client id of its order, whether its time is that of its trade or not; null: it stands for itself. */
  readonly of: string | null;
}

/** A fill, and what it moved of whose share. */
export interface SharedFill extends PlacedFill {
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
export function placeFill(book: FilledShares, lots: number, fill: PlacedFill): void {
  const newestMs = book.fills.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
  if (newestMs < fill.atMs) replay(book, lots, [fill]);
  else {
    const { before, later } = unwind(book, lots, isPart(book, fill) ? fill.atMs - 1 : fill.atMs);
    replay(book, before, insert([...later], fill));
  }
}

/**
 * A trade tells when lots of an order filled, of which a report had told later: a cancel says at its own time what had
 * filled before it. `lots`: of the position by all fills known so far.
 */
export function dateFill(book: FilledShares, lots: number, order: string, tradedLots: number, atMs: number): void {
  let left = tradedLots;
  for (let at = findUndated(book, order, atMs); left > 0 && at >= 0; at = findUndated(book, order, atMs)) {
    const told = book.fills[at] as SharedFill;
    const dated = Math.sign(told.signed) * Math.min(left, Math.abs(told.signed));
    left -= Math.abs(dated);
    if (told.atMs === atMs && dated === told.signed) {
      book.fills[at] = { ...told, order: null };
      continue;
    }
    const { before, later } = unwind(book, lots, Math.min(atMs, told.atMs) - 1);
    const rest = { ...told, signed: told.signed - dated };
    const others = later.flatMap((fill) => (fill !== told ? [fill] : rest.signed === 0 ? [] : [rest]));
    replay(book, before, insert(others, { ...told, signed: dated, atMs, order: null }));
  }
}

/** Beside what its order filled at the same instant; else after all that filled until then. */
function insert(fills: PlacedFill[], fill: PlacedFill): PlacedFill[] {
  const beside = fills.findLastIndex((other) => isOfSame(other, fill));
  const place = beside < 0 ? fills.findIndex(({ atMs }) => atMs > fill.atMs) : beside + 1;
  fills.splice(place < 0 ? fills.length : place, 0, fill);
  return fills;
}
function isPart({ fills }: FilledShares, fill: PlacedFill): boolean {
  if (fill.of === null) return false;
  for (let i = fills.length - 1; i >= 0 && fills[i]!.atMs >= fill.atMs; i -= 1)
    if (isOfSame(fills[i]!, fill)) return true;
  return false;
}
/** Their lots are split together. */
function isOfSame(one: PlacedFill, other: PlacedFill): boolean {
  return one.of !== null && one.of === other.of && one.atMs === other.atMs;
}
/** The oldest fill of an order that its report has told, and no trade, at that time or later; -1: there is none. */
function findUndated({ fills }: FilledShares, order: string, atMs: number): number {
  let found = -1;
  for (let i = fills.length - 1; i >= 0 && fills[i]!.atMs >= atMs; i -= 1) if (fills[i]!.order === order) found = i;
  return found;
}

/** Takes back the fills that happened after an instant; `before`: lots of the position without them. */
function unwind(book: FilledShares, lots: number, atMs: number): { before: number; later: readonly PlacedFill[] } {
  const later: PlacedFill[] = [];
  let before = lots;
  for (let last = book.fills.at(-1); last !== undefined && last.atMs > atMs; last = book.fills.at(-1)) {
    book.fills.pop();
    for (const { agent, lots: moved } of last.changes) move(book.shares, agent, -moved);
    before -= last.signed;
    later.push(last);
  }
  return { before, later: later.reverse() };
}
function replay(book: FilledShares, lots: number, fills: readonly PlacedFill[]): void {
  let before = lots;
  let signed = 0;
  const parts = fills.length === 1 ? fills : joinDated(fills);
  for (let i = 0; i < parts.length; i += 1) {
    const fill = parts[i]!;
    const { agent, agentsFirst, atMs, of, order } = fill;
    const next = parts[i + 1];
    signed += fill.signed;
    const isLast = next === undefined || !isOfSame(fill, next);
    // Its parts are joined here: nothing that comes later is split with it.
    const moving: Shares = { shares: book.shares, shareChanges: [], newestMs: Number.NEGATIVE_INFINITY, split: null };
    if (isLast) followShares(moving, { before, signed, agent, atMs, agentsFirst, of: null });
    // INVARIANT: with the last one go the changes by all; they are taken back together.
    book.fills.push({ signed: fill.signed, agent, atMs, agentsFirst, order, of, changes: moving.shareChanges });
    if (!isLast) continue;
    before += signed;
    signed = 0;
  }
  if (book.fills.length > MOST_FILLS) book.fills.splice(0, book.fills.length - MOST_FILLS);
}

/** What an order filled at one instant in many trades is one fill, once their time is known. */
function joinDated(fills: readonly PlacedFill[]): readonly PlacedFill[] {
  const joined: PlacedFill[] = [];
  for (const fill of fills) {
    const last = joined.at(-1);
    const isJoined = last !== undefined && isOfSame(last, fill) && last.order === null && fill.order === null;
    if (isJoined) joined[joined.length - 1] = { ...last, signed: last.signed + fill.signed };
    else joined.push(fill);
  }
  return joined;
}

function move(shares: Map<string, number>, agent: string, signed: number): void {
  const share = (shares.get(agent) ?? 0) + signed;
  if (share === 0) shares.delete(agent);
  else shares.set(agent, share);
}

/** Lots that each agent held on that side (1: long, -1: short) at a venue time, by the fills that are known now. */
export function sharesAt({ fills, shares }: FilledShares, direction: number, atMs: number): Map<string, number> {
  const shareChanges = fills.flatMap(({ changes }) => changes);
  return heldAt({ shares, shareChanges, newestMs: Number.POSITIVE_INFINITY }, direction, atMs);
}

/** The clock was set back: what lies after that has happened by now. */
export function setBackFills(book: FilledShares, nowMs: number): void {
  book.fills = book.fills.map((fill) => ({
    ...fill,
    atMs: Math.min(fill.atMs, nowMs),
    changes: fill.changes.map((change) => ({ ...change, atMs: Math.min(change.atMs, nowMs) })),
  }));
}
