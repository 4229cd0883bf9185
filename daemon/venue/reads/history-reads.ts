import type {
  FetchOutcome,
  Listed,
  PlacedOrder,
  UnreadableRow,
  VenueBooking,
  VenueExecution,
  VenueIncome,
  VenueTrade,
  VenueTransfer,
} from '../../engine/records/venue.ts';
import type { Fees, MarketTables } from '../tables/market-tables.ts';
import { parseIncome, parseTransfer } from '../tables/parse-account.ts';
import { parsePlacedOrder, parseTrade } from '../tables/parse-orders.ts';
import { joinLists, readEachRow } from '../tables/rows.ts';
import { MalformedAnswerError, requireList } from '../wire/exact-fields.ts';
import { ReadFailedError } from '../wire/venue-link.ts';
import { WEIGHT } from '../wire/weight-window.ts';
import type { Reader } from './reader.ts';

const PAGE_ROWS = 1000;
/** The exchange returns at most seven days of trades from a start time. */
const TRADE_WINDOW_MS = 7 * 86_400_000;
/** Error code for a symbol that the exchange does not list. */
const INVALID_SYMBOL = -1121;
/** Limits the loops over pages: about half a year of windows, 60,000 rows. */
const MAX_PAGES = 60;
/** Pages of rows that are only scanned, to leave weight for needed reads. */
const MAX_PAGES_LOOKED_THROUGH = 5;

/** Reads of the account's history, in order. */
export class HistoryReads {
  readonly #reader: Reader;
  readonly #tables: MarketTables;

  constructor(reader: Reader, tables: MarketTables) {
    this.#reader = reader;
    this.#tables = tables;
  }

  /**
   * Trades from `fromTradeId` on, inclusive; without it all since `sinceMs`. Oldest first, and up to the first that cannot
   * be read: what lies behind it would be taken in out of order.
   */
  async fetchTrades(
    symbol: string,
    fromTradeId: string | null,
    sinceMs: number,
  ): Promise<FetchOutcome<Listed<VenueTrade>>> {
    return this.#reader.link.outcome(async () => {
      const fees = this.#tables.fees(symbol);
      if (fees === null) throw new MalformedAnswerError(`the rules of ${symbol} have not been fetched`);
      const parse = (rows: readonly unknown[]) => readTrades(rows, symbol, fees);
      const first = fromTradeId === null ? parse(await this.#fetchFirstTrades(symbol, sinceMs)) : NO_TRADES;
      const trades: VenueTrade[] = [...first.rows];
      let { unreadable } = first;
      let fromId = fromTradeId ?? nextTradeId(trades.at(-1));
      for (let page = 0; fromId !== null && unreadable.length === 0 && page < MAX_PAGES; page += 1) {
        const query = { symbol, fromId, limit: PAGE_ROWS };
        const read = parse(
          requireList(
            await this.#reader.read(WEIGHT.userTrades, (ccxt) => ccxt.fapiPrivateGetUserTrades(query)),
            'userTrades',
          ),
        );
        trades.push(...read.rows);
        unreadable = read.unreadable;
        fromId = read.rows.length < PAGE_ROWS ? null : nextTradeId(read.rows.at(-1));
      }
      if (fromId !== null && unreadable.length === 0) throw new MalformedAnswerError('too many trades for one read');
      checkAscending(trades);
      return { rows: trades, unreadable };
    });
  }
  /** Transfers of USDT; other assets are not part of a single-asset account's equity. */
  async fetchTransfers(sinceMs: number): Promise<FetchOutcome<readonly VenueTransfer[]>> {
    return this.#reader.link.outcome(async () => {
      const transfers = new Map<string, VenueTransfer>();
      let startTime = sinceMs;
      for (let page = 0; page < MAX_PAGES; page += 1) {
        const query = { incomeType: 'TRANSFER', startTime, limit: PAGE_ROWS };
        const rows = requireList(
          await this.#reader.readLater(WEIGHT.income, (ccxt) => ccxt.fapiPrivateGetIncome(query)),
          'income',
        );
        let lastMs = startTime;
        for (const row of rows) {
          const transfer = parseTransfer(row);
          if (transfer.atMs < lastMs) throw new MalformedAnswerError('transfers are not in order');
          lastMs = transfer.atMs;
          if (transfer.isUsdt) transfers.set(transfer.transferId, transfer.value);
        }
        if (rows.length < PAGE_ROWS) return [...transfers.values()];
        // The next page begins at the last time, whose rows may be split; ids remove duplicates.
        if (lastMs === startTime && page > 0) break;
        startTime = lastMs;
      }
      throw new MalformedAnswerError('too many transfers for one read');
    });
  }
  /** Income of all types since a time: each fill leaves at least its commission there. */
  async fetchExecutions(sinceMs: number): Promise<FetchOutcome<VenueIncome>> {
    return this.#reader.link.outcome(async () => {
      const executions = new Map<string, VenueExecution>();
      const bookings = new Map<string, VenueBooking>();
      let lastTransferMs: number | null = null;
      let startTime = sinceMs;
      for (let page = 0; page < MAX_PAGES_LOOKED_THROUGH; page += 1) {
        const query = { startTime, limit: PAGE_ROWS };
        const rows = requireList(await this.#reader.read(30, (ccxt) => ccxt.fapiPrivateGetIncome(query)), 'income');
        let lastMs = startTime;
        for (const row of rows) {
          const { atMs, booking, execution, isTransfer } = parseIncome(row);
          if (booking !== null) bookings.set(`${booking.type} ${booking.incomeId}`, booking);
          if (isTransfer) lastTransferMs = atMs;
          lastMs = Math.max(lastMs, atMs);
          if (execution !== null) executions.set(`${execution.symbol} ${execution.tradeId}`, execution);
        }
        if (rows.length < PAGE_ROWS) return incomeOf(bookings, executions, lastTransferMs, true);
        // The next page begins at the last time, whose rows may be split.
        startTime = lastMs === startTime ? lastMs + 1 : lastMs;
      }
      return incomeOf(bookings, executions, lastTransferMs, false);
    });
  }
  /** The oldest since then, so that a later read continues where this one ended. A row without a symbol is of this one. */
  async fetchPlacedOrders(symbol: string, sinceMs: number): Promise<FetchOutcome<Listed<PlacedOrder>>> {
    return this.#reader.link.outcome(async () => {
      const pages: Listed<PlacedOrder>[] = [];
      let from: Readonly<Record<string, number | string>> = { startTime: sinceMs };
      for (let page = 0; page < MAX_PAGES_LOOKED_THROUGH; page += 1) {
        const query = { symbol, ...from, limit: PAGE_ROWS };
        const list = requireList(await this.#readAllOrders(query), 'allOrders');
        const { rows, unreadable } = readEachRow(list, parsePlacedOrder);
        pages.push({ rows, unreadable: unreadable.map(({ detail }) => ({ symbol, detail })) });
        const last = rows.at(-1);
        if (last === undefined || list.length < PAGE_ROWS) break;
        from = { orderId: String(BigInt(last.venueOrderId) + 1n) };
      }
      return joinLists(pages);
    });
  }
  /** An unlisted symbol has none available. */
  async #readAllOrders(query: Readonly<Record<string, number | string>>): Promise<unknown> {
    try {
      return await this.#reader.read(5, (ccxt) => ccxt.fapiPrivateGetAllOrders(query));
    } catch (error) {
      if (error instanceof ReadFailedError && error.code === INVALID_SYMBOL) return [];
      throw error;
    }
  }
  /**
   * The first page of trades at or after a time, window by window. RISK: the first window is read whatever our clock
   * says, for it may lag behind the venue's: no trades without a question would prove that an order did not fill.
   */
  async #fetchFirstTrades(symbol: string, sinceMs: number): Promise<readonly unknown[]> {
    const nowMs = this.#reader.link.clock.nowMs();
    for (let page = 0, startTime = sinceMs; page < MAX_PAGES; page += 1) {
      const query = { symbol, startTime, endTime: startTime + TRADE_WINDOW_MS - 1, limit: PAGE_ROWS };
      const rows = requireList(
        await this.#reader.read(WEIGHT.userTrades, (ccxt) => ccxt.fapiPrivateGetUserTrades(query)),
        'userTrades',
      );
      startTime += TRADE_WINDOW_MS;
      if (rows.length > 0 || startTime > nowMs) return rows;
    }
    return [];
  }
}

const NO_TRADES: Listed<VenueTrade> = { rows: [], unreadable: [] };
function readTrades(list: readonly unknown[], symbol: string, fees: Fees): Listed<VenueTrade> {
  const rows: VenueTrade[] = [];
  for (const row of list)
    try {
      rows.push(parseTrade(row, symbol, fees));
    } catch (error) {
      if (!(error instanceof MalformedAnswerError)) throw error;
      return { rows, unreadable: [{ symbol, detail: error.message }] satisfies readonly UnreadableRow[] };
    }
  return { rows, unreadable: [] };
}

function incomeOf(
  bookings: ReadonlyMap<string, VenueBooking>,
  executions: ReadonlyMap<string, VenueExecution>,
  lastTransferMs: number | null,
  isWhole: boolean,
): VenueIncome {
  return { bookings: [...bookings.values()], executions: [...executions.values()], lastTransferMs, isWhole };
}
function nextTradeId(trade: VenueTrade | undefined): string | null {
  return trade === undefined ? null : String(BigInt(trade.tradeId) + 1n);
}
/** Trades are folded once each, in order: a repeated or earlier id would count a fill twice. */
function checkAscending(trades: readonly VenueTrade[]): void {
  for (let index = 1; index < trades.length; index += 1) {
    const [previous, next] = [trades[index - 1], trades[index]];
    if (previous !== undefined && next !== undefined && BigInt(next.tradeId) <= BigInt(previous.tradeId)) {
      throw new MalformedAnswerError('trades are not in order');
    }
  }
}
