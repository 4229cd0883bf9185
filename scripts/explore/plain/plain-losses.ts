import type { GateEvent } from '../../../daemon/engine/records/events.ts';
import { E8 } from '../../../daemon/engine/records/units.ts';
import type { TradeEvent } from '../../../daemon/engine/records/venue-events.ts';
import { MOVE_TYPES } from '../../../daemon/exchange-sim/core/state.ts';

const DAY_MS = 86_400_000;
/** Bookings that the trades themselves tell, or that are nobody's result. */
const REPORTED: ReadonlySet<string> = new Set(['REALIZED_PNL', 'COMMISSION', ...MOVE_TYPES]);

/** A trade of an agent's own, as it moves lots. */
interface OwnTrade {
  readonly number: number;
  readonly atMs: number;
  readonly price: number;
  readonly signedE8: number;
  readonly isExit: boolean;
}
/** An exit of lots that no trade has opened yet: they are neither held nor paid until one does. */
export interface EarlyExit {
  readonly price: number;
  signedE8: number;
}
interface Book {
  /** By symbol. */
  readonly trades: Map<string, OwnTrade[]>;
  feesUsdt: number;
}

/**
 * What an agent has lost, without a cost of its lots: what its trades paid and cost, and what its lots are worth now. Only of
 * the first day of an account that was flat, and of trades on agents' own orders.
 */
export class PlainLosses {
  readonly #books = new Map<string, Book>();
  readonly #orders = new Map<string, { readonly agent: string; readonly isExit: boolean }>();
  readonly #trades = new Set<string>();
  #sinceMs: number | null = null;
  #dayMs: number | null = null;
  /** What is not settled by that: funding, stops, exits of others, another day. */
  isUnclear = false;

  take(event: GateEvent): void {
    switch (event.kind) {
      case 'decision':
        if (event.payload.request.origin === 'agent')
          for (const { client_order_id: id, reduce_only: isExit } of event.payload.orders)
            this.#orders.set(id, { agent: event.payload.agent, isExit });
        return;
      case 'account':
        if (this.#sinceMs === null && event.payload.positions.some((position) => position.quantity_e8 !== 0))
          this.isUnclear = true;
        this.#sinceMs ??= event.payload.requested_at_ms;
        this.#dayMs ??= Math.floor(this.#sinceMs / DAY_MS);
        if (Math.floor(event.payload.requested_at_ms / DAY_MS) !== this.#dayMs) this.isUnclear = true;
        return;
      case 'income':
        if (event.payload.rows.some(({ type }) => !REPORTED.has(type))) this.isUnclear = true;
        return;
      case 'trade':
        this.#takeTrade(event.payload);
        return;
      case 'state':
        if (event.payload.clock_set_back === true) this.isUnclear = true;
        return;
      case 'holder':
      case 'recovery':
        // What was placed before a recovery is nobody's, whenever its trades are read.
        if (event.kind === 'recovery') this.#orders.clear();
        // What is held is somebody else's from here on, or nobody's.
        for (const [agent, { trades }] of this.#books)
          if ([...trades.keys()].some((symbol) => this.heldE8Of(agent, symbol) !== 0)) this.isUnclear = true;
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
    const order = id === null ? undefined : this.#orders.get(id);
    if (order === undefined) {
      this.isUnclear = true;
      return;
    }
    const { agent, isExit } = order;
    const book = this.#books.get(agent) ?? { trades: new Map(), feesUsdt: 0 };
    this.#books.set(agent, book);
    book.feesUsdt += fee;
    const signedE8 = side === 'buy' ? quantityE8 : -quantityE8;
    const trades = [...(book.trades.get(symbol) ?? []), { number: Number(trade_id), atMs, price, signedE8, isExit }];
    book.trades.set(
      symbol,
      trades.sort((a, b) => a.atMs - b.atMs || a.number - b.number),
    );
    // Opposite lots of two agents net each other, and whose were closed is a matter of shares.
    const signs = new Set([...this.#books.keys()].map((name) => Math.sign(this.heldE8Of(name, symbol))));
    if (signs.has(1) && signs.has(-1)) this.isUnclear = true;
  }

  /** Exits that no trade of an opening explains yet; the caller's own copies. */
  earlyOf(agent: string, symbol: string): EarlyExit[] {
    return playTrades(this.#books.get(agent)?.trades.get(symbol)).early;
  }
  /** Signed, by trades, in units of 1e-8. */
  heldE8Of(agent: string, symbol: string): number {
    const trades = this.#books.get(agent)?.trades.get(symbol) ?? [];
    return trades.reduce((sum, { signedE8 }) => sum + signedE8, 0);
  }
  /** No other agent holds any by trades. */
  isSole(agent: string, symbol: string): boolean {
    return [...this.#books.keys()].every((name) => name === agent || this.heldE8Of(name, symbol) === 0);
  }

  /** USDT; null: of a symbol that it holds there is no mark. */
  lossOf(agent: string, marks: ReadonlyMap<string, number>): number | null {
    const book = this.#books.get(agent);
    if (book === undefined) return 0;
    let worth = -book.feesUsdt;
    for (const [symbol, trades] of book.trades) {
      const { cashUsdt, heldE8 } = playTrades(trades);
      worth += cashUsdt;
      if (heldE8 === 0) continue;
      const mark = marks.get(symbol);
      if (mark === undefined) return null;
      worth += (heldE8 / E8) * mark;
    }
    return -worth;
  }
}

/** What trades have paid and what is held after them, in the exchange's order. */
function playTrades(trades: readonly OwnTrade[] = []): { cashUsdt: number; heldE8: number; early: EarlyExit[] } {
  const after = { cashUsdt: 0, heldE8: 0, early: [] as EarlyExit[] };
  for (const { isExit, price, signedE8 } of trades) {
    const { heldE8 } = after;
    const most = heldE8 * signedE8 < 0 ? Math.min(Math.abs(signedE8), Math.abs(heldE8)) : 0;
    const movedE8 = isExit ? Math.sign(signedE8) * most : signedE8;
    after.heldE8 += movedE8;
    after.cashUsdt -= (movedE8 / E8) * price;
    if (movedE8 !== signedE8) after.early.push({ price, signedE8: signedE8 - movedE8 });
  }
  return after;
}

/** Of an opening: the parts that exits have closed, the oldest exit first. They are taken from the list. */
export function takeEarly(exits: EarlyExit[], openedE8: number): readonly EarlyExit[] {
  const taken: EarlyExit[] = [];
  let leftE8 = Math.abs(openedE8);
  for (const exit of exits) {
    if (exit.signedE8 * openedE8 >= 0) continue;
    const signedE8 = Math.sign(exit.signedE8) * Math.min(leftE8, Math.abs(exit.signedE8));
    leftE8 -= Math.abs(signedE8);
    exit.signedE8 -= signedE8;
    if (signedE8 !== 0) taken.push({ ...exit, signedE8 });
  }
  return taken;
}
