import { format } from '../../core/fixed.ts';
import { accountMargin } from '../../core/orders/account.ts';
import { entryPrice } from '../../core/position.ts';
import type { AlgoOrder, ExchangeState, Liquidation, Order, Trade } from '../../core/state.ts';

function renderFill(trade: Trade): Record<string, unknown> {
  return {
    trade_id: trade.tradeId,
    order_id: trade.orderId,
    client_order_id: trade.clientOrderId,
    symbol: trade.symbol,
    side: trade.side,
    time_ms: trade.timeMs,
    price: format(trade.price),
    quantity: format(trade.quantity),
    notional_usdt: format(trade.quote),
    commission_usdt: format(trade.commission),
    realised_pnl_usdt: format(trade.realisedProfit),
    maker: trade.maker,
    mark_price: format(trade.mark),
    position_before: format(trade.positionBefore),
    position_after: format(trade.positionAfter),
    margin_balance_after_usdt: format(trade.marginBalanceAfter),
  };
}

function renderOrder(order: Order, fills: readonly Trade[]): Record<string, unknown> {
  return {
    order_id: order.orderId,
    client_order_id: order.clientOrderId,
    symbol: order.symbol,
    side: order.side,
    type: order.type,
    original_type: order.originalType,
    time_in_force: order.timeInForce,
    good_till_ms: order.goodTillMs ?? 0,
    price: format(order.price),
    stop_price: format(order.stopPrice),
    quantity: format(order.quantity),
    executed_quantity: format(order.executed),
    executed_notional_usdt: format(order.quote),
    reduce_only: order.reduceOnly,
    close_position: order.closePosition,
    origin: order.origin,
    status: order.status,
    created_ms: order.createdMs,
    updated_ms: order.updatedMs,
    mark_at_placement: format(order.markAtPlacement),
    leverage_at_placement: order.leverageAtPlacement,
    fills: fills.map(renderFill),
  };
}

function renderAlgo(order: AlgoOrder): Record<string, unknown> {
  return {
    algo_id: order.algoId,
    client_algo_id: order.clientAlgoId,
    symbol: order.symbol,
    side: order.side,
    type: order.type,
    quantity: format(order.quantity),
    price: format(order.price),
    trigger_price: format(order.triggerPrice),
    reduce_only: order.reduceOnly,
    close_position: order.closePosition,
    status: order.status,
    created_ms: order.createdMs,
    updated_ms: order.updatedMs,
    triggered_ms: order.triggeredMs,
    order_id: order.actualOrderId,
  };
}

function renderLiquidation(entry: Liquidation): Record<string, unknown> {
  return {
    order_id: entry.orderId,
    symbol: entry.symbol,
    margin_type: entry.marginType,
    time_ms: entry.timeMs,
    mark_price: format(entry.mark),
    quantity: format(entry.quantity),
    margin_balance_usdt: format(entry.marginBalance),
    maintenance_margin_usdt: format(entry.maintenanceMargin),
    fee_usdt: format(entry.fee),
    insurance_usdt: format(entry.insurance),
  };
}

/** GET /sim/books: all that an independent judge needs. Quantities and prices are decimal text, times server time. */
export function renderBooks(state: ExchangeState): Record<string, unknown> {
  const fillsOf = new Map<number, Trade[]>();
  for (const trade of state.trades) {
    const known = fillsOf.get(trade.orderId);
    if (known === undefined) fillsOf.set(trade.orderId, [trade]);
    else known.push(trade);
  }
  const margin = accountMargin(state);
  return {
    server_time_ms: state.nowMs,
    opening_balance_usdt: format(state.openingBalance),
    wallet_balance_usdt: format(state.wallet),
    margin_balance_usdt: format(margin.marginBalance),
    maintenance_margin_usdt: format(margin.maintenanceMargin),
    available_balance_usdt: format(margin.availableBalance),
    positions: [...state.markets.values()].map((market) => ({
      symbol: market.instrument.symbol,
      quantity: format(market.position.quantity),
      entry_price: format(entryPrice(market.position)),
      mark_price: format(market.mark),
      leverage: market.leverage,
      margin_type: market.marginType,
      isolated_wallet_usdt: format(market.isolatedWallet),
    })),
    orders: [...state.orders.values()].map((order) => renderOrder(order, fillsOf.get(order.orderId) ?? [])),
    algo_orders: [...state.algoOrders.values()].map(renderAlgo),
    liquidations: state.liquidations.map(renderLiquidation),
    income: state.income.map((entry) => ({
      tran_id: entry.tranId,
      type: entry.type,
      symbol: entry.symbol,
      amount_usdt: format(entry.amount),
      time_ms: entry.timeMs,
      trade_id: entry.tradeId,
    })),
  };
}
