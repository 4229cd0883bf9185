import type { FetchOutcome, VenueOrder } from '../gate/venue-port.ts';
import {
  type JsonObject,
  MalformedAnswerError,
  parseUnits,
  readAmount,
  readDecimalText,
  readText,
  requireList,
  requireObject,
} from './exact-fields.ts';
import { InstrumentTable } from './instruments.ts';
import type { MarketTables } from './market-tables.ts';
import { parseAlgoOrder, parseRegularOrder } from './parse-orders.ts';
import type { Reader, StartRead } from './reader.ts';

/** A position with only what an exit needs. */
export interface HeldPosition {
  readonly symbol: string;
  /** Signed lots. */
  readonly lots: number;
}
/** An unreadable row, and why. */
export interface OddRow {
  readonly symbol: string;
  readonly detail: string;
}
export interface ReadRows<T> {
  readonly rows: readonly T[];
  readonly odd: readonly OddRow[];
  /** Lists that could not be read. */
  readonly failed: readonly string[];
}

/**
 * Reads for closing everything. Each needs one answer of the exchange and only the parts that it uses. A row
 * that cannot be read affects no other. RISK: nothing may be opened by them, since what they omit may be anything.
 */
export class EmergencyReads {
  readonly #reader: Reader;
  readonly #tables: MarketTables;

  constructor(reader: Reader, tables: MarketTables) {
    this.#reader = reader;
    this.#tables = tables;
  }

  /** Steps of quantities and prices; neither brackets nor fees. */
  async loadSymbols(): Promise<FetchOutcome<null>> {
    return this.#reader.link.outcome(async () => {
      const observedAtMs = this.#reader.link.clock.nowMs();
      const json = await this.#reader.read(1, (ccxt) => ccxt.fapiPublicGetExchangeInfo());
      this.#tables.replace(new InstrumentTable(json, observedAtMs), []);
      return null;
    });
  }

  /** Largest market order, lots; null: unknown. */
  findLargest(symbol: string): number | null {
    try {
      return this.#tables.instruments.find(symbol)?.maxMarketLots ?? null;
    } catch (error) {
      if (error instanceof MalformedAnswerError) return null;
      throw error;
    }
  }

  /** A symbol whose entry cannot be read is one. Precondition: the symbols were loaded. */
  isListed(symbol: string): boolean {
    return this.#tables.findListing(symbol) !== null;
  }

  async fetchPositions(): Promise<FetchOutcome<ReadRows<HeldPosition>>> {
    return this.#reader.link.outcome(async () => {
      const json = await this.#reader.read(5, (ccxt) => ccxt.fapiPrivateV3GetPositionRisk());
      const seen = new Set<string>();
      return readRows(requireList(json, 'positionRisk'), (row) => {
        const held = this.#readHeld(row);
        if (held === null) return null;
        if (seen.has(held.symbol)) throw new MalformedAnswerError('the symbol has two positions');
        seen.add(held.symbol);
        return held;
      });
    });
  }

  #readHeld(row: JsonObject): HeldPosition | null {
    const symbol = readText(row, 'symbol');
    const amount = readDecimalText(row, 'positionAmt');
    if (readAmount(row, 'positionAmt') === 0) return null;
    if (readText(row, 'positionSide') !== 'BOTH') throw new MalformedAnswerError('the account is in hedge mode');
    return { symbol, lots: parseUnits(amount, this.#tables.instruments.require(symbol).lot, 'positionAmt') };
  }

  /** For these symbols; empty: for the whole account. */
  async fetchOpenOrders(symbols: readonly string[]): Promise<FetchOutcome<ReadRows<VenueOrder>>> {
    return this.#reader.link.outcome(async () => {
      const { instruments } = this.#tables;
      const listOf = async (symbol: string | null): Promise<readonly ReadRows<VenueOrder>[]> => {
        const query = symbol === null ? {} : { symbol };
        const of = symbol === null ? '' : ` of ${symbol}`;
        // INVARIANT: conditional orders first. One that triggers meanwhile is in both lists then, and never in neither.
        const algo = await this.#list(
          `conditional orders${of}`,
          symbol,
          (ccxt) => ccxt.fapiPrivateGetOpenAlgoOrders(query),
          (row) => parseAlgoOrder(row, instruments),
        );
        const regular = await this.#list(
          `regular orders${of}`,
          symbol,
          (ccxt) => ccxt.fapiPrivateGetOpenOrders(query),
          (row) => parseRegularOrder(row, instruments),
        );
        return [regular, algo];
      };
      const read = (await Promise.all((symbols.length === 0 ? [null] : symbols).map(listOf))).flat();
      return {
        rows: read.flatMap(({ rows }) => rows),
        odd: read.flatMap(({ odd }) => odd),
        failed: read.flatMap(({ failed }) => failed),
      };
    });
  }

  async #list(
    what: string,
    symbol: string | null,
    start: StartRead,
    parse: (row: JsonObject) => VenueOrder,
  ): Promise<ReadRows<VenueOrder>> {
    const outcome = await this.#reader.link.outcome(async () => {
      const json = symbol === null ? await this.#reader.readLater(40, start) : await this.#reader.read(1, start);
      return readRows(requireList(json, what), parse);
    });
    return outcome.kind === 'ok' ? outcome.value : { rows: [], odd: [], failed: [`${what}: ${outcome.detail}`] };
  }
}

/** Null: the row has no position. */
function readRows<T>(list: readonly unknown[], read: (row: JsonObject) => T | null): ReadRows<T> {
  const rows: T[] = [];
  const odd: OddRow[] = [];
  for (const json of list) {
    try {
      const row = read(requireObject(json, 'row'));
      if (row !== null) rows.push(row);
    } catch (error) {
      if (!(error instanceof MalformedAnswerError)) throw error;
      odd.push({ symbol: nameOf(json), detail: error.message });
    }
  }
  return { rows, odd, failed: [] };
}

function nameOf(json: unknown): string {
  const name = typeof json === 'object' && json !== null && 'symbol' in json ? json.symbol : undefined;
  return typeof name === 'string' ? name : 'a row without a symbol';
}
