import { endOpeningsByStop } from '../decide/openings-to-end.ts';
import { noteUnreadable } from '../feeds/held-symbols.ts';
import { noteUnread } from '../flow/all-read.ts';
import type { LiveCore } from '../flow/core.ts';
import { ask, call, type Flow, joined, resultOf, type Started } from '../flow/step.ts';
import type { OrderState } from '../orders/orders.ts';
import type { VenueTrade } from '../records/venue.ts';
import type { OrderProof } from '../sending/order-proof.ts';
import { TradeOwners } from './trade-owners.ts';
import { awaitsTrades, firstTradesSince } from './unread-trades.ts';

/** Between two readings of the trades of a symbol that failed, or lack what was executed, wall ms. */
const TRADES_AGAIN_MS = 2_000;
/** The same while only the exchange's income tells of a trade. */
const UNREPORTED_AGAIN_MS = 30_000;

/** Trades of a list that are recorded in one turn: what is told late is folded anew with all that followed it. */
const TRADES_A_TURN = 20;

/** Reads the trades of symbols in which something was executed, once at a time, and again while they lag. */
export class TradeFeed {
  readonly #core: LiveCore;
  readonly #proof: Pick<OrderProof, 'recordTraded'>;
  readonly #owners: TradeOwners;
  readonly #symbols = new Set<string>();
  readonly #lastTrade = new Map<string, { id: string | null; atMs: number }>();
  /** Symbols that were read without what was executed last, and when they are read again, monotonic ms. */
  readonly #againAt = new Map<string, number>();
  #running: Started<unknown> | null = null;

  constructor(core: LiveCore, proof: Pick<OrderProof, 'recordTraded'>) {
    this.#core = core;
    this.#proof = proof;
    this.#owners = new TradeOwners(core);
  }

  add(symbol: string): void {
    this.#symbols.add(symbol);
  }

  start(): void {
    const { accounts, rules } = this.#core.state;
    // Without its fees the trades of a symbol cannot be read.
    for (const symbol of accounts.unreportedSymbols())
      if (rules.has(symbol) && !this.#againAt.has(symbol)) this.#symbols.add(symbol);
    for (const [symbol, atMs] of this.#againAt)
      if (this.#core.ports.time.monotonicMs() >= atMs) this.#symbols.add(symbol);
    if (this.#running !== null || this.#symbols.size === 0) return;
    this.#core.begin(this.poll()).onEnd((end) => {
      if (end.kind === 'failed' && !this.#core.isStopping()) noteUnread(this.#core, 'trades', end.error);
    });
  }

  /** One poll at a time; over when everything requested by now has been read or has failed. */
  poll(): Flow<void> {
    return this.#alone(() => this.#read());
  }

  /** Reads the symbol's trades, once what is being read has been; false: it failed, and is tried again. */
  readNow(symbol: string): Flow<boolean> {
    return this.#alone(() => this.readOnce(symbol));
  }

  *#alone<R>(read: () => Flow<R>): Flow<R> {
    while (this.#running !== null) yield* joined([this.#running]);
    const running = this.#core.begin(read());
    this.#running = running;
    running.onEnd(() => {
      this.#running = null;
    });
    return yield* resultOf(running);
  }

  *#read(): Flow<void> {
    const symbols = [...this.#symbols];
    this.#symbols.clear();
    for (const symbol of symbols) yield* this.readOnce(symbol);
  }

  /** The one reading of trades, at a start as well; false: it failed, and is tried again. */
  *readOnce(symbol: string): Flow<boolean> {
    // RISK: while it is being read it is not due: each round would add it again, and it would be read without a pause.
    this.#againAt.set(symbol, Number.POSITIVE_INFINITY);
    let isRead = false;
    try {
      isRead = yield* this.#pollTrades(symbol);
    } catch (error) {
      noteUnread(this.#core, 'trades', error);
    }
    const isUnreadable = this.#core.market.unreadable.has('trades', symbol);
    // The venue's list of trades may lag behind what it says of the order.
    const now = this.#core.ports.time.monotonicMs();
    this.#againAt.delete(symbol);
    if (!isRead) this.#againAt.set(symbol, now + TRADES_AGAIN_MS);
    else if (awaitsTrades(this.#core, symbol)) this.#againAt.set(symbol, now + TRADES_AGAIN_MS);
    else if (isUnreadable || this.#core.state.accounts.unreportedTrades(symbol).size > 0)
      this.#againAt.set(symbol, now + UNREPORTED_AGAIN_MS);
    return isRead;
  }

  /** Prices and fees of what was executed, whoever's; trades are deduplicated by id. */
  *#pollTrades(symbol: string): Flow<boolean> {
    const core = this.#core;
    const last = this.#lastTrade.get(symbol) ?? { id: null, atMs: firstTradesSince(core, symbol) };
    const from = goBack(last, core.state.accounts.unreportedTrades(symbol));
    const traded = new Map<OrderState, number>();
    const outcome = yield* call('fetchTrades', symbol, from.id, from.atMs);
    if (outcome.kind === 'failed') return false;
    const { rows, unreadable } = outcome.value;
    noteUnreadable(core, 'trades', unreadable, (covered) => covered === symbol);
    const isRead = yield* this.#takeTrades(symbol, last.id, rows, traded);
    this.#shareOut(traded);
    return isRead;
  }

  /** False: not all of them could be read. `traded`: orders of ours with the time of their last trade. */
  *#takeTrades(
    symbol: string,
    lastId: string | null,
    trades: readonly VenueTrade[],
    traded: Map<OrderState, number>,
  ): Flow<boolean> {
    const core = this.#core;
    this.#owners.begin();
    for (const [i, trade] of trades.entries()) {
      if (i > 0 && i % TRADES_A_TURN === 0) {
        this.#shareOut(traded);
        yield* ask<'nextTurn'>({ fx: 'nextTurn' });
      }
      const isKnown = core.state.orders.byVenueId.has(`${symbol} ${trade.venueOrderId}`);
      if (!isKnown && trade.tradeId !== lastId) core.lookout.suspect(symbol);
      if (!core.state.seenTrades.has(symbol, trade.tradeId)) {
        const owner = yield* this.#owners.find(trade);
        // Lots move in the order of trades: none is taken in before one of which the exchange did not say whose it is,
        if (owner.kind === 'unread') return false;
        // nor before one whose order cannot be told yet: it is read again, with all that follow.
        if (owner.kind === 'later') return true;
        if (owner.kind === 'order' && !core.state.seenTrades.has(symbol, trade.tradeId))
          this.#record(trade, owner.clientOrderId, traded);
      }
      this.#lastTrade.set(symbol, { id: trade.tradeId, atMs: trade.atMs });
    }
    return true;
  }

  /** What an order did in many trades of a turn is shared out as one. */
  #shareOut(traded: Map<OrderState, number>): void {
    for (const [order, atMs] of traded) this.#proof.recordTraded(order, atMs);
    traded.clear();
  }

  #record(trade: VenueTrade, clientOrderId: string | null, traded: Map<OrderState, number>): void {
    const order = clientOrderId === null ? undefined : this.#core.state.orders.all.get(clientOrderId);
    const hasFired = order?.protective === true && order.executedE8 + order.tradedE8 === 0;
    this.#append(trade, clientOrderId);
    // RISK: the stop itself may be shown as working for long, and meanwhile slices would buy back what it has closed.
    if (hasFired) endOpeningsByStop(this.#core, order);
    if (order !== undefined) traded.set(order, trade.atMs);
  }

  #append(trade: VenueTrade, clientOrderId: string | null): void {
    this.#core.append('trade', {
      at_venue_ms: trade.atMs,
      client_order_id: clientOrderId,
      fee_usdt: trade.feeUsdt,
      is_maker: trade.isMaker,
      quantity_e8: trade.quantityE8,
      price: trade.price,
      realised_pnl_usdt: trade.realisedPnlUsdt,
      side: trade.side,
      symbol: trade.symbol,
      trade_id: trade.tradeId,
    });
  }
}

interface ReadFrom {
  readonly id: string | null;
  readonly atMs: number;
}

/** Not behind the first trade that the exchange's income tells of and that was not read. */
function goBack(last: ReadFrom, unreported: ReadonlyMap<string, number>): ReadFrom {
  let from = last;
  for (const [id, atMs] of unreported) {
    if (from.id === null) from = { id: null, atMs: Math.min(from.atMs, atMs) };
    else if (BigInt(id) < BigInt(from.id)) from = { id, atMs };
  }
  return from;
}
