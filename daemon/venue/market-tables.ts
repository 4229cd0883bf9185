import type { LeverageBracket, SymbolRules } from '../gate/venue-port.ts';
import type { BinanceClient } from './ccxt-binance.ts';
import type { JsonObject } from './exact-fields.ts';
import { MalformedAnswerError } from './exact-fields.ts';
import { entryOf, type Instrument, type InstrumentTable, type Steps, type StepTable } from './instruments.ts';

/** The rules of a symbol were not fetched yet: nothing can be read or sent for it. */
export class RulesNotLoadedError extends MalformedAnswerError {
  constructor() {
    super('the rules of the exchange have not been fetched');
  }
}

/** Brackets and fees of one symbol; domain time of the reading, 0 if never read. */
export interface Terms {
  readonly brackets: readonly LeverageBracket[];
  readonly bracketsAtMs: number;
  readonly takerFee: number;
  readonly makerFee: number;
  readonly feesAtMs: number;
}
export type Fees = Pick<Terms, 'takerFee' | 'makerFee'>;
const UNKNOWN_TERMS: Terms = { brackets: [], bracketsAtMs: 0, takerFee: 0, makerFee: 0, feesAtMs: 0 };

/**
 * The known symbols, for our parsers and for ccxt's order builder. ccxt gets the entries it needs from the one
 * exchangeInfo that we read (its own loadMarkets would fetch 1 MB per instance and parse all 900 symbols), so both use
 * the same filters; without one, the previously known steps.
 */
export class MarketTables {
  #instruments: InstrumentTable | null = null;
  #unified = new Map<string, string>();
  readonly #traded = new Set<string>();
  readonly #terms = new Map<string, Terms>();
  readonly #noted = new Map<string, Steps>();
  readonly #clients: readonly BinanceClient[];

  constructor(clients: readonly BinanceClient[]) {
    this.#clients = clients;
  }
  get instruments(): InstrumentTable {
    if (this.#instruments === null) throw new RulesNotLoadedError();
    return this.#instruments;
  }
  /**
   * Steps to read answers and to write orders with. INVARIANT: those of the gate's views ({@link noteRules}), in which
   * lots and ticks are counted, also between a fetch and its record; of symbols that it has not recorded those that
   * were fetched. Never throws by itself: a failed read is reported by the part that reads.
   */
  readonly steps: StepTable = {
    require: (symbol) => this.#noted.get(symbol) ?? this.#requireFetched(symbol),
  };
  /** An answer named a symbol that exchangeInfo did not have when it was read: it was listed since. */
  isBehind = false;
  #requireFetched(symbol: string): Instrument {
    if (this.instruments.find(symbol) === null) this.isBehind = true;
    return this.instruments.require(symbol);
  }
  /**
   * Rules that the views are in from now on, of this fetch or of one before a restart: what was requested under them
   * can be read, closed and canceled while they cannot be fetched. Whether anything may be opened by them is for the
   * gate to say, by their age.
   */
  noteRules(rules: readonly SymbolRules[]): void {
    for (const { symbol, tickMantissa, tickScale, lotMantissa, lotScale, ...rest } of rules) {
      const tick = { mantissa: tickMantissa, scale: tickScale };
      this.#noted.set(symbol, { symbol, tick, lot: { mantissa: lotMantissa, scale: lotScale } });
      if (this.#terms.has(symbol)) continue;
      const { brackets, takerFee, makerFee, observedAtMs } = rest;
      this.#terms.set(symbol, {
        brackets,
        bracketsAtMs: brackets.length === 0 ? 0 : observedAtMs,
        takerFee,
        makerFee,
        feesAtMs: observedAtMs,
      });
    }
  }
  /** Undefined: no exchangeInfo was read yet, or it has a malformed entry for the symbol. */
  findListing(symbol: string): { readonly trading: boolean; readonly minNotionalUsdt: number } | null | undefined {
    try {
      const found = this.#instruments?.find(symbol);
      return found && { trading: found.isTrading, minNotionalUsdt: found.minNotionalUsdt };
    } catch (error) {
      if (error instanceof MalformedAnswerError) return undefined;
      throw error;
    }
  }
  replace(instruments: InstrumentTable, symbols: readonly string[]): void {
    this.#instruments = instruments;
    this.isBehind = false;
    for (const symbol of symbols) if (instruments.find(symbol) !== null) this.#traded.add(symbol);
    this.#unified = this.#publish();
  }
  /** ccxt's name of a symbol; adds the symbol to ccxt's tables if it is missing. */
  unifiedSymbol(symbol: string): string {
    const known = this.#unified.get(symbol);
    if (known !== undefined) return known;
    this.steps.require(symbol);
    this.#traded.add(symbol);
    this.#unified = this.#publish();
    const added = this.#unified.get(symbol);
    if (added === undefined) throw new MalformedAnswerError(`ccxt does not know ${symbol}`);
    return added;
  }
  terms(symbol: string): Terms {
    return this.#terms.get(symbol) ?? UNKNOWN_TERMS;
  }
  noteTerms(symbol: string, terms: Partial<Terms>): void {
    this.#terms.set(symbol, { ...this.terms(symbol), ...terms });
  }
  /** Null: never read. */
  fees(symbol: string): Fees | null {
    const terms = this.terms(symbol);
    return terms.feesAtMs === 0 ? null : terms;
  }
  #publish(): Map<string, string> {
    const rows: JsonObject[] = [];
    for (const symbol of this.#traded) {
      const instrument = this.#instruments?.find(symbol) ?? null;
      const noted = this.#noted.get(symbol);
      if (instrument !== null) rows.push(instrument.raw);
      else if (noted !== undefined) rows.push(entryOf(noted));
    }
    const unified = new Map<string, string>();
    for (const client of this.#clients) {
      const markets = rows.map((row) => client.ccxt.parseMarket(row));
      client.ccxt.setMarkets(markets);
      for (const market of markets) unified.set(market.id, market.symbol);
    }
    return unified;
  }
}
