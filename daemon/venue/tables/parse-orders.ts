import type { Side } from '../../core/request.ts';
import type { PlacedOrder, VenueOrder, VenueOrderStatus, VenueTrade } from '../../engine/records/venue.ts';
import { isFilled, isResting } from '../../engine/tables/status.ts';
import {
  type JsonObject,
  MalformedAnswerError,
  parseAmount,
  readAmount,
  readE8,
  readFlag,
  readId,
  readInstant,
  readPositive,
  readText,
  requireObject,
} from '../wire/exact-fields.ts';
import type { Fees } from './market-tables.ts';

const REGULAR_STATUS: Readonly<Record<string, VenueOrderStatus>> = {
  NEW: 'working',
  PARTIALLY_FILLED: 'partially_filled',
  FILLED: 'filled',
  CANCELED: 'canceled',
  EXPIRED: 'expired',
  EXPIRED_IN_MATCH: 'expired',
  REJECTED: 'rejected',
};
/**
 * TRIGGERING and TRIGGERED orders are live: their market order is being placed or filled. FINISHED says only that the
 * triggered order is done, filled or not: `actualQty` shows which.
 */
const ALGO_STATUS: Readonly<Record<string, VenueOrderStatus>> = {
  NEW: 'working',
  TRIGGERING: 'working',
  TRIGGERED: 'working',
  FINISHED: 'filled',
  CANCELED: 'canceled',
  EXPIRED: 'expired',
  REJECTED: 'rejected',
};

function readSide(source: JsonObject): Side {
  const side = readText(source, 'side');
  if (side !== 'BUY' && side !== 'SELL') throw new MalformedAnswerError('side is neither BUY nor SELL');
  return side === 'BUY' ? 'buy' : 'sell';
}
/** RISK: an order whose status is not known (NEW_ADL, NEW_INSURANCE) may fill: it is working. */
function readStatus(
  source: JsonObject,
  key: string,
  table: Readonly<Record<string, VenueOrderStatus>>,
): VenueOrderStatus {
  const word = readText(source, key);
  return (Object.hasOwn(table, word) ? table[word] : undefined) ?? 'working';
}
function readQuantity(source: JsonObject, key: string): number {
  const quantityE8 = readE8(source, key);
  if (quantityE8 < 0) throw new MalformedAnswerError(`${key} is negative`);
  return quantityE8;
}
/** Zero and absent mean "has none" in every order type of the exchange. */
function readPrice(source: JsonObject, key: string): number | null {
  if (source[key] === undefined || source[key] === null || source[key] === '') return null;
  const priceE8 = readE8(source, key);
  if (priceE8 < 0) throw new MalformedAnswerError(`${key} is negative`);
  return priceE8 === 0 ? null : priceE8;
}
/** Acknowledgements have no average price since 2026-07-15, others have "0" while nothing is filled: both are null. */
function readAverage(source: JsonObject, key: string): number | null {
  const value = source[key];
  if (value === undefined || value === null || value === '') return null;
  const average = parseAmount(value, key);
  return average > 0 ? average : null;
}

/** Queries have it, acknowledgements do not. Beside an id beyond 2^53, ccxt has it as text. */
function readPlacedAt(source: JsonObject, key: string): Pick<VenueOrder, 'placedAtMs'> {
  return source[key] === undefined || source[key] === null ? {} : { placedAtMs: readInstant(source, key) };
}

/** Order of `/fapi/v1/order` and `/fapi/v1/openOrders` (USD-M documentation, Query Order). */
export function parseRegularOrder(json: unknown): VenueOrder {
  const source = requireObject(json, 'order');
  const symbol = readText(source, 'symbol');
  const quantityE8 = readQuantity(source, 'origQty');
  const executedE8 = readQuantity(source, 'executedQty');
  const status = readStatus(source, 'status', REGULAR_STATUS);
  if (executedE8 > quantityE8 && quantityE8 > 0) throw new MalformedAnswerError('executedQty exceeds origQty');
  return {
    kind: 'regular',
    symbol,
    clientOrderId: readText(source, 'clientOrderId'),
    venueOrderId: readId(source, 'orderId'),
    side: readSide(source),
    type: readText(source, 'type'),
    quantityE8,
    executedE8,
    priceE8: readPrice(source, 'price'),
    triggerE8: readPrice(source, 'stopPrice'),
    reduceOnly: readFlag(source, 'reduceOnly'),
    closePosition: readFlag(source, 'closePosition'),
    status,
    averagePrice: readAverage(source, 'avgPrice'),
    ...readPlacedAt(source, 'time'),
    updatedAtMs: readInstant(source, 'updateTime'),
  };
}
/** Order of `/fapi/v1/algoOrder` and `/fapi/v1/openAlgoOrders`. A closePosition stop has no quantity: 0. */
export function parseAlgoOrder(json: unknown): VenueOrder {
  const source = requireObject(json, 'algo order');
  const symbol = readText(source, 'symbol');
  const closePosition = readFlag(source, 'closePosition');
  const isAbsent = (key: string) => source[key] === undefined || source[key] === null || source[key] === '';
  const quantityE8 = closePosition && isAbsent('quantity') ? 0 : readQuantity(source, 'quantity');
  const executedE8 = isAbsent('actualQty') ? 0 : readQuantity(source, 'actualQty');
  const status = readStatus(source, 'algoStatus', ALGO_STATUS);
  const hasNoFill = isFilled({ status }) && !isAbsent('actualQty') && executedE8 === 0;
  return {
    kind: 'algo',
    symbol,
    clientOrderId: readText(source, 'clientAlgoId'),
    venueOrderId: readId(source, 'algoId'),
    side: readSide(source),
    type: readText(source, 'orderType'),
    quantityE8,
    executedE8,
    priceE8: readPrice(source, 'price'),
    triggerE8: readPrice(source, 'triggerPrice'),
    reduceOnly: readFlag(source, 'reduceOnly'),
    closePosition,
    status: hasNoFill ? 'expired' : status,
    averagePrice: readAverage(source, 'actualPrice'),
    ...readPlacedAt(source, 'createTime'),
    updatedAtMs: readInstant(source, 'updateTime'),
  };
}
/**
 * Id of the order that a finished conditional one became, where the answer does not say what that has executed: the
 * documentation of the query has no `actualQty`. Null: it says so, or it became none.
 */
export function findUnreportedActual(json: unknown): string | null {
  const { actualOrderId, actualQty, algoStatus } = requireObject(json, 'algo order');
  const isReported = actualQty !== undefined && actualQty !== null && actualQty !== '';
  if (algoStatus !== 'FINISHED' || isReported || !actualOrderId) return null;
  return readId({ actualOrderId }, 'actualOrderId');
}
/** A conditional order with what the order that it became has executed. */
export function asTriggered(order: VenueOrder, actual: VenueOrder): VenueOrder {
  const { averagePrice, executedE8 } = actual;
  const status = isResting(actual) ? 'working' : executedE8 > 0 ? 'filled' : 'expired';
  return { ...order, averagePrice, executedE8, status };
}
/**
 * Order of `/fapi/v1/allOrders`: whose it is, without figures.
 */
export function parsePlacedOrder(json: unknown): PlacedOrder {
  const source = requireObject(json, 'order');
  return {
    symbol: readText(source, 'symbol'),
    clientOrderId: readText(source, 'clientOrderId'),
    venueOrderId: readId(source, 'orderId'),
    side: readSide(source),
    placedAtMs: readInstant(source, 'time'),
  };
}
/**
 * Trade of `/fapi/v1/userTrades`. A commission in another asset (BNB) is counted at the taker rate of the symbol, which
 * is what it would have been in USDT without the discount that paying so earns.
 *
 * RISK: the documentation's example writes what was paid as a negative commission, recorded answers write it as a positive
 * one. Only a maker at a negative rate is paid; a fee that counted as a gain would never use a budget up.
 */
export function parseTrade(json: unknown, ofSymbol: string, { makerFee, takerFee }: Fees): VenueTrade {
  const source = requireObject(json, 'trade');
  if (readText(source, 'symbol') !== ofSymbol) throw new MalformedAnswerError('trade of another symbol');
  const price = readPositive(source, 'price');
  const quantityE8 = readQuantity(source, 'qty');
  const reported = readAmount(source, 'commission');
  const isMaker = readFlag(source, 'maker');
  const commission = isMaker && makerFee < 0 ? reported : Math.abs(reported);
  const isUsdt = readText(source, 'commissionAsset') === 'USDT';
  return {
    tradeId: readId(source, 'id'),
    symbol: ofSymbol,
    venueOrderId: readId(source, 'orderId'),
    side: readSide(source),
    quantityE8,
    price,
    feeUsdt: isUsdt ? commission : (quantityE8 / 1e8) * price * takerFee,
    realisedPnlUsdt: readAmount(source, 'realizedPnl'),
    isMaker,
    atMs: readInstant(source, 'time'),
  };
}
