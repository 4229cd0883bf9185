import type { SymbolRules } from '../gate/ports.ts';
import type { BinanceClient } from './ccxt-binance.ts';
import { MalformedAnswerError } from './decimals.ts';
import type { Instrument, InstrumentTable, Steps, StepTable } from './instruments.ts';

/** Nothing can be said about a symbol, or sent for it, before its rules were fetched. */
export class RulesNotLoadedError extends MalformedAnswerError {
  constructor() {
    super('the rules of the exchange have not been fetched');
  }
}

/**
 * What is known of the symbols, for our parsers and for ccxt's order builder. ccxt gets the entries it needs from the one
 * exchangeInfo that we read (its own loadMarkets would fetch 1 MB per instance and parse all 900 symbols), so both work
 * from the same filters.
 */
export class MarketTables {
  #instruments: InstrumentTable | null = null;
  #unified = new Map<string, string>();
  readonly #traded = new Set<string>();
  readonly #takerFees = new Map<string, number>();
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
   * Steps to read answers with: those that were fetched, else those that were known before ({@link noteRules}). Never
   * throws by itself: what cannot be read is told where it is read.
   */
  readonly steps: StepTable = {
    require: (symbol) => {
      const known = this.#instruments?.find(symbol) ?? this.#noted.get(symbol);
      return known ?? this.instruments.require(symbol);
    },
  };
  /** Rules of an earlier fetch: what was asked for under them can be read while they cannot be fetched anew. */
  noteRules(rules: readonly SymbolRules[]): void {
    for (const { symbol, tickMantissa, tickScale, lotMantissa, lotScale, takerFee } of rules) {
      const tick = { mantissa: tickMantissa, scale: tickScale };
      this.#noted.set(symbol, { symbol, tick, lot: { mantissa: lotMantissa, scale: lotScale } });
      if (!this.#takerFees.has(symbol)) this.#takerFees.set(symbol, takerFee);
    }
  }
  replace(instruments: InstrumentTable, symbols: readonly string[]): void {
    this.#instruments = instruments;
    for (const symbol of symbols) if (instruments.find(symbol) !== null) this.#traded.add(symbol);
    this.#unified = this.#publish(instruments);
  }
  /** ccxt's name of a symbol; the symbol is added to ccxt's tables when it is not there yet. */
  unifiedSymbol(symbol: string): string {
    const known = this.#unified.get(symbol);
    if (known !== undefined) return known;
    this.instruments.require(symbol);
    this.#traded.add(symbol);
    this.#unified = this.#publish(this.instruments);
    const added = this.#unified.get(symbol);
    if (added === undefined) throw new MalformedAnswerError(`ccxt does not know ${symbol}`);
    return added;
  }
  setTakerFee(symbol: string, takerFee: number): void {
    this.#takerFees.set(symbol, takerFee);
  }
  takerFee(symbol: string): number | null {
    return this.#takerFees.get(symbol) ?? null;
  }
  #publish(instruments: InstrumentTable): Map<string, string> {
    const rows: Instrument[] = [];
    for (const symbol of this.#traded) {
      const instrument = instruments.find(symbol);
      if (instrument !== null) rows.push(instrument);
    }
    const unified = new Map<string, string>();
    for (const client of this.#clients) {
      const markets = rows.map((row) => client.ccxt.parseMarket(row.raw));
      client.ccxt.setMarkets(markets);
      for (const market of markets) unified.set(market.id, market.symbol);
    }
    return unified;
  }
}
