import type {
  AccountMode,
  AccountSnapshot,
  Bar,
  FetchOutcome,
  LookupOutcome,
  MarketQuote,
  OrderKind,
  SymbolRules,
  VenueOrder,
  VenueTrade,
} from '../gate/ports.ts';
import { type BinanceClient, type CcxtBinance, createCall } from './ccxt-binance.ts';
import { MalformedAnswerError } from './decimals.ts';
import { InstrumentTable } from './instruments.ts';
import { readInstant, requireList, requireObject } from './json-fields.ts';
import type { MarketTables } from './market-tables.ts';
import {
  parseAccountConfig,
  parseBalances,
  parseKeyRights,
  parsePositions,
  parseSymbolSettings,
  type SymbolSetting,
} from './parse-account.ts';
import {
  buildRules,
  findInterval,
  parseBars,
  parseBrackets,
  parseCommission,
  parseFundingIntervals,
  parseQuote,
} from './parse-market.ts';
import { parseAlgoOrder, parseRegularOrder, parseTrade } from './parse-orders.ts';
import type { ReadLimiter } from './read-limiter.ts';
import { ReadFailedError, type VenueLink } from './venue-link.ts';

const PAGE_BARS = 1000;
const PAGE_TRADES = 1000;
/** The exchange answers at most seven days of trades to a start time. */
const TRADE_WINDOW_MS = 7 * 86_400_000;
/** Bounds of the loops over pages: half a year of trades, and far more bars than any baseline needs. */
const MAX_PAGES = 60;
const FUNDING_INFO_MAX_AGE_MS = 3_600_000;

type Start = (ccxt: CcxtBinance) => Promise<unknown>;

/**
 * Reads, all through ccxt's implicit methods, that is: the exchange's own JSON. ccxt's unified parsers round numbers to
 * floats and invent what is missing (an order's cost from its limit, the liquidation price without the bracket's `cum`).
 * Weights are Binance's request weights.
 */
export class VenueReads {
  readonly #client: BinanceClient;
  readonly #tables: MarketTables;
  readonly #link: VenueLink;
  readonly #limiter: ReadLimiter;
  readonly #readsKeyRights: boolean;
  #funding: { readonly intervals: ReadonlyMap<string, number>; readonly observedAtMs: number } | null = null;

  constructor(
    client: BinanceClient,
    tables: MarketTables,
    link: VenueLink,
    limiter: ReadLimiter,
    readsKeyRights: boolean,
  ) {
    this.#client = client;
    this.#tables = tables;
    this.#link = link;
    this.#limiter = limiter;
    this.#readsKeyRights = readsKeyRights;
  }

  /** Not queued: a wait would count as travel time and blur the clock. */
  async fetchServerTime(): Promise<FetchOutcome<number>> {
    return this.#link.outcome(async () => {
      const json = await this.#link.read(this.#client, createCall({}), (ccxt) => ccxt.fapiPublicGetTime());
      return readInstant(requireObject(json, 'time'), 'serverTime');
    });
  }
  /** Symbols that the exchange does not list as USDT perpetuals are absent from the answer. */
  async fetchRules(symbols: readonly string[]): Promise<FetchOutcome<readonly SymbolRules[]>> {
    return this.#link.outcome(async () => {
      const observedAtMs = this.#link.time.nowMs();
      const [exchangeInfo, leverageBracket] = await Promise.all([
        this.#read(1, (ccxt) => ccxt.fapiPublicGetExchangeInfo()),
        this.#read(1, (ccxt) => ccxt.fapiPrivateGetLeverageBracket()),
      ]);
      const instruments = new InstrumentTable(exchangeInfo, observedAtMs);
      const brackets = parseBrackets(leverageBracket);
      const listed = symbols.filter((symbol) => instruments.find(symbol) !== null);
      const rules = await Promise.all(
        listed.map(async (symbol) => {
          const fees = parseCommission(await this.#read(20, (ccxt) => ccxt.fapiPrivateGetCommissionRate({ symbol })));
          const tiers = brackets.get(symbol);
          if (tiers === undefined) throw new MalformedAnswerError(`${symbol} has no leverage bracket`);
          return buildRules(instruments.require(symbol), tiers, fees, observedAtMs);
        }),
      );
      this.#tables.replace(instruments, listed);
      for (const rule of rules) this.#tables.setTakerFee(rule.symbol, rule.takerFee);
      return rules;
    });
  }
  /** Sets what differs only, then reads everything back; fails when the exchange refuses (open positions or orders). */
  async prepareAccount(symbols: readonly string[]): Promise<FetchOutcome<AccountMode>> {
    return this.#link.outcome(async () => {
      const config = parseAccountConfig(await this.#read(5, (ccxt) => ccxt.fapiPrivateGetAccountConfig()));
      if (!config.isOneWay)
        await this.#set((ccxt) => ccxt.fapiPrivatePostPositionSideDual({ dualSidePosition: 'false' }));
      const before = await this.#fetchSettings();
      for (const symbol of symbols) {
        if (before.get(symbol)?.isIsolated === false) {
          await this.#set((ccxt) => ccxt.fapiPrivatePostMarginType({ symbol, marginType: 'ISOLATED' }));
        }
      }
      return this.#readMode(symbols);
    });
  }
  /** Position and balance lists are two answers: the snapshot is as of the earlier one's request. */
  async fetchAccount(symbols: readonly string[]): Promise<FetchOutcome<AccountSnapshot>> {
    return this.#link.outcome(async () => {
      const requestedAtMs = this.#link.time.nowMs();
      const [account, positionRisk, settings] = await Promise.all([
        this.#read(5, (ccxt) => ccxt.fapiPrivateV3GetAccount()),
        this.#read(5, (ccxt) => ccxt.fapiPrivateV3GetPositionRisk()),
        this.#fetchSettings(),
      ]);
      const leverage: Record<string, number> = {};
      for (const symbol of symbols) {
        const setting = settings.get(symbol);
        if (setting === undefined) throw new MalformedAnswerError(`symbolConfig lacks ${symbol}`);
        leverage[symbol] = setting.leverage;
      }
      const positions = parsePositions(positionRisk, this.#tables.instruments, settings);
      return {
        requestedAtMs,
        observedAtMs: this.#link.time.nowMs(),
        ...parseBalances(account),
        positions,
        leverage,
      };
    });
  }
  async fetchQuote(symbol: string): Promise<FetchOutcome<MarketQuote>> {
    return this.#link.outcome(async () => {
      const [premiumIndex, bookTicker, intervals] = await Promise.all([
        this.#read(1, (ccxt) => ccxt.fapiPublicGetPremiumIndex({ symbol })),
        this.#read(2, (ccxt) => ccxt.fapiPublicGetTickerBookTicker({ symbol })),
        this.#fetchFundingIntervals(),
      ]);
      return parseQuote(symbol, premiumIndex, bookTicker, intervals);
    });
  }
  async fetchBars(
    symbol: string,
    barMs: number,
    sinceMs: number,
    limit: number,
  ): Promise<FetchOutcome<readonly Bar[]>> {
    return this.#link.outcome(async () => {
      const interval = findInterval(barMs);
      if (interval === null) throw new MalformedAnswerError(`the exchange has no bars of ${barMs} ms`);
      const bars: Bar[] = [];
      let startTime = sinceMs;
      for (let page = 0; page < MAX_PAGES && bars.length < limit; page += 1) {
        const size = Math.min(PAGE_BARS, limit - bars.length);
        const json = await this.#read(5, (ccxt) =>
          ccxt.fapiPublicGetKlines({ symbol, interval, startTime, limit: size }),
        );
        const rows = parseBars(json, barMs);
        if (rows.some((row) => row.openTimeMs < startTime)) throw new MalformedAnswerError('klines before the start');
        bars.push(...rows);
        const last = rows.at(-1);
        if (last === undefined || rows.length < size) break;
        startTime = last.openTimeMs + barMs;
      }
      return bars;
    });
  }
  /**
   * Every open order of the account, regular and conditional, of every symbol: one list each (weight 40 each), since
   * an order of somebody else may be in a symbol that nobody named.
   */
  async fetchOpenOrders(): Promise<FetchOutcome<readonly VenueOrder[]>> {
    return this.#link.outcome(async () => {
      const [regular, algo] = await Promise.all([
        this.#read(40, (ccxt) => ccxt.fapiPrivateGetOpenOrders()),
        this.#read(40, (ccxt) => ccxt.fapiPrivateGetOpenAlgoOrders()),
      ]);
      const { instruments } = this.#tables;
      return [
        ...requireList(regular, 'openOrders').map((row) => parseRegularOrder(row, instruments)),
        ...requireList(algo, 'openAlgoOrders').map((row) => parseAlgoOrder(row, instruments)),
      ];
    });
  }
  /** Trades from `fromTradeId` on, that one included; without it all since `sinceMs`. Oldest first. */
  async fetchTrades(
    symbol: string,
    fromTradeId: string | null,
    sinceMs: number,
  ): Promise<FetchOutcome<readonly VenueTrade[]>> {
    return this.#link.outcome(async () => {
      const takerFee = this.#tables.takerFee(symbol);
      if (takerFee === null) throw new MalformedAnswerError(`the rules of ${symbol} have not been fetched`);
      const parse = (row: unknown) => parseTrade(row, this.#tables.instruments.require(symbol), takerFee);
      const trades: VenueTrade[] = fromTradeId === null ? await this.#fetchFirstTrades(symbol, sinceMs, parse) : [];
      let fromId = fromTradeId ?? nextTradeId(trades.at(-1));
      for (let page = 0; fromId !== null && page < MAX_PAGES; page += 1) {
        const query = { symbol, fromId, limit: PAGE_TRADES };
        const rows = requireList(await this.#read(5, (ccxt) => ccxt.fapiPrivateGetUserTrades(query)), 'userTrades').map(
          parse,
        );
        trades.push(...rows);
        fromId = rows.length < PAGE_TRADES ? null : nextTradeId(rows.at(-1));
      }
      if (fromId !== null) throw new MalformedAnswerError('too many trades for one read');
      checkAscending(trades);
      return trades;
    });
  }
  /** Not queued: an unknown order is waiting for it. */
  async lookupOrder(symbol: string, clientOrderId: string, kind: OrderKind): Promise<LookupOutcome> {
    const isAlgo = kind === 'algo';
    try {
      const json = await this.#link.read(this.#client, createCall({}), (ccxt) =>
        isAlgo
          ? ccxt.fapiPrivateGetAlgoOrder({ clientAlgoId: clientOrderId })
          : ccxt.fapiPrivateGetOrder({ symbol, origClientOrderId: clientOrderId }),
      );
      const { instruments } = this.#tables;
      const order = isAlgo ? parseAlgoOrder(json, instruments) : parseRegularOrder(json, instruments);
      if (order.clientOrderId !== clientOrderId || order.symbol !== symbol) {
        throw new MalformedAnswerError('the answer is about another order');
      }
      return { kind: 'found', order };
    } catch (error) {
      if (error instanceof ReadFailedError && error.code === -2013) return { kind: 'not_found' };
      return { kind: 'failed', detail: this.#link.failed(error).detail };
    }
  }

  #read(weight: number, start: Start): Promise<unknown> {
    return this.#limiter.run(weight, () => this.#link.read(this.#client, createCall({}), start));
  }
  /** A setting that is set already (-4046, -4059) is a success. */
  async #set(start: Start): Promise<void> {
    const { facts } = await this.#link.end(this.#client, createCall({}), start);
    const isSet = facts.code === -4046 || facts.code === -4059;
    const isSuccess = facts.thrownKind === 'none' && facts.httpStatus === 200 && facts.code === null;
    if (!isSet && !isSuccess) throw this.#link.failRead(facts);
  }
  async #fetchSettings(): Promise<ReadonlyMap<string, SymbolSetting>> {
    return parseSymbolSettings(await this.#read(5, (ccxt) => ccxt.fapiPrivateGetSymbolConfig()));
  }
  async #readMode(symbols: readonly string[]): Promise<AccountMode> {
    const config = parseAccountConfig(await this.#read(5, (ccxt) => ccxt.fapiPrivateGetAccountConfig()));
    const settings = await this.#fetchSettings();
    const isolated: Record<string, boolean> = {};
    for (const symbol of symbols) {
      const setting = settings.get(symbol);
      if (setting === undefined) throw new MalformedAnswerError(`symbolConfig lacks ${symbol}`);
      isolated[symbol] = setting.isIsolated;
    }
    const canWithdraw = this.#readsKeyRights
      ? parseKeyRights(await this.#read(1, (ccxt) => ccxt.sapiGetAccountApiRestrictions())).canWithdraw
      : null;
    return {
      oneWay: config.isOneWay,
      singleAsset: config.isSingleAsset,
      isolated,
      canWithdraw,
      canTrade: config.canTrade,
    };
  }
  async #fetchFundingIntervals(): Promise<ReadonlyMap<string, number>> {
    const nowMs = this.#link.time.nowMs();
    if (this.#funding === null || nowMs - this.#funding.observedAtMs > FUNDING_INFO_MAX_AGE_MS) {
      const intervals = parseFundingIntervals(await this.#read(1, (ccxt) => ccxt.fapiPublicGetFundingInfo()));
      this.#funding = { intervals, observedAtMs: nowMs };
    }
    return this.#funding.intervals;
  }
  /** The first page of trades at or after an instant, window by window. */
  async #fetchFirstTrades(symbol: string, sinceMs: number, parse: (row: unknown) => VenueTrade): Promise<VenueTrade[]> {
    const nowMs = this.#link.time.nowMs();
    for (let page = 0, startTime = sinceMs; page < MAX_PAGES && startTime <= nowMs; page += 1) {
      const query = { symbol, startTime, endTime: startTime + TRADE_WINDOW_MS - 1, limit: PAGE_TRADES };
      const rows = requireList(await this.#read(5, (ccxt) => ccxt.fapiPrivateGetUserTrades(query)), 'userTrades');
      if (rows.length > 0) return rows.map(parse);
      startTime += TRADE_WINDOW_MS;
    }
    return [];
  }
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
