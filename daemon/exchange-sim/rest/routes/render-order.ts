import { decimalsOf, divide, format } from '../../core/fixed.ts';
import type { AlgoOrder, Order, Trade } from '../../core/state.ts';

// Decimals as exchangeInfo states them at the start, and more where a step has become finer.
const PRICE_DECIMALS = 2;
const QUANTITY_DECIMALS = 3;

export function priceText(value: bigint): string {
  return format(value, Math.max(PRICE_DECIMALS, decimalsOf(value)));
}

export function quantityText(value: bigint): string {
  return format(value, Math.max(QUANTITY_DECIMALS, decimalsOf(value)));
}

/** The answer to placing, amending or canceling: since 2026-07-15 without avgPrice and cumQuote. */
export function renderOrderAck(order: Order): Record<string, unknown> {
  return {
    orderId: order.orderId,
    symbol: order.symbol,
    status: order.status,
    clientOrderId: order.clientOrderId,
    price: priceText(order.price),
    origQty: quantityText(order.quantity),
    executedQty: quantityText(order.executed),
    cumQty: quantityText(order.executed),
    timeInForce: order.timeInForce,
    type: order.type,
    reduceOnly: order.reduceOnly,
    closePosition: order.closePosition,
    side: order.side,
    positionSide: 'BOTH',
    stopPrice: priceText(order.stopPrice),
    workingType: 'CONTRACT_PRICE',
    priceProtect: false,
    origType: order.originalType,
    priceMatch: 'NONE',
    selfTradePreventionMode: 'NONE',
    goodTillDate: order.goodTillMs ?? 0,
    updateTime: order.updatedMs,
  };
}

/** The answer to a query: with avgPrice, cumQuote and the time of acceptance. */
export function renderOrder(order: Order): Record<string, unknown> {
  const average = order.executed === 0n ? 0n : divide(order.quote, order.executed);
  return {
    ...renderOrderAck(order),
    avgPrice: format(average, 5),
    cumQuote: format(order.quote, 5),
    time: order.createdMs,
  };
}

/**
 * A conditional order; `actual` is the order that it triggered, of which id, type, executed quantity and average price
 * are shown (fields of the query answer in Binance's own connector). While that one is open this one is TRIGGERED.
 */
export function renderAlgoOrder(order: AlgoOrder, actual: Order | undefined): Record<string, unknown> {
  const executed = actual?.executed ?? 0n;
  const isWorking = actual?.status === 'NEW' || actual?.status === 'PARTIALLY_FILLED';
  return {
    algoId: order.algoId,
    clientAlgoId: order.clientAlgoId,
    algoType: 'CONDITIONAL',
    orderType: order.type,
    symbol: order.symbol,
    side: order.side,
    positionSide: 'BOTH',
    timeInForce: order.timeInForce,
    quantity: quantityText(order.quantity),
    algoStatus: order.status === 'FINISHED' && isWorking ? 'TRIGGERED' : order.status,
    actualOrderId: order.actualOrderId === null ? '' : String(order.actualOrderId),
    actualPrice: format(actual === undefined || executed === 0n ? 0n : divide(actual.quote, executed), 5),
    actualQty: actual === undefined ? '' : quantityText(executed),
    actualType: actual?.type ?? '',
    triggerPrice: priceText(order.triggerPrice),
    price: priceText(order.price),
    icebergQuantity: null,
    tpTriggerPrice: '0.00',
    tpPrice: '0.00',
    slTriggerPrice: '0.00',
    slPrice: '0.00',
    tpOrderType: '',
    selfTradePreventionMode: 'NONE',
    workingType: order.workingType,
    priceMatch: 'NONE',
    closePosition: order.closePosition,
    priceProtect: order.priceProtect,
    reduceOnly: order.reduceOnly,
    activatePrice: priceText(order.activatePrice),
    callbackRate: format(order.callbackRate * 100n, 1),
    createTime: order.createdMs,
    updateTime: order.updatedMs,
    triggerTime: order.triggeredMs,
    goodTillDate: 0,
  };
}

export function renderTrade(trade: Trade): Record<string, unknown> {
  return {
    symbol: trade.symbol,
    id: trade.tradeId,
    orderId: trade.orderId,
    side: trade.side,
    price: priceText(trade.price),
    qty: quantityText(trade.quantity),
    realizedPnl: format(trade.realisedProfit),
    quoteQty: format(trade.quote, 5),
    commission: format(trade.commission),
    commissionAsset: 'USDT',
    time: trade.timeMs,
    positionSide: 'BOTH',
    maker: trade.maker,
    buyer: trade.side === 'BUY',
  };
}
