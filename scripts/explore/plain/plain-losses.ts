import { MOVE_TYPES } from '../../../daemon/exchange-sim/core/state.ts';
import type { GateEvent, TradeEvent } from '../../../daemon/gate/events.ts';
import { E8 } from '../../../daemon/gate/units.ts';

const DAY_MS = 86_400_000;
/** Bookings that the trades themselves tell, or that are nobody's result. */
const TOLD: ReadonlySet<string> = new Set(['REALIZED_PNL', 'COMMISSION', ...MOVE_TYPES]);

interface Book {
  /** Signed, by its own trades. */
  readonly heldE8: Map<string, number>;
  /** What it was paid less what it paid, fees included, USDT. */
  cashUsdt: number;
}

/**
 * What an agent has lost, without a cost of its lots: what its trades paid and cost, and what its lots are worth now. Only of
 * the first day of an account that was flat, and of trades on agents' own orders.
 */
export class PlainLosses {
  readonly #books = new Map<string, Book>();
  readonly #agents = new Map<string, string>();
  readonly #trades = new Set<string>();
  #sinceMs: number | null = null;
  #dayMs: number | null = null;
  /** What is not settled by that: funding, stops, exits of others, another day. */
  isUnclear = false;

  take(event: GateEvent): void {
    switch (event.kind) {
      case 'decision':
        if (event.payload.request.origin === 'agent')
          for (const { client_order_id: id } of event.payload.orders) this.#agents.set(id, event.payload.agent);
        return;
      case 'account':
        if (this.#sinceMs === null && event.payload.positions.some((position) => position.quantity_e8 !== 0))
          this.isUnclear = true;
        this.#sinceMs ??= event.payload.requested_at_ms;
        this.#dayMs ??= Math.floor(this.#sinceMs / DAY_MS);
        if (Math.floor(event.payload.requested_at_ms / DAY_MS) !== this.#dayMs) this.isUnclear = true;
        return;
      case 'income':
        if (event.payload.rows.some(({ type }) => !TOLD.has(type))) this.isUnclear = true;
        return;
      case 'trade':
        this.#takeTrade(event.payload);
        return;
      case 'state':
        if (event.payload.clock_set_back === true) this.isUnclear = true;
        return;
      case 'holder':
      case 'recovery':
        // What is held is somebody else's from here on, or nobody's.
        if ([...this.#books.values()].some(({ heldE8 }) => [...heldE8.values()].some(Boolean))) this.isUnclear = true;
    }
  }

  #takeTrade(trade: TradeEvent): void {
    const {
      at_venue_ms: atMs,
      client_order_id: id,
      fee_usdt: fee,
      quantity_e8: quantityE8,
      price,
      side,
      symbol,
      trade_id,
    } = trade;
    const key = `${symbol} ${trade_id}`;
    if (this.#trades.has(key) || this.#sinceMs === null || atMs <= this.#sinceMs) {
      // What was traded before the account was read is in no accounts, and in what is held all the same.
      if (!this.#trades.has(key)) this.isUnclear = true;
      return;
    }
    this.#trades.add(key);
    const agent = id === null ? undefined : this.#agents.get(id);
    if (agent === undefined) {
      this.isUnclear = true;
      return;
    }
    const book = this.#books.get(agent) ?? { heldE8: new Map<string, number>(), cashUsdt: 0 };
    this.#books.set(agent, book);
    const signed = side === 'buy' ? quantityE8 : -quantityE8;
    book.heldE8.set(symbol, (book.heldE8.get(symbol) ?? 0) + signed);
    book.cashUsdt -= (signed / E8) * price + fee;
    // Opposite lots of two agents net each other, and whose were closed is a matter of shares.
    const signs = new Set([...this.#books.values()].map((each) => Math.sign(each.heldE8.get(symbol) ?? 0)));
    if (signs.has(1) && signs.has(-1)) this.isUnclear = true;
  }

  /** Signed, by trades, in units of 1e-8. */
  heldE8Of(agent: string, symbol: string): number {
    return this.#books.get(agent)?.heldE8.get(symbol) ?? 0;
  }
  /** No other agent holds any by trades. */
  isSole(agent: string, symbol: string): boolean {
    return [...this.#books].every(([name, { heldE8 }]) => name === agent || (heldE8.get(symbol) ?? 0) === 0);
  }

  /** USDT; null: of a symbol that it holds there is no mark. */
  lossOf(agent: string, marks: ReadonlyMap<string, number>): number | null {
    const book = this.#books.get(agent);
    if (book === undefined) return 0;
    let worth = book.cashUsdt;
    for (const [symbol, quantityE8] of book.heldE8) {
      if (quantityE8 === 0) continue;
      const mark = marks.get(symbol);
      if (mark === undefined) return null;
      worth += (quantityE8 / E8) * mark;
    }
    return -worth;
  }
}
