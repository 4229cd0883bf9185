import { type Caps, findCapBreaches } from './cap-breaches.ts';
import type { Books, Call, Decided, Tale } from './evidence.ts';

/** Each entry says what is wrong; all are empty when every promise held. */
export interface Verdict {
  readonly duplicates: readonly string[];
  readonly lost_decisions: readonly string[];
  readonly cap_breaches: readonly string[];
  readonly lost_exits: readonly string[];
}
export interface Evidence {
  readonly books: Books;
  readonly tale: Tale;
  readonly calls: readonly Call[];
  readonly caps: Caps;
}

/** Both symbols of the exchange have lots of 0.001. */
const LOTS_IN_ONE = 1_000;
/** The daemon's clock is the middle of a round trip to the exchange. */
const CLOCK_WITHIN_MS = 100;
/** Alerts that tell a person what became of an exit, or why nothing is known of an order. */
const TELLING = new Set(['EXIT_ENDED', 'EXIT_FAILED', 'EXIT_DROPPED', 'EXIT_NOT_RESUMED', 'ORDER_LOST']);
const ENDED_BY_SOMEBODY = new Set(['canceled', 'halted', 'rests']);
const NOTHING_SENT = new Set(['canceled', 'not_placed', 'rejected']);
const STATUS: Readonly<Record<string, string>> = {
  CANCELED: 'canceled',
  EXPIRED: 'expired',
  FILLED: 'filled',
  NEW: 'working',
  PARTIALLY_FILLED: 'partially_filled',
  REJECTED: 'rejected',
};
const lotsOf = (quantity: string): number => Math.round(Number(quantity) * LOTS_IN_ONE);

/** What holds at every instant, also while the daemon lies dead. */
export function judgeAtDeath({ books, tale, calls, caps }: Evidence): Verdict {
  return {
    duplicates: findDuplicates(books, tale),
    lost_decisions: [...findUndecided(books, tale), ...findForgotten(tale, calls)],
    cap_breaches: findCapBreaches(books, caps),
    lost_exits: [],
  };
}

/** What holds besides, once the daemon says that it knows what became of every order. */
export function judgeAtQuiet(evidence: Evidence): Verdict {
  const { books, tale, calls } = evidence;
  const verdict = judgeAtDeath(evidence);
  return {
    ...verdict,
    lost_decisions: [
      ...verdict.lost_decisions,
      ...findUnreported(books, tale),
      ...findWronglyReported(books, tale, calls),
    ],
    lost_exits: findLostExits(books, tale, calls),
  };
}

export function mergeVerdicts(verdicts: readonly Verdict[]): Verdict {
  const all = (name: keyof Verdict): readonly string[] => [...new Set(verdicts.flatMap((verdict) => verdict[name]))];
  return {
    duplicates: all('duplicates'),
    lost_decisions: all('lost_decisions'),
    cap_breaches: all('cap_breaches'),
    lost_exits: all('lost_exits'),
  };
}

/** One client order id, one slice, one request: each at most once, and no more executed than was decided. */
function findDuplicates(books: Books, tale: Tale): readonly string[] {
  const found: string[] = [];
  const ids = new Set<string>();
  const slices = new Set<string>();
  for (const order of books.orders) {
    const id = order.client_order_id;
    if (ids.has(id)) found.push(`${id} is at the exchange twice`);
    ids.add(id);
    const planned = tale.planned.get(id);
    if (planned === undefined) continue;
    if (lotsOf(order.quantity) > planned.lots || lotsOf(order.executed_quantity) > planned.lots)
      found.push(`${id}: ${order.quantity} sent and ${order.executed_quantity} executed of ${planned.lots} lots`);
    const filled = order.fills.reduce((sum, fill) => sum + lotsOf(fill.quantity), 0);
    if (filled !== lotsOf(order.executed_quantity))
      found.push(`${id}: its fills are ${filled} lots of ${lotsOf(order.executed_quantity)} executed`);
    if (planned.reduceOnly) continue;
    // An exit may climb its ladder; a slice that opens is sent once.
    const slice = id.replace(/-[0-9a-z]+$/, '');
    if (slices.has(slice)) found.push(`slice ${slice} was sent twice`);
    slices.add(slice);
  }
  const decided = new Map<string, string>();
  for (const { id, requestId } of tale.decisions.values()) {
    if (requestId === null) continue;
    const first = decided.get(requestId);
    if (first !== undefined) found.push(`request ${requestId} was decided twice: ${first} and ${id}`);
    decided.set(requestId, id);
  }
  return found;
}

/** Disk first: what is at the exchange was decided, and is what was decided. */
function findUndecided(books: Books, tale: Tale): readonly string[] {
  const found: string[] = [];
  for (const order of books.orders) {
    const planned = tale.planned.get(order.client_order_id);
    if (planned === undefined) found.push(`no decision on disk asked for ${order.client_order_id}`);
    else if (
      planned.symbol !== order.symbol ||
      planned.side.toUpperCase() !== order.side ||
      planned.reduceOnly !== order.reduce_only
    )
      found.push(`${order.client_order_id} is another order than was decided`);
  }
  return found;
}

/** What a client was told is on disk, word for word as far as it matters. */
function findForgotten(tale: Tale, calls: readonly Call[]): readonly string[] {
  return calls.flatMap(({ requestId, answer }) => {
    if (answer === null) return [];
    const { decision_id: id, decision: verdict } = answer.decision;
    const stored = tale.decisions.get(id);
    if (stored === undefined) return [`${requestId} was answered with ${id}, which is not on disk`];
    if (stored.verdict !== verdict) return [`${requestId} was answered ${verdict}; ${id} says ${stored.verdict}`];
    if (stored.requestId !== requestId) return [`${requestId} was answered with the decision of ${stored.requestId}`];
    return [];
  });
}

/** The ledger says of every order what the exchange did, and of every other that it was not sent. */
function findUnreported(books: Books, tale: Tale): readonly string[] {
  const found: string[] = [];
  const booked = new Map(books.orders.map((order) => [order.client_order_id, order]));
  for (const id of tale.planned.keys()) {
    const reported = tale.outcomes.get(id);
    const order = booked.get(id);
    if (reported === undefined) found.push(`the ledger does not tell what became of ${id}`);
    else if (order === undefined) {
      if (!NOTHING_SENT.has(reported.status) || reported.executedLots !== 0)
        found.push(`${id} is ${reported.status} with ${reported.executedLots} lots; the exchange never had it`);
    } else if (reported.status !== STATUS[order.status] || reported.executedLots !== lotsOf(order.executed_quantity))
      found.push(
        `${id} is ${reported.status} with ${reported.executedLots} lots; at the exchange ${order.status} with ${order.executed_quantity}`,
      );
  }
  return found;
}

const FINAL = new Set(['filled', 'canceled', 'expired', 'rejected', 'not_placed']);

/**
 * What a client was told of as over is as it was told. An exit's order may carry several exits, of which each answer
 * tells its own part: together no more than was executed.
 */
function findWronglyReported(books: Books, tale: Tale, calls: readonly Call[]): readonly string[] {
  const booked = new Map(books.orders.map((order) => [order.client_order_id, order]));
  const parts = new Map<string, Map<string, number>>();
  const found: string[] = [];
  for (const { answer, requestId } of calls) {
    // A cancel's answer lists what it was about, exits of others included.
    if (answer?.decision.effective?.action === 'cancel') continue;
    for (const { client_order_id: id, filled_quantity: filled, status } of answer?.execution.orders ?? []) {
      const executed = lotsOf(booked.get(id)?.executed_quantity ?? '0');
      const reported = lotsOf(filled);
      if (tale.planned.get(id)?.reduceOnly === true) {
        const ofOrder = parts.get(id) ?? new Map<string, number>();
        parts.set(id, ofOrder.set(answer?.decision.decision_id ?? '', reported));
      } else if (reported > executed || (FINAL.has(status) && reported !== executed))
        found.push(`${requestId}: ${id} was told as ${status} with ${reported} lots; ${executed} were executed`);
    }
  }
  for (const [id, ofOrder] of parts) {
    const reported = [...ofOrder.values()].reduce((sum, lots) => sum + lots, 0);
    const executed = lotsOf(booked.get(id)?.executed_quantity ?? '0');
    if (reported > executed) found.push(`exits were told of ${reported} lots of ${id}; ${executed} were executed`);
  }
  return found;
}

/** A permitted exit ends filled, or with nothing left, or somebody ended it, or an alert says why it did not. */
function findLostExits(books: Books, tale: Tale, calls: readonly Call[]): readonly string[] {
  const closing = new ClosingFills(books, tale);
  const exits = [...tale.decisions.values()].filter(
    (one) => one.kind === 'tool' && one.action === 'exit' && one.verdict !== 'BLOCK',
  );
  const left = exits.map((exit) => exit.lots - closing.takeOwn(exit));
  // The newest first: what was told since can be credited to an older one as well, never the other way round.
  const open = left.map(() => 0);
  for (let index = exits.length - 1; index >= 0; index -= 1)
    open[index] = left[index]! - closing.takeOthers(exits[index]!, left[index]!);
  const found: string[] = [];
  exits.forEach((exit, index) => {
    if (open[index]! > 0 && !isAccountedFor(books, tale, exit))
      found.push(
        `exit ${exit.id} of ${exit.lots} lots ${exit.symbol}: ${open[index]} were not closed; ` +
          `it ended as ${tale.exitEnds.get(exit.id) ?? 'nothing: it has no end'}`,
      );
  });
  for (const { requestId, status, tool } of calls)
    if (tool === 'close_position' && status === null && !isDecided(tale, requestId))
      found.push(`exit ${requestId} was never decided, though it was asked for again`);
  return found;
}

interface ClosingFill {
  readonly rootId: string;
  readonly symbol: string;
  /** Record of the last word on its order. */
  readonly reportedSeq: number;
  lots: number;
}

/** Lots that exits have closed by the books; each is credited once. */
class ClosingFills {
  readonly #fills: ClosingFill[] = [];

  constructor(books: Books, tale: Tale) {
    for (const { client_order_id: id, fills } of books.orders) {
      const planned = tale.planned.get(id);
      if (planned?.reduceOnly !== true) continue;
      const { rootId, symbol } = planned;
      const reportedSeq = tale.outcomes.get(id)?.seq ?? 0;
      for (const { quantity } of fills) this.#fills.push({ rootId, symbol, reportedSeq, lots: lotsOf(quantity) });
    }
  }

  /** Of the exit's own orders. */
  takeOwn({ id, lots }: Decided): number {
    return this.#take(lots, (fill) => fill.rootId === id);
  }
  /** Of orders that carried several exits, or of other exits that closed the same since. */
  takeOthers({ seq, symbol }: Decided, lots: number): number {
    return this.#take(lots, (fill) => fill.symbol === symbol && fill.reportedSeq > seq);
  }

  #take(lots: number, isWanted: (fill: ClosingFill) => boolean): number {
    let taken = 0;
    for (const fill of this.#fills) {
      if (taken >= lots || fill.lots === 0 || !isWanted(fill)) continue;
      const part = Math.min(fill.lots, lots - taken);
      fill.lots -= part;
      taken += part;
    }
    return taken;
  }
}

function isDecided(tale: Tale, requestId: string): boolean {
  for (const decision of tale.decisions.values()) if (decision.requestId === requestId) return true;
  return false;
}

function isAccountedFor(books: Books, tale: Tale, exit: Decided): boolean {
  const { id, seq, symbol } = exit;
  const end = tale.exitEnds.get(id) ?? '';
  if (ENDED_BY_SOMEBODY.has(end)) return true;
  if (end === 'nothing_left' && isAllClosedSince(books, exit)) return true;
  const wasFlat = books.orders.some(
    (order) =>
      (tale.outcomes.get(order.client_order_id)?.seq ?? 0) > seq &&
      order.fills.some((fill) => fill.symbol === symbol && Number(fill.position_after) === 0),
  );
  if (wasFlat) return true;
  return tale.alerts.some(
    (alert) => alert.seq > seq && TELLING.has(alert.code) && (alert.symbol === symbol || alert.symbol === null),
  );
}

/**
 * As many lots were closed after the decision as were held when it was taken: whatever is held now was opened since, and
 * an exit leaves that alone. Holds if it does for one instant within the uncertainty of the daemon's clock.
 */
function isAllClosedSince(books: Books, { atMs, symbol }: Decided): boolean {
  const fills = books.orders
    .flatMap((order) => order.fills)
    .filter((fill) => fill.symbol === symbol)
    .sort((a, b) => a.trade_id - b.trade_id);
  const heldAfter = (count: number): number => (count === 0 ? 0 : Number(fills[count - 1]!.position_after));
  const isClosedFrom = (count: number): boolean => {
    const held = heldAfter(count);
    const closed = fills
      .slice(count)
      .filter((fill) => (fill.side === 'BUY') === held < 0)
      .reduce((sum, fill) => sum + lotsOf(fill.quantity), 0);
    return closed >= Math.abs(Math.round(held * LOTS_IN_ONE));
  };
  const first = fills.filter((fill) => fill.time_ms < atMs - CLOCK_WITHIN_MS).length;
  const last = fills.filter((fill) => fill.time_ms <= atMs + CLOCK_WITHIN_MS).length;
  for (let count = first; count <= last; count += 1) if (isClosedFrom(count)) return true;
  return false;
}
