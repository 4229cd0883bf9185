import type { GateCore } from '../journal/journal.ts';
import { noteUnread } from './feed-schedule.ts';
import { awaitsTrades, firstTradesSince, hasUnnumbered } from './unread-trades.ts';

/** Between two readings of the trades of a symbol that lack what was executed, wall ms. */
const TRADES_AGAIN_MS = 2_000;

/** Reads the trades of symbols in which something was executed, once at a time, and again while they lag. */
export class TradeFeed {
  readonly #core: GateCore;
  readonly #signal: AbortSignal;
  readonly #symbols = new Set<string>();
  readonly #lastTrade = new Map<string, { id: string | null; atMs: number }>();
  /** Symbols that were read without what was executed last, and when they are read again, monotonic ms. */
  readonly #againAt = new Map<string, number>();
  #running: Promise<void> | null = null;

  constructor(core: GateCore, signal: AbortSignal) {
    this.#core = core;
    this.#signal = signal;
  }

  add(symbol: string): void {
    this.#symbols.add(symbol);
  }

  start(): void {
    for (const [symbol, atMs] of this.#againAt)
      if (this.#core.ports.time.monotonicMs() >= atMs) this.#symbols.add(symbol);
    if (this.#running !== null) return;
    this.poll().catch((error: unknown) => {
      if (!this.#signal.aborted) noteUnread(this.#core, 'trades', error);
    });
  }

  /** One poll at a time; resolves when everything requested by now has been read or has failed. */
  async poll(): Promise<void> {
    while (this.#running !== null) await this.#running;
    if (this.#symbols.size === 0) return;
    this.#running = this.#read().finally(() => {
      this.#running = null;
    });
    await this.#running;
  }

  async #read(): Promise<void> {
    const symbols = [...this.#symbols];
    this.#symbols.clear();
    for (const symbol of symbols) if (!(await this.readOnce(symbol))) this.#symbols.add(symbol);
  }

  /** The one reading of trades, at a start as well; false: it failed, and nobody tries again. */
  async readOnce(symbol: string): Promise<boolean> {
    this.#againAt.delete(symbol);
    if (!(await this.#pollTrades(symbol))) return false;
    // The venue's list of trades may lag behind what it says of the order.
    if (awaitsTrades(this.#core, symbol))
      this.#againAt.set(symbol, this.#core.ports.time.monotonicMs() + TRADES_AGAIN_MS);
    return true;
  }

  /** Prices and fees of what was executed; trades are deduplicated by id. */
  async #pollTrades(symbol: string): Promise<boolean> {
    const last = this.#lastTrade.get(symbol) ?? { id: null, atMs: firstTradesSince(this.#core, symbol) };
    const outcome = await this.#core.ports.venue.fetchTrades(symbol, last.id, last.atMs);
    if (outcome.kind === 'failed') return false;
    let isRead = true;
    for (const trade of outcome.value) {
      const order = this.#core.state.orders.byVenueId.get(`${symbol} ${trade.venueOrderId}`);
      // Of whom the trade is, only its order tells; ours may not be known by the venue's id yet.
      if (order === undefined && trade.tradeId !== last.id) this.#core.lookout.suspect(symbol);
      if (!this.#core.state.seenTrades.has(symbol, trade.tradeId) && order !== undefined) {
        // An id in use again is that of the later order.
        const isOfId = this.#core.state.orders.all.get(order.clientOrderId) === order;
        this.#core.append('trade', {
          at_venue_ms: trade.atMs,
          client_order_id: isOfId ? order.clientOrderId : null,
          fee_usdt: trade.feeUsdt,
          is_maker: trade.isMaker,
          lots: trade.lots,
          price: trade.price,
          realised_pnl_usdt: trade.realisedPnlUsdt,
          side: trade.side,
          symbol,
          trade_id: trade.tradeId,
        });
      }
      // One whose order is not known yet is read again once it is, with all that follow.
      isRead &&= order !== undefined || !hasUnnumbered(this.#core, symbol);
      if (isRead) this.#lastTrade.set(symbol, { id: trade.tradeId, atMs: trade.atMs });
    }
    return true;
  }
}
