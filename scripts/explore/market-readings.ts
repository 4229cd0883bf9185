import type { CandlesBody, OrderBookBody } from '../../daemon/contract/types/reads.ts';
import type { Gate } from '../../daemon/driver/gate.ts';
import { type BookInput, buildLevels } from '../../daemon/exchange-sim/core/book.ts';
import { bookOf } from '../../daemon/exchange-sim/core/state.ts';
import { catchUp, type Exchange } from '../../daemon/exchange-sim/exchange.ts';

/** What both tools told of a symbol at once. */
export interface MarketReading {
  readonly atMs: number;
  /** The exchange's own clock. */
  readonly serverMs: number;
  readonly limit: number;
  readonly candles: CandlesBody;
  readonly book: OrderBookBody;
}

const LIMITS = [1, 7, 30, 500];

/** Books as the exchange had them when it was asked for them, and what the reading tools told of them and of candles. */
export class MarketReadings {
  readonly reported: MarketReading[] = [];
  /** Whether each question for quotes is seen as it comes to the exchange; not in real time. */
  isWatched = false;
  readonly #exchange: Exchange;
  /** By symbol and instant; more than one where a mark moved in that instant. */
  readonly #books = new Map<string, BookInput[]>();

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** The exchange tells its best quotes. */
  noteAsked(): void {
    this.isWatched = true;
    this.#noteBooks();
  }

  /** What best bid and ask with their quantities were at that instant, `price,quantity,price,quantity`; empty: unknown. */
  booksAt(symbol: string, serverMs: number): ReadonlySet<string> {
    return new Set(this.#books.get(keyOf(symbol, serverMs))?.map(bestOf));
  }

  /** Calls both tools for every symbol that agents may see, with another limit each time. */
  read(gate: Gate | null, atMs: number): void {
    // An exchange that shows the market as of now for a while was asked now.
    this.#noteBooks();
    if (gate === null) return;
    const { nowMs } = this.#exchange.world.state;
    for (const symbol of gate.core.policySpec.scope.symbols) {
      const limit = LIMITS[this.reported.length % LIMITS.length] ?? 1;
      const [candles, book] = [gate.getCandles(symbol, limit), gate.getOrderBook(symbol)];
      this.reported.push({ atMs, serverMs: nowMs, limit, candles, book });
    }
  }

  #noteBooks(): void {
    catchUp(this.#exchange);
    const { markets, nowMs } = this.#exchange.world.state;
    for (const [symbol, market] of markets) {
      const key = keyOf(symbol, nowMs);
      const known = this.#books.get(key);
      if (known === undefined) this.#books.set(key, [bookOf(market)]);
      else known.push(bookOf(market));
    }
  }
}

function bestOf(book: BookInput): string {
  const best = (['bid', 'ask'] as const).flatMap((side) => buildLevels(book, side, 1));
  return String(best.flatMap(({ price, quantity }) => [Number(price) / 1e8, Number(quantity) / 1e8]));
}

function keyOf(symbol: string, serverMs: number): string {
  return `${symbol} ${serverMs}`;
}
