import { absolute, divideRounded, type E8, minimum, multiply } from '../fixed.ts';
import { commission, initialMargin } from '../margin.ts';
import { applyFill } from '../position.ts';
import {
  appendIncome,
  type ExchangeState,
  MAKER_RATE,
  type Market,
  type Order,
  TAKER_RATE,
  type Trade,
} from '../state.ts';
import { marginBalance } from './account.ts';

/** Ends an order and takes it off the book. */
export function closeOrder(state: ExchangeState, market: Market, order: Order, status: Order['status']): void {
  order.status = status;
  order.updatedMs = state.nowMs;
  market.openOrders.delete(order.orderId);
  state.changes.orders.add(order);
}

/** Quantity that an order may still execute now: a reduce-only order never more than the position it reduces. */
export function executableQuantity(market: Market, order: Order): E8 {
  const left = order.quantity - order.executed;
  if (!order.reduceOnly) return left;
  const { quantity } = market.position;
  const closable = order.side === 'BUY' ? -quantity : quantity;
  if (closable <= 0n) return 0n;
  return minimum(left, closable);
}

/** Executes part of an order at one price: trade, commission, position, isolated margin, wallet. */
export function fillOrder(
  state: ExchangeState,
  market: Market,
  order: Order,
  { quantity, price, maker }: Pick<Trade, 'quantity' | 'price' | 'maker'>,
): Trade {
  const before = market.position;
  const effect = applyFill(before, order.side === 'BUY' ? quantity : -quantity, price);
  const quote = multiply(quantity, price);
  const fee = order.origin === 'liquidation' ? 0n : commission(quote, maker ? MAKER_RATE : TAKER_RATE);
  const tradeId = state.nextTradeId++;
  moveIsolatedMargin(market, effect.closedQuantity, multiply(effect.openedQuantity, price));
  market.position = effect.position;
  market.positionUpdatedMs = state.nowMs;
  order.executed += quantity;
  order.quote += quote;
  order.updatedMs = state.nowMs;
  order.status = order.executed === order.quantity ? 'FILLED' : 'PARTIALLY_FILLED';
  if (order.status === 'FILLED') market.openOrders.delete(order.orderId);
  appendIncome(state, { type: 'REALIZED_PNL', symbol: order.symbol, amount: effect.realisedProfit, tradeId });
  appendIncome(state, { type: 'COMMISSION', symbol: order.symbol, amount: -fee, tradeId });
  const trade: Trade = {
    tradeId,
    orderId: order.orderId,
    clientOrderId: order.clientOrderId,
    symbol: order.symbol,
    side: order.side,
    price,
    quantity,
    quote,
    commission: fee,
    realisedProfit: effect.realisedProfit,
    maker,
    timeMs: state.nowMs,
    mark: market.mark,
    positionBefore: before.quantity,
    positionAfter: effect.position.quantity,
    marginBalanceAfter: marginBalance(state),
  };
  state.trades.push(trade);
  state.changes.trades.push(trade);
  state.changes.orders.add(order);
  state.changes.account = true;
  expireReduceOnly(state, market);
  return trade;
}

function moveIsolatedMargin(market: Market, closed: E8, openedNotional: E8): void {
  if (market.marginType !== 'ISOLATED') return;
  const size = absolute(market.position.quantity);
  if (closed > 0n) {
    market.isolatedWallet -=
      closed === size ? market.isolatedWallet : divideRounded(market.isolatedWallet * closed, size);
  }
  market.isolatedWallet += initialMargin(openedNotional, market.leverage);
}

/** Resting reduce-only orders that have nothing left to reduce expire. */
function expireReduceOnly(state: ExchangeState, market: Market): void {
  for (const order of market.openOrders.values()) {
    if (order.reduceOnly && executableQuantity(market, order) === 0n) closeOrder(state, market, order, 'EXPIRED');
  }
}
