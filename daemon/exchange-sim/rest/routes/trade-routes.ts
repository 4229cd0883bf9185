import {
  amendOrder,
  cancelAllOrders,
  cancelOrder,
  checkOrder,
  findOrder,
  isOpen,
  placeOrder,
} from '../../core/orders/orders.ts';
import type { ExchangeState, Order } from '../../core/state.ts';
import { apiError, demand, type Params, unwrap } from '../../refusals/params.ts';
import { type Context, pageOf, type Routes, requireMarket, selectMarkets } from './context.ts';
import { parseOrderRequest, parseSide } from './order-request.ts';
import { renderOrder, renderOrderAck, renderTrade } from './render-order.ts';

function place({ exchange, state, params }: Context): unknown {
  const order = unwrap(placeOrder(state, parseOrderRequest(exchange, params)));
  if (params.text('newOrderRespType') === 'RESULT') return renderOrderAck(order);
  return renderOrderAck({ ...order, status: 'NEW', executed: 0n, quote: 0n });
}

/** POST /fapi/v1/order/test: every check, no order. */
function test({ exchange, state, params }: Context): unknown {
  const request = parseOrderRequest(exchange, params);
  const market = requireMarket(state, params);
  demand(checkOrder(state, market, request));
  return {};
}

function lookUp(state: ExchangeState, params: Params): Order | undefined {
  const market = requireMarket(state, params);
  const orderId = params.integer('orderId');
  const clientId = params.text('origClientOrderId');
  if (orderId === undefined && clientId === undefined) throw apiError('EITHER_PARAM', 'origClientOrderId', 'orderId');
  return findOrder(state, market.instrument.symbol, orderId, clientId);
}

function query({ exchange, orders, params }: Context): unknown {
  const order = lookUp(orders, params);
  if (order === undefined || exchange.faults.hides(order.clientOrderId)) throw apiError('NO_SUCH_ORDER');
  return renderOrder(exchange.faults.lags.shown(order));
}

function queryOpen({ exchange, orders, params }: Context): unknown {
  const order = lookUp(orders, params);
  const shown = order === undefined ? undefined : exchange.faults.lags.shown(order);
  if (shown === undefined || !isOpen(shown) || exchange.faults.hides(shown.clientOrderId)) {
    throw apiError('NO_SUCH_ORDER');
  }
  return renderOrder(shown);
}

function cancel({ state, params }: Context): unknown {
  return renderOrderAck(unwrap(cancelOrder(state, lookUp(state, params))));
}

function amend({ state, params }: Context): unknown {
  const order = lookUp(state, params);
  const side = parseSide(params);
  const quantity = params.requireDecimal('quantity');
  const price = params.requireDecimal('price');
  if (order !== undefined && order.side !== side) throw apiError('INVALID_SIDE');
  return renderOrderAck(unwrap(amendOrder(state, order, quantity, price)));
}

function cancelAll({ state, params }: Context): unknown {
  cancelAllOrders(state, requireMarket(state, params));
  return { code: 200, msg: 'The operation of cancel all open order is done.' };
}

function listOpen({ exchange, orders, params }: Context): unknown {
  return selectMarkets(orders, params).flatMap((market) =>
    [...market.openOrders.values(), ...exchange.faults.lags.shownOpen(orders, market.instrument.symbol)].map(
      renderOrder,
    ),
  );
}

/** GET /fapi/v1/allOrders: from `orderId` on, or within a span of time, newest 500 unless said otherwise. */
function listAll({ exchange, orders, params }: Context): unknown {
  const { symbol } = requireMarket(orders, params).instrument;
  const fromId = params.integer('orderId');
  const isForward = fromId !== undefined || params.text('startTime') !== undefined;
  const rows = [...orders.orders.values()].filter((order) => order.symbol === symbol && order.orderId >= (fromId ?? 0));
  const page = pageOf(params, rows, (order) => order.createdMs, { isForward, usual: 500 });
  return page.map((order) => renderOrder(exchange.faults.lags.shown(order)));
}

/** GET /fapi/v1/userTrades: of an order, from a trade id on, or within a span of time. */
function userTrades({ exchange, account, params }: Context): unknown {
  const { symbol } = requireMarket(account, params).instrument;
  const orderId = params.integer('orderId');
  const fromId = params.integer('fromId');
  const isForward = fromId !== undefined || params.text('startTime') !== undefined;
  const rows = account.trades.filter(
    (trade) =>
      trade.symbol === symbol &&
      exchange.faults.lags.isListed(trade) &&
      (orderId === undefined || trade.orderId === orderId) &&
      trade.tradeId >= (fromId ?? 0),
  );
  return pageOf(params, rows, (trade) => trade.timeMs, { isForward, usual: 500 }).map(renderTrade);
}

/** The dead-man switch: cancels the symbol's orders when no further call comes in time; 0 stops it. */
function countdown({ state, params }: Context): unknown {
  const market = requireMarket(state, params);
  const ms = params.requireInteger('countdownTime');
  market.countdownAtMs = ms === 0 ? null : state.nowMs + ms;
  state.changes.account = true;
  return { symbol: market.instrument.symbol, countdownTime: String(ms) };
}

/** Regular orders and trades. */
export const TRADE_ROUTES: Routes = {
  'POST /fapi/v1/order': { security: 'signed', weight: 0, isOrder: true, handle: place },
  'POST /fapi/v1/order/test': { security: 'signed', weight: 0, handle: test },
  'GET /fapi/v1/order': { security: 'signed', weight: 1, handle: query },
  'PUT /fapi/v1/order': { security: 'signed', weight: 0, isOrder: true, handle: amend },
  'DELETE /fapi/v1/order': { security: 'signed', weight: 1, handle: cancel },
  'GET /fapi/v1/openOrder': { security: 'signed', weight: 1, handle: queryOpen },
  'GET /fapi/v1/openOrders': { security: 'signed', weight: 1, weightOfAll: 40, handle: listOpen },
  'GET /fapi/v1/allOrders': { security: 'signed', weight: 5, handle: listAll },
  'DELETE /fapi/v1/allOpenOrders': { security: 'signed', weight: 1, handle: cancelAll },
  'GET /fapi/v1/userTrades': { security: 'signed', weight: 5, handle: userTrades },
  'POST /fapi/v1/countdownCancelAll': { security: 'signed', weight: 10, handle: countdown },
};
