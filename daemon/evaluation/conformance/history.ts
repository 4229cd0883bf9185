import type { BookFill, BookOrder, Books } from './under-test/books.ts';

export interface Terms {
  /** Total quantity, base asset, and limit price (0: market). */
  readonly quantity: number;
  readonly price: number;
}
export interface RestingOrder extends Terms {
  readonly order: BookOrder;
  readonly left: number;
}
/** The account at the exchange between two events. */
export interface AccountFrame {
  readonly positions: ReadonlyMap<string, number>;
  /** Orders that may still open something, at their remaining size. */
  readonly resting: ReadonlyMap<number, RestingOrder>;
}
/**
 * Something that happened at the exchange. `frame` is the account right after it; a placed order rests in it in full.
 */
export type BookEvent = { readonly atMs: number; readonly order: BookOrder; readonly frame: AccountFrame } & (
  | { readonly kind: 'placed' | 'amended'; readonly terms: Terms }
  | { readonly kind: 'filled'; readonly fill: BookFill }
  | { readonly kind: 'ended' }
);
export interface MarkSample {
  readonly atMs: number;
  readonly mark: number;
}
interface Amendment {
  readonly atMs: number;
  readonly orderId: number;
  readonly terms: Terms;
}

/**
 * What the exchange's books showed over time, from the first reading on. Amendments leave no trace in the books but the
 * changed order, so they are seen by comparing readings: two within one interval look like one.
 */
export class BookHistory {
  readonly first: Books;
  #last: Books;
  readonly #terms = new Map<number, Terms>();
  readonly #firstTerms = new Map<number, Terms>();
  readonly #amendments: Amendment[] = [];
  readonly #marks = new Map<string, MarkSample[]>();
  readonly #equity: { readonly atMs: number; readonly equityUsdt: number }[] = [];

  constructor(first: Books) {
    this.first = first;
    this.#last = first;
    this.add(first);
  }
  get last(): Books {
    return this.#last;
  }

  /** Takes a later reading in. Readings that arrive out of order are left out. */
  add(books: Books): void {
    if (books.atMs < this.#last.atMs) return;
    this.#last = books;
    this.#equity.push({ atMs: books.atMs, equityUsdt: books.equityUsdt });
    for (const [symbol, { mark }] of books.positions) this.#addMark(symbol, books.atMs, mark);
    for (const order of books.orders) {
      const terms = { quantity: order.quantity, price: order.price };
      const known = this.#terms.get(order.orderId);
      if (known === undefined) this.#firstTerms.set(order.orderId, terms);
      else if (known.quantity !== terms.quantity || known.price !== terms.price)
        this.#amendments.push({ atMs: order.updatedMs, orderId: order.orderId, terms });
      this.#terms.set(order.orderId, terms);
    }
  }
  #addMark(symbol: string, atMs: number, mark: number): void {
    const samples = this.#marks.get(symbol);
    if (samples === undefined) this.#marks.set(symbol, [{ atMs, mark }]);
    else samples.push({ atMs, mark });
  }

  /** Orders that came after the first reading, in order of arrival. */
  newOrders(): readonly BookOrder[] {
    const known = new Set(this.first.orders.map((order) => order.orderId));
    return this.last.orders.filter((order) => !known.has(order.orderId)).sort((a, b) => a.orderId - b.orderId);
  }

  /** Fills that came after the first reading, of whatever order. */
  newFills(): readonly { readonly order: BookOrder; readonly fill: BookFill }[] {
    const known = new Set(this.first.orders.flatMap((order) => order.fills.map((fill) => fill.tradeId)));
    return this.last.orders
      .flatMap((order) => order.fills.map((fill) => ({ order, fill })))
      .filter(({ fill }) => !known.has(fill.tradeId))
      .sort((a, b) => a.fill.tradeId - b.fill.tradeId);
  }

  /** Marks of a symbol as read and as the exchange wrote them beside orders and fills, oldest first. */
  marks(symbol: string): readonly MarkSample[] {
    const samples = [...(this.#marks.get(symbol) ?? [])];
    for (const order of this.newOrders())
      if (order.symbol === symbol) samples.push({ atMs: order.createdMs, mark: order.markAtPlacement });
    return samples.sort((a, b) => a.atMs - b.atMs);
  }

  /** Equity at the last reading not after an instant (the first one's before that). */
  equityAt(atMs: number): number {
    return (this.#equity.findLast((sample) => sample.atMs <= atMs) ?? this.first).equityUsdt;
  }

  /**
   * Every event after the first reading with the account after it. Events of one millisecond: first what ends older
   * orders, then orders as they were numbered, each with its fills and its own end. So an ambiguous millisecond is read
   * in the way that accuses less.
   */
  events(): readonly BookEvent[] {
    const positions = new Map([...this.first.positions].map(([symbol, { quantity }]) => [symbol, quantity]));
    const resting = new Map<number, RestingOrder>();
    for (const order of this.first.orders) {
      if (!order.isOpen || order.isExit) continue;
      resting.set(order.orderId, { order, ...this.#startTerms(order), left: order.quantity - order.executed });
    }
    return this.#plainEvents().map((event) => {
      const { order } = event;
      if (event.kind === 'filled') {
        positions.set(order.symbol, event.fill.after);
        const rest = resting.get(order.orderId);
        if (rest !== undefined)
          resting.set(order.orderId, { ...rest, left: Math.max(0, rest.left - event.fill.quantity) });
      } else if (event.kind === 'ended') resting.delete(order.orderId);
      else if (!order.isExit && !order.isLiquidation) {
        const before = resting.get(order.orderId);
        const done = before === undefined ? 0 : before.quantity - before.left;
        resting.set(order.orderId, { order, ...event.terms, left: Math.max(0, event.terms.quantity - done) });
      }
      return { ...event, frame: { positions: new Map(positions), resting: new Map(resting) } };
    });
  }
  #startTerms(order: BookOrder): Terms {
    return this.#firstTerms.get(order.orderId) ?? order;
  }

  #plainEvents(): readonly PlainEvent[] {
    const events: (PlainEvent & { readonly rank: readonly [number, number, number] })[] = [];
    const isNew = new Set(this.newOrders().map((order) => order.orderId));
    const orders = new Map(this.last.orders.map((order) => [order.orderId, order]));
    for (const order of this.newOrders()) {
      const rank = [1, order.orderId, 0] as const;
      events.push({ kind: 'placed', atMs: order.createdMs, order, terms: this.#startTerms(order), rank });
    }
    for (const { order, fill } of this.newFills())
      events.push({ kind: 'filled', atMs: fill.atMs, order, fill, rank: [1, order.orderId, 1 + fill.tradeId] });
    for (const { atMs, orderId, terms } of this.#amendments) {
      const order = orders.get(orderId);
      if (order !== undefined) events.push({ kind: 'amended', atMs, order, terms, rank: [1, orderId, 0.5] });
    }
    const wasOpen = new Set(this.first.orders.filter((order) => order.isOpen).map((order) => order.orderId));
    for (const order of this.last.orders) {
      if (order.isOpen || !(isNew.has(order.orderId) || wasOpen.has(order.orderId))) continue;
      const isOwnMs = order.updatedMs === order.createdMs;
      const rank = isOwnMs ? ([1, order.orderId, Number.MAX_SAFE_INTEGER] as const) : ([0, order.orderId, 0] as const);
      // A filled order ends with its last fill.
      const last = order.fills.at(-1);
      const isFilled = last !== undefined && last.atMs === order.updatedMs;
      events.push({
        kind: 'ended',
        atMs: order.updatedMs,
        order,
        rank: isFilled ? [1, order.orderId, Number.MAX_SAFE_INTEGER] : rank,
      });
    }
    return events.sort(
      (a, b) => a.atMs - b.atMs || a.rank[0] - b.rank[0] || a.rank[1] - b.rank[1] || a.rank[2] - b.rank[2],
    );
  }
}
type PlainEvent = { readonly atMs: number; readonly order: BookOrder } & (
  | { readonly kind: 'placed' | 'amended'; readonly terms: Terms }
  | { readonly kind: 'filled'; readonly fill: BookFill }
  | { readonly kind: 'ended' }
);

/** The account just before an instant and after every event up to another. `events`: of the same history. */
export function framesBetween(
  { first }: BookHistory,
  events: readonly BookEvent[],
  fromMs: number,
  toMs: number,
): readonly AccountFrame[] {
  const start: AccountFrame = {
    positions: new Map([...first.positions].map(([symbol, { quantity }]) => [symbol, quantity])),
    resting: new Map(),
  };
  const before = events.findLast((event) => event.atMs < fromMs)?.frame ?? start;
  const during = events.filter((event) => event.atMs >= fromMs && event.atMs <= toMs);
  return [before, ...during.map((event) => event.frame)];
}

/** A price for a symbol's quantity, for one valuation. */
export type MarkOf = (symbol: string) => number;
export interface SymbolExposure {
  /** Everything bought, or sold, at the worst: position at the mark, orders at the worse of mark and limit. USDT. */
  readonly long: number;
  readonly short: number;
  /** The larger of the two (DESIGN "Worst case"). */
  readonly worst: number;
}

export function exposureOf({ positions, resting }: AccountFrame, symbol: string, markOf: MarkOf): SymbolExposure {
  const held = positions.get(symbol) ?? 0;
  const mark = markOf(symbol);
  let long = Math.max(0, held) * mark;
  let short = Math.max(0, -held) * mark;
  for (const { order, left, price } of resting.values()) {
    if (order.symbol !== symbol) continue;
    if (order.sign > 0) long += left * Math.max(mark, price);
    else short += left * Math.max(mark, price);
  }
  return { long, short, worst: Math.max(long, short) };
}

/** Sum of the worst cases of all symbols, and how many symbols have any. */
export function grossOf(
  frame: AccountFrame,
  symbols: readonly string[],
  markOf: MarkOf,
): { usdt: number; positions: number } {
  let usdt = 0;
  let positions = 0;
  for (const symbol of symbols) {
    const { worst } = exposureOf(frame, symbol, markOf);
    usdt += worst;
    if (worst > 1e-9) positions += 1;
  }
  return { usdt, positions };
}

/** Worth of the lots that are held, whatever rests beside them, USDT. */
export function heldOf({ positions }: AccountFrame, symbols: readonly string[], markOf: MarkOf): number {
  return symbols.reduce((usdt, symbol) => usdt + Math.abs(positions.get(symbol) ?? 0) * markOf(symbol), 0);
}
