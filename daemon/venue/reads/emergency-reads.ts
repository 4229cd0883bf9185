import type { FetchOutcome, Listed, VenueOrder } from '../../engine/records/venue.ts';
import { InstrumentTable } from '../tables/instruments.ts';
import { FINEST, type MarketTables } from '../tables/market-tables.ts';
import { parseAlgoOrder, parseRegularOrder } from '../tables/parse-orders.ts';
import { readEachRow } from '../tables/rows.ts';
import { splitClosing } from '../tables/write-order.ts';
import {
  type JsonObject,
  MalformedAnswerError,
  parseWideE8,
  readDecimalText,
  readText,
  requireList,
  stepE8,
} from '../wire/exact-fields.ts';
import type { Reader, StartRead } from './reader.ts';

/** A position with only what an exit needs. */
export interface HeldPosition {
  readonly symbol: string;
  /** Signed, in units of 1e-8 and of any size. */
  readonly heldE8: bigint;
}
export interface ReadRows<T> extends Listed<T> {
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

  /**
   * Quantities, in units of 1e-8, of the reduce-only market orders that close a position. Where the filters of its symbol
   * cannot be read they are not rounded.
   */
  splitClosing(symbol: string, heldE8: bigint): readonly number[] {
    return splitClosing(heldE8, this.#findLots(symbol));
  }
  /** The largest market order, in units of 1e-8. */
  largestE8(symbol: string): number {
    const { lot, maxMarketLots } = this.#findLots(symbol);
    return splitClosing(stepE8(lot) * BigInt(maxMarketLots), this.#findLots(symbol))[0] ?? 0;
  }
  #findLots(symbol: string): Parameters<typeof splitClosing>[1] {
    try {
      return this.#tables.instruments.require(symbol);
    } catch (error) {
      if (error instanceof MalformedAnswerError)
        return { symbol, ...FINEST, minLots: 1, maxMarketLots: Number.MAX_SAFE_INTEGER };
      throw error;
    }
  }

  /** A symbol whose entry cannot be read is one. Precondition: the symbols were loaded. */
  isListed(symbol: string): boolean {
    return this.#tables.findListing(symbol) !== null;
  }

  async fetchPositions(): Promise<FetchOutcome<Listed<HeldPosition>>> {
    return this.#reader.link.outcome(async () => {
      const json = await this.#reader.read(5, (ccxt) => ccxt.fapiPrivateV3GetPositionRisk());
      const seen = new Set<string>();
      return readEachRow(requireList(json, 'positionRisk'), (row) => {
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
    const heldE8 = parseWideE8(readDecimalText(row, 'positionAmt'), 'positionAmt');
    if (heldE8 === 0n) return null;
    if (readText(row, 'positionSide') !== 'BOTH') throw new MalformedAnswerError('the account is in hedge mode');
    return { symbol, heldE8 };
  }

  /** For these symbols; empty: for the whole account. */
  async fetchOpenOrders(symbols: readonly string[]): Promise<FetchOutcome<ReadRows<VenueOrder>>> {
    return this.#reader.link.outcome(async () => {
      const listOf = async (symbol: string | null): Promise<readonly ReadRows<VenueOrder>[]> => {
        const query = symbol === null ? {} : { symbol };
        const of = symbol === null ? '' : ` of ${symbol}`;
        // INVARIANT: conditional orders first. One that triggers meanwhile is in both lists then, and never in neither.
        const algo = await this.#list(
          `conditional orders${of}`,
          symbol,
          (ccxt) => ccxt.fapiPrivateGetOpenAlgoOrders(query),
          parseAlgoOrder,
        );
        const regular = await this.#list(
          `regular orders${of}`,
          symbol,
          (ccxt) => ccxt.fapiPrivateGetOpenOrders(query),
          parseRegularOrder,
        );
        return [regular, algo];
      };
      const read = (await Promise.all((symbols.length === 0 ? [null] : symbols).map(listOf))).flat();
      return {
        rows: read.flatMap(({ rows }) => rows),
        unreadable: read.flatMap(({ unreadable }) => unreadable),
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
      return { ...readEachRow(requireList(json, what), parse), failed: [] };
    });
    return outcome.kind === 'ok' ? outcome.value : { rows: [], unreadable: [], failed: [`${what}: ${outcome.detail}`] };
  }
}
