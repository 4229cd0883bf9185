import type { Bar, FetchOutcome, MarketQuote, RulesReading, UnreadPart } from '../../engine/records/venue.ts';
import { InstrumentTable } from '../tables/instruments.ts';
import type { MarketTables } from '../tables/market-tables.ts';
import {
  buildRules,
  findInterval,
  parseBars,
  parseBrackets,
  parseCommission,
  parseFundingIntervals,
  parseQuote,
} from '../tables/parse-market.ts';
import { asObject, MalformedAnswerError, readInstant, requireList, requireObject } from '../wire/exact-fields.ts';
import { INVALID_SYMBOL, ReadFailedError } from '../wire/venue-link.ts';
import { WEIGHT } from '../wire/weight-window.ts';
import type { Reader, StartRead } from './reader.ts';

const PAGE_BARS = 1000;
/** Far more bars than any baseline needs. */
const MAX_PAGES = 60;
const FUNDING_INFO_MAX_AGE_MS = 3_600_000;

/** Brackets and fees read this recently, ms of domain time, are not read again with the filters. */
const TERMS_RECENT_MS = 600_000;

/** Mark and book of one symbol weigh 3, those of all symbols 15. */
const SYMBOLS_READ_ALONE = 5;

interface RawQuote {
  readonly premiumIndex: unknown;
  readonly bookTicker: unknown;
}
type ReadQuote = (symbol: string) => Promise<RawQuote>;
interface AskedQuotes {
  readonly symbols: Set<string>;
  readonly read: Promise<ReadQuote>;
}

/** Reads of what the exchange publishes: its time, rules, prices and bars. */
export class MarketReads {
  readonly #reader: Reader;
  readonly #tables: MarketTables;
  #funding: { readonly intervals: ReadonlyMap<string, number>; readonly observedAtMs: number } | null = null;

  /** Quotes requested in this turn. */
  #asked: AskedQuotes | null = null;

  constructor(reader: Reader, tables: MarketTables) {
    this.#reader = reader;
    this.#tables = tables;
  }

  /** Not queued: waiting would count as travel time and blur the clock. */
  async fetchServerTime(): Promise<FetchOutcome<number>> {
    return this.#reader.link.outcome(async () => {
      const json = await this.#reader.readNow((ccxt) => ccxt.fapiPublicGetTime());
      return readInstant(requireObject(json, 'time'), 'serverTime');
    });
  }
  /**
   * Filters from exchangeInfo, and brackets and fees if their last reading is not recent. Those that cannot
   * be read keep their last known values, and the rules are as old as those: closing needs neither. The answer omits
   * symbols that the exchange does not list, or that have no brackets or fees (not open yet, or no longer).
   */
  async fetchRules(symbols: readonly string[]): Promise<FetchOutcome<RulesReading>> {
    return this.#reader.link.outcome(async () => {
      const observedAtMs = this.#reader.link.clock.nowMs();
      const unread: UnreadPart[] = [];
      const [exchangeInfo, unlisted] = await Promise.all([
        this.#reader.readLater(WEIGHT.exchangeInfo, (ccxt) => ccxt.fapiPublicGetExchangeInfo()),
        this.#readBrackets(symbols, observedAtMs, unread),
      ]);
      const instruments = new InstrumentTable(exchangeInfo, observedAtMs);
      const isReadable = (symbol: string): boolean => {
        const found = this.#tryFind(instruments, symbol);
        if (!(found instanceof MalformedAnswerError)) return found;
        unread.push({ what: `the filters of ${symbol}`, symbol, ...this.#reader.link.failed(found) });
        return false;
      };
      const listed = symbols.filter((symbol) => isReadable(symbol) && !unlisted.has(symbol));
      const open = await Promise.all(
        listed.map(async (symbol) => ((await this.#readFees(symbol, observedAtMs, unread)) ? symbol : null)),
      );
      this.#tables.replace(instruments, listed);
      const rules = open
        .filter((symbol) => symbol !== null)
        .map((symbol) => buildRules(instruments.require(symbol), this.#tables.terms(symbol), observedAtMs));
      return { rules, unread };
    });
  }
  /** Whether the exchange lists a symbol, or why its entry cannot be read. */
  #tryFind(instruments: InstrumentTable, symbol: string): boolean | MalformedAnswerError {
    try {
      return instruments.find(symbol) !== null;
    } catch (error) {
      if (error instanceof MalformedAnswerError) return error;
      throw error;
    }
  }
  /** Symbols for which the exchange has no brackets. */
  async #readBrackets(symbols: readonly string[], nowMs: number, unread: UnreadPart[]): Promise<ReadonlySet<string>> {
    if (symbols.every((symbol) => isRecent(this.#tables.terms(symbol).bracketsAtMs, nowMs))) return new Set();
    const read = await this.#readPart('the leverage brackets', unread, async () =>
      parseBrackets(
        await this.#reader.readLater(WEIGHT.leverageBracket, (ccxt) => ccxt.fapiPrivateGetLeverageBracket()),
      ),
    );
    if (read === null) return new Set();
    for (const symbol of symbols) {
      const brackets = read.get(symbol);
      if (brackets instanceof MalformedAnswerError)
        unread.push({ what: `the leverage brackets of ${symbol}`, symbol, ...this.#reader.link.failed(brackets) });
      else if (brackets !== undefined) this.#tables.noteTerms(symbol, { brackets, bracketsAtMs: nowMs });
    }
    return new Set(symbols.filter((symbol) => !read.has(symbol)));
  }
  /** False: the exchange no longer knows the symbol, which must not prevent reading the others' rules. */
  async #readFees(symbol: string, nowMs: number, unread: UnreadPart[]): Promise<boolean> {
    if (isRecent(this.#tables.terms(symbol).feesAtMs, nowMs)) return true;
    let isKnown = true;
    await this.#readPart(`the commission rate of ${symbol}`, unread, async () => {
      try {
        const start: StartRead = (ccxt) => ccxt.fapiPrivateGetCommissionRate({ symbol });
        const fees = parseCommission(await this.#reader.readLater(WEIGHT.commissionRate, start));
        this.#tables.noteTerms(symbol, { ...fees, feesAtMs: nowMs });
      } catch (error) {
        if (!(error instanceof ReadFailedError && error.code === INVALID_SYMBOL)) throw error;
        isKnown = false;
      }
    });
    return isKnown;
  }
  /** Null: it could not be read, which is noted. */
  async #readPart<T>(what: string, unread: UnreadPart[], read: () => Promise<T>): Promise<T | null> {
    const outcome = await this.#reader.link.outcome(read);
    if (outcome.kind === 'ok') return outcome.value;
    unread.push({ what, ...outcome });
    return null;
  }
  /** For more than a few symbols the lists of all symbols weigh less; they are read once for all of them. */
  async fetchQuote(symbol: string): Promise<FetchOutcome<MarketQuote>> {
    return this.#reader.link.outcome(async () => {
      this.#asked ??= this.#readTogether();
      const asked = this.#asked;
      asked.symbols.add(symbol);
      const [{ premiumIndex, bookTicker }, intervals] = await Promise.all([
        asked.read.then((read) => read(symbol)),
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
    return this.#reader.link.outcome(async () => {
      const interval = findInterval(barMs);
      if (interval === null) throw new MalformedAnswerError(`the exchange has no bars of ${barMs} ms`);
      const bars: Bar[] = [];
      let startTime = sinceMs;
      for (let page = 0; page < MAX_PAGES && bars.length < limit; page += 1) {
        const size = Math.min(PAGE_BARS, limit - bars.length);
        const json = await this.#reader.readLater(WEIGHT.klines, (ccxt) =>
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
  /** Collects the symbols requested in one turn of the event loop. */
  #readTogether(): AskedQuotes {
    const symbols = new Set<string>();
    const read = Promise.resolve().then((): ReadQuote => {
      this.#asked = null;
      if (symbols.size <= SYMBOLS_READ_ALONE) return (symbol) => this.#readQuote({ symbol });
      const all = this.#readQuote({});
      return async (symbol) => {
        const { premiumIndex, bookTicker } = await all;
        return {
          premiumIndex: findRow(premiumIndex, symbol, 'premiumIndex'),
          bookTicker: findRow(bookTicker, symbol, 'bookTicker'),
        };
      };
    });
    return { symbols, read };
  }
  async #readQuote(query: { readonly symbol?: string }): Promise<RawQuote> {
    const isAlone = query.symbol !== undefined;
    const [premiumIndex, bookTicker] = await Promise.all([
      this.#reader.read(isAlone ? WEIGHT.premiumIndex : WEIGHT.premiumIndexOfAll, (ccxt) =>
        ccxt.fapiPublicGetPremiumIndex(query),
      ),
      this.#reader.read(isAlone ? WEIGHT.bookTicker : WEIGHT.bookTickerOfAll, (ccxt) =>
        ccxt.fapiPublicGetTickerBookTicker(query),
      ),
    ]);
    return { premiumIndex, bookTicker };
  }
  async #fetchFundingIntervals(): Promise<ReadonlyMap<string, number>> {
    const nowMs = this.#reader.link.clock.nowMs();
    if (this.#funding === null || nowMs - this.#funding.observedAtMs > FUNDING_INFO_MAX_AGE_MS) {
      const intervals = parseFundingIntervals(
        await this.#reader.read(WEIGHT.fundingInfo, (ccxt) => ccxt.fapiPublicGetFundingInfo()),
      );
      this.#funding = { intervals, observedAtMs: nowMs };
    }
    return this.#funding.intervals;
  }
}

/** Whether it was read recently enough; a time later than now comes from a wrong clock. */
function isRecent(atMs: number, nowMs: number): boolean {
  return atMs <= nowMs && nowMs - atMs < TERMS_RECENT_MS;
}
function findRow(list: unknown, symbol: string, what: string): unknown {
  const found = requireList(list, what).find((row) => asObject(row).symbol === symbol);
  if (found === undefined) throw new MalformedAnswerError(`${what} lacks ${symbol}`);
  return found;
}
