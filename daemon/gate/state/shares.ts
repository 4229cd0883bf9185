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
}

/** A fill that moves a position: signed lots, and when the venue filled them. */
interface Fill {
  readonly before: number;
  readonly signed: number;
  readonly agent: string | null;
  readonly atMs: number;
  /** An exit of the gate, which closes what agents hold; what belongs to nobody goes last then. */
  readonly agentsFirst: boolean;
}

/**
 * What adds to the position is the agent's; what reduces it is taken from the agent's own share first, then from
 * others. An exit that is no agent's (an operator's, a stop, a cut) is split over the shares in proportion.
 */
export function followShares(book: Shares, { before, signed, agent, atMs, agentsFirst }: Fill): void {
  const direction = Math.sign(before);
  const reducing =
    direction !== 0 && Math.sign(signed) !== direction ? Math.min(Math.abs(signed), Math.abs(before)) : 0;
  const adding = Math.abs(signed) - reducing;
  let left = reducing;
  if (left > 0) {
    if (agent !== null) left -= takeShare(book, agent, direction, left, atMs);
    // What belongs to nobody goes before what belongs to another agent.
    const owned = [...book.shares.values()].reduce((sum, lots) => sum + Math.abs(lots), 0);
    if (!agentsFirst) left -= Math.min(left, Math.max(0, Math.abs(before) - (reducing - left) - owned));
    // RISK: a fill may become known long after it: it closed nothing of what was opened since.
    left -= takeProRata(book, direction, left, atMs, heldAt(book, direction, atMs));
    takeProRata(book, direction, left, atMs, heldAt(book, direction, Number.POSITIVE_INFINITY));
  }
  if (adding > 0 && agent !== null) addShare(book, agent, Math.sign(signed) * adding, atMs);
}

/** Lots that each agent held on that side (1: long, -1: short) at a venue time, by the fills that are known now. */
export function heldAt({ shares, shareChanges }: Shares, direction: number, atMs: number): Map<string, number> {
  const then = new Map(shares);
  for (const { agent, lots, atMs: changedAtMs } of shareChanges)
    if (changedAtMs > atMs) then.set(agent, (then.get(agent) ?? 0) - lots);
  const held = new Map<string, number>();
  for (const [agent, lots] of then) if (lots * direction > 0) held.set(agent, lots * direction);
  return held;
}

/**
 * Takes lots from what agents hold in proportion, in whole lots: what rounding leaves goes to those that lost the most
 * by it, in alphabetical order among equals. Nobody loses more than it has by now. Returns the lots taken.
 */
function takeProRata(
  book: Shares,
  direction: number,
  lots: number,
  atMs: number,
  held: ReadonlyMap<string, number>,
): number {
  const total = [...held.values()].reduce((sum, share) => sum + share, 0);
  const due = Math.min(lots, total);
  if (due <= 0) return 0;
  const parts = [...held].map(([name, share]) => {
    const exact = due * share;
    return { name, share, lots: Math.floor(exact / total), rest: exact % total };
  });
  parts.sort((a, b) => b.rest - a.rest || (a.name < b.name ? -1 : 1));
  let taken = 0;
  let left = due - parts.reduce((sum, part) => sum + part.lots, 0);
  for (const part of parts) {
    const more = left > 0 && part.lots < part.share ? 1 : 0;
    left -= more;
    taken += takeShare(book, part.name, direction, part.lots + more, atMs);
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
  book.shareChanges.push({ agent, lots: signed, atMs });
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
  const { before, later } = unwind(book, lots, fill.atMs);
  replay(book, before, [fill, ...later]);
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
    const { before, later } = unwind(book, lots, Math.min(atMs, told.atMs - 1));
    const rest = told.signed - dated;
    const parts = [
      { ...told, signed: dated, atMs, order: null },
      { ...told, signed: rest },
    ].filter(({ signed }) => signed !== 0);
    const others: PlacedFill[] = later.filter((fill) => fill !== told);
    for (const part of parts) {
      const place = others.findIndex((fill) => fill.atMs > part.atMs);
      others.splice(place < 0 ? others.length : place, 0, part);
    }
    replay(book, before, others);
  }
}
/** The oldest fill of an order that its report has told, and no trade, at that time or later; -1: there is none. */
function findUndated({ fills }: FilledShares, order: string, atMs: number): number {
  return fills.findIndex((fill) => fill.order === order && fill.atMs >= atMs);
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
  for (const { agent, agentsFirst, atMs, order, signed } of fills) {
    const moving = { shares: book.shares, shareChanges: [] };
    followShares(moving, { before, signed, agent, atMs, agentsFirst });
    book.fills.push({ signed, agent, atMs, agentsFirst, order, changes: moving.shareChanges });
    before += signed;
  }
  if (book.fills.length > MOST_FILLS) book.fills.splice(0, book.fills.length - MOST_FILLS);
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
