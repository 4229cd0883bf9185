import { BookLevelSchema, CandleSchema, type CandlesBodySchema, type OrderBookBodySchema } from '../bodies/reads.ts';
import * as Type from '../built/typebox.js';
import type { Body } from '../schema/agreement.ts';

/** Candles and levels as rows of figures: their columns are named once, in a third of the tokens. */

type FullCandles = Body<typeof CandlesBodySchema>;
type FullBook = Body<typeof OrderBookBodySchema>;
type Row = readonly (number | null)[];
/** `columns` are of each row. */
export interface BriefCandles extends Omit<FullCandles, 'candles'> {
  readonly columns: readonly string[];
  readonly candles: readonly Row[];
}
export interface BriefBook extends Omit<FullBook, 'bids' | 'asks'> {
  readonly columns: readonly string[];
  readonly bids: readonly Row[];
  readonly asks: readonly Row[];
}

/** OpenAPI says no more of them: docs/api.md has the members. */
const rows = Type.Array(Type.Array(Type.Union([Type.Number(), Type.Null()])));
const columns = Type.Array(Type.String());
export const BriefCandlesSchema = Type.Object({ columns, candles: rows });
export const BriefBookSchema = Type.Object({ columns, bids: rows, asks: rows });

const CANDLE_COLUMNS = namesOf(CandleSchema.properties);
const LEVEL_COLUMNS = namesOf(BookLevelSchema.properties);

export function toBriefCandles({ symbol, interval, candles, bars_as_of_ms }: FullCandles): BriefCandles {
  return { symbol, interval, columns: CANDLE_COLUMNS, candles: toRows(candles, CANDLE_COLUMNS), bars_as_of_ms };
}

export function toBriefBook({ bids, asks, symbol, ...rest }: FullBook): BriefBook {
  const side = (levels: FullBook['bids']): readonly Row[] => toRows(levels, LEVEL_COLUMNS);
  return { symbol, columns: LEVEL_COLUMNS, bids: side(bids), asks: side(asks), ...rest };
}

function namesOf<Members extends object>(members: Members): readonly (keyof Members & string)[] {
  return Object.keys(members) as (keyof Members & string)[];
}

function toRows<Key extends string>(
  entries: readonly { readonly [Name in Key]: number | null }[],
  keys: readonly Key[],
): readonly Row[] {
  return entries.map((entry) => keys.map((key) => entry[key]));
}
