import {
  type AlgoRequest,
  cancelAlgoOrder,
  cancelAllAlgoOrders,
  findAlgoOrder,
  placeAlgoOrder,
} from '../../core/orders/conditional.ts';
import type { AlgoOrder, ConditionalType, ExchangeState } from '../../core/state.ts';
import type { Exchange } from '../../exchange.ts';
import { apiError, type Params, unwrap } from '../../refusals/params.ts';
import { type Context, pageOf, type Routes, requireMarket, selectMarkets } from './context.ts';
import {
  checkPositionSide,
  checkResponseType,
  generateClientId,
  parseSide,
  parseTimeInForce,
} from './order-request.ts';
import { renderAlgoOrder } from './render-order.ts';

const TYPES: readonly ConditionalType[] = [
  'STOP_MARKET',
  'TAKE_PROFIT_MARKET',
  'STOP',
  'TAKE_PROFIT',
  'TRAILING_STOP_MARKET',
];

/** With what became of the order that it triggered. */
function render(state: ExchangeState, order: AlgoOrder): Record<string, unknown> {
  return renderAlgoOrder(order, order.actualOrderId === null ? undefined : state.orders.get(order.actualOrderId));
}

/** Callback in per cent, one decimal; the parameter is called activatePrice, ccxt says activationPrice. */
function parseTrailing(params: Params): { callbackRate: bigint; activatePrice: bigint } {
  return {
    callbackRate: params.requireDecimal('callbackRate') / 100n,
    activatePrice: params.decimal('activatePrice') ?? params.decimal('activationPrice') ?? 0n,
  };
}

function parseAlgoRequest(exchange: Exchange, params: Params): AlgoRequest {
  const { state } = exchange.world;
  const algoType = params.requireText('algoType');
  if (algoType !== 'CONDITIONAL') throw apiError('INVALID_PARAMETER', 'algoType');
  const market = requireMarket(state, params);
  const side = parseSide(params);
  params.requireText('type');
  const type = params.choice('type', TYPES, () => apiError('INVALID_ORDER_TYPE')) ?? 'STOP_MARKET';
  checkPositionSide(state, params);
  checkResponseType(params);
  const wrongWorking = () => apiError('INVALID_PARAMETER', 'workingType');
  const workingType = params.choice('workingType', ['MARK_PRICE', 'CONTRACT_PRICE'], wrongWorking);
  const closePosition = params.flag('closePosition');
  const isTrailing = type === 'TRAILING_STOP_MARKET';
  const isLimit = type === 'STOP' || type === 'TAKE_PROFIT';
  const isClosable = type === 'STOP_MARKET' || type === 'TAKE_PROFIT_MARKET';
  if (closePosition && !isClosable) throw apiError('PARAM_NOT_REQUIRED', 'closePosition');
  return {
    symbol: market.instrument.symbol,
    side,
    type,
    timeInForce: parseTimeInForce(params, false),
    quantity: closePosition ? (params.decimal('quantity') ?? 0n) : params.requireDecimal('quantity'),
    price: isLimit ? params.requireDecimal('price') : 0n,
    triggerPrice: isTrailing ? 0n : params.requireDecimal('triggerPrice'),
    ...(isTrailing ? parseTrailing(params) : { callbackRate: 0n, activatePrice: 0n }),
    workingType: workingType ?? 'CONTRACT_PRICE',
    priceProtect: params.flag('priceProtect'),
    reduceOnly: params.flag('reduceOnly'),
    closePosition,
    clientAlgoId: params.text('clientAlgoId') ?? generateClientId(exchange),
  };
}

function place({ exchange, state, params }: Context): unknown {
  return render(state, unwrap(placeAlgoOrder(state, parseAlgoRequest(exchange, params))));
}

function lookUp(state: ExchangeState, params: Params): AlgoOrder | undefined {
  const algoId = params.integer('algoId');
  const clientId = params.text('clientAlgoId');
  if (algoId === undefined && clientId === undefined) throw apiError('EITHER_PARAM', 'algoId', 'clientAlgoId');
  return findAlgoOrder(state, algoId, clientId);
}

function query({ exchange, orders, params }: Context): unknown {
  const order = lookUp(orders, params);
  if (order === undefined || exchange.faults.hides(order.clientAlgoId)) throw apiError('NO_SUCH_ORDER');
  return render(orders, order);
}

function cancel({ state, params }: Context): unknown {
  const order = unwrap(cancelAlgoOrder(state, lookUp(state, params)));
  return { algoId: order.algoId, clientAlgoId: order.clientAlgoId, code: '200', msg: 'success' };
}

function cancelAll({ state, params }: Context): unknown {
  cancelAllAlgoOrders(state, requireMarket(state, params));
  return { code: 200, msg: 'The operation of cancel all open order is done.' };
}

function listOpen({ orders, params }: Context): unknown {
  return selectMarkets(orders, params).flatMap((market) =>
    [...market.openAlgos.values()].map((order) => render(orders, order)),
  );
}

function listAll({ orders, params }: Context): unknown {
  const { symbol } = requireMarket(orders, params).instrument;
  const fromId = params.integer('algoId') ?? 0;
  const rows = [...orders.algoOrders.values()].filter((order) => order.symbol === symbol && order.algoId >= fromId);
  const page = pageOf(params, rows, (order) => order.createdMs, { isForward: false, usual: 500 });
  return page.map((order) => render(orders, order));
}

/** Conditional orders: the algo service, which took them over from the order endpoint on 2025-12-09. */
export const ALGO_ROUTES: Routes = {
  'POST /fapi/v1/algoOrder': { security: 'signed', weight: 0, isOrder: true, handle: place },
  'GET /fapi/v1/algoOrder': { security: 'signed', weight: 1, handle: query },
  'DELETE /fapi/v1/algoOrder': { security: 'signed', weight: 1, handle: cancel },
  'GET /fapi/v1/openAlgoOrders': { security: 'signed', weight: 1, weightOfAll: 40, handle: listOpen },
  'GET /fapi/v1/allAlgoOrders': { security: 'signed', weight: 5, handle: listAll },
  'DELETE /fapi/v1/algoOpenOrders': { security: 'signed', weight: 1, handle: cancelAll },
};
