import type { LeverageBracket, SymbolRules } from '../../engine/records/venue.ts';
import type { BinanceClient } from '../wire/ccxt-binance.ts';
import { type JsonObject, MalformedAnswerError } from '../wire/exact-fields.ts';
import { entryOf, type Instrument, type InstrumentTable, type Steps } from './instruments.ts';

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
/** Of a symbol whose filters cannot be read. */
export const FINEST = { tick: { mantissa: 1, scale: 1e8 }, lot: { mantissa: 1, scale: 1e8 } } as const;
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
   * Steps to write orders with: those in force as far as anybody knows, fetched last, or noted before a restart. Where the
   * filters of a symbol cannot be read the exchange has the last word.
   * @throws MalformedAnswerError when the symbol is not known
   */
  requireSteps(symbol: string): Steps {
    const known = this.#findFetched(symbol) ?? this.#noted.get(symbol);
    if (known === undefined) this.instruments.requireListed(symbol);
    return known ?? { symbol, ...FINEST };
  }
  /** Undefined: there is none, or it cannot be read. */
  #findFetched(symbol: string): Instrument | undefined {
    try {
      return this.#instruments?.find(symbol) ?? undefined;
    } catch (error) {
      if (error instanceof MalformedAnswerError) return undefined;
      throw error;
    }
  }
  /**
   * Rules of a fetch before a restart: what is held can be closed by them while they cannot be fetched. Whether anything
   * may be opened by them is for the gate to say, by their age.
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
    for (const symbol of symbols) this.#traded.add(symbol);
    this.#unified = this.#publish();
  }
  /** ccxt's name of a symbol; adds the symbol to ccxt's tables if it is missing. */
  unifiedSymbol(symbol: string): string {
    const known = this.#unified.get(symbol);
    if (known !== undefined) return known;
    this.requireSteps(symbol);
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
      const fetched = this.#findFetched(symbol);
      rows.push(fetched?.raw ?? entryOf(this.#noted.get(symbol) ?? { symbol, ...FINEST }));
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
