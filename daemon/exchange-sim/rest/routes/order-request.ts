import type { OrderRequest } from '../../core/orders/orders.ts';
import type { ExchangeState, OrderType, Side, TimeInForce } from '../../core/state.ts';
import type { Exchange } from '../../exchange.ts';
import { apiError, type Params } from '../../refusals/params.ts';
import { requireMarket } from './context.ts';

const TIMES_IN_FORCE: readonly TimeInForce[] = ['GTC', 'IOC', 'FOK', 'GTX', 'GTD'];
const CONDITIONAL = ['STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET'];

/** An id as the exchange makes one when none is given. */
export function generateClientId(exchange: Exchange): string {
  return exchange.randomBytes(11).toString('hex');
}

export function parseSide(params: Params): Side {
  params.requireText('side');
  return params.choice('side', ['BUY', 'SELL'], () => apiError('INVALID_SIDE')) ?? 'BUY';
}

/** Positions are one-way: anything but BOTH, or any order in hedge mode, does not match the account's setting. */
export function checkPositionSide(state: ExchangeState, params: Params): void {
  const wrong = () => apiError('INVALID_POSITION_SIDE');
  const positionSide = params.choice('positionSide', ['BOTH', 'LONG', 'SHORT'], wrong) ?? 'BOTH';
  if (state.dualSidePosition && positionSide !== 'BOTH') throw apiError('UNSUPPORTED_OPERATION');
  if (state.dualSidePosition !== (positionSide !== 'BOTH')) throw apiError('POSITION_SIDE_MISMATCH');
}

export function checkResponseType(params: Params): void {
  params.choice('newOrderRespType', ['ACK', 'RESULT'], () => apiError('INVALID_RESPONSE_TYPE'));
}

function parseType(params: Params): OrderType {
  const type = params.requireText('type');
  if (CONDITIONAL.includes(type)) throw apiError('ALGO_ENDPOINT');
  return params.choice('type', ['LIMIT', 'MARKET'], () => apiError('INVALID_ORDER_TYPE')) ?? 'LIMIT';
}

/** Reads POST /fapi/v1/order; throws the exchange's error for what is missing or malformed. */
export function parseOrderRequest(exchange: Exchange, params: Params): OrderRequest {
  const { state } = exchange.world;
  const market = requireMarket(state, params);
  const side = parseSide(params);
  const type = parseType(params);
  checkPositionSide(state, params);
  checkResponseType(params);
  const isLimit = type === 'LIMIT';
  checkUnused(params);
  if (!isLimit && params.text('price') !== undefined) throw apiError('PARAM_NOT_REQUIRED', 'price');
  if (!isLimit && params.text('timeInForce') !== undefined) throw apiError('PARAM_NOT_REQUIRED', 'timeInForce');
  if (params.text('timeInForce') !== 'GTD' && params.text('goodTillDate') !== undefined)
    throw apiError('PARAM_NOT_REQUIRED', 'goodTillDate');
  const timeInForce = isLimit ? parseTimeInForce(params, true) : 'GTC';
  return {
    symbol: market.instrument.symbol,
    side,
    type,
    timeInForce,
    ...(timeInForce === 'GTD' ? { goodTillMs: parseGoodTill(params) } : {}),
    quantity: params.requireDecimal('quantity'),
    price: isLimit ? params.requireDecimal('price') : 0n,
    reduceOnly: params.flag('reduceOnly'),
    clientOrderId: params.text('newClientOrderId') ?? generateClientId(exchange),
    origin: 'client',
  };
}

/** Milliseconds of it are ignored. */
function parseGoodTill(params: Params): number {
  return Math.floor(params.requireInteger('goodTillDate') / 1000) * 1000;
}

/** Parameters that would change the order but mean nothing for its type, or are not modelled, are refused. */
function checkUnused(params: Params): void {
  for (const name of ['stopPrice', 'activationPrice', 'callbackRate']) {
    if (params.text(name) !== undefined) throw apiError('PARAM_NOT_REQUIRED', name);
  }
  if (params.flag('closePosition')) throw apiError('PARAM_NOT_REQUIRED', 'closePosition');
  if ((params.text('priceMatch') ?? 'NONE') !== 'NONE') throw apiError('UNSUPPORTED_OPERATION');
}

export function parseTimeInForce(params: Params, isRequired: boolean): TimeInForce {
  if (isRequired) params.requireText('timeInForce');
  // GTD is for regular orders, which name one.
  const known = isRequired ? TIMES_IN_FORCE : TIMES_IN_FORCE.filter((each) => each !== 'GTD');
  return params.choice('timeInForce', known, () => apiError('INVALID_TIF')) ?? 'GTC';
}
