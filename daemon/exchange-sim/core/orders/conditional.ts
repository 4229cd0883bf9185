import { absolute, type E8, multiply, ONE } from '../fixed.ts';
import type { AlgoOrder, ConditionalType, ExchangeState, Market, Side, TimeInForce } from '../state.ts';
import { checkClientId, checkPrice, checkQuantity, toTick } from './filters.ts';
import { placeOrder } from './orders.ts';
import { isRejection, type Rejection, reject } from './rejections.ts';

/** A conditional order as requested; figures that its type does not use are 0. */
export interface AlgoRequest {
  readonly symbol: string;
  readonly side: Side;
  readonly type: ConditionalType;
  readonly timeInForce: TimeInForce;
  readonly quantity: E8;
  readonly price: E8;
  readonly triggerPrice: E8;
  readonly activatePrice: E8;
  readonly callbackRate: E8;
  readonly workingType: string;
  readonly priceProtect: boolean;
  readonly reduceOnly: boolean;
  readonly closePosition: boolean;
  readonly clientAlgoId: string;
}

/** Conditional orders that one account may hold at a time, over all symbols. */
const MAX_ALGO_ORDERS = 200;

/** Whether the mark has to rise to the trigger (true) or fall to it. */
function triggersOnRise(type: ConditionalType, side: Side): boolean {
  const isStop = type === 'STOP' || type === 'STOP_MARKET' || type === 'TRAILING_STOP_MARKET';
  return isStop === (side === 'BUY');
}

function isReached(order: Pick<AlgoOrder, 'type' | 'side'>, trigger: E8, mark: E8): boolean {
  return triggersOnRise(order.type, order.side) ? mark >= trigger : mark <= trigger;
}

function checkAlgo(state: ExchangeState, market: Market, request: AlgoRequest): Rejection | undefined {
  const { instrument } = market;
  const isLimit = request.type === 'STOP' || request.type === 'TAKE_PROFIT';
  const isTrailing = request.type === 'TRAILING_STOP_MARKET';
  if (request.closePosition && request.quantity !== 0n) return reject('CLOSE_POSITION_QUANTITY');
  return (
    checkClientId(request.clientAlgoId) ??
    (request.closePosition ? undefined : checkQuantity(instrument, request.quantity, !isLimit)) ??
    (isLimit ? checkPrice(instrument, request.price) : undefined) ??
    (isTrailing ? checkTrailing(market, request) : checkTrigger(market, request)) ??
    checkOpenAlgos(state, market, request)
  );
}

function checkTrigger(market: Market, request: AlgoRequest): Rejection | undefined {
  const { instrument, mark } = market;
  if (request.triggerPrice <= 0n) return reject('STOP_PRICE_LESS_THAN_ZERO');
  if (request.triggerPrice > instrument.maxPrice) return reject('STOP_PRICE_ABOVE_MAX');
  if (request.triggerPrice % instrument.tick !== 0n) return reject('PRICE_OFF_TICK');
  return isReached(request, request.triggerPrice, mark) ? reject('WOULD_TRIGGER') : undefined;
}

/** Callback 0.1 % to 10 %; a sell activates at or above the mark, a buy at or below it. */
function checkTrailing(market: Market, request: AlgoRequest): Rejection | undefined {
  const { callbackRate, activatePrice, side } = request;
  if (callbackRate < ONE / 1000n || callbackRate > ONE / 10n) return reject('INVALID_PARAMETER', 'callbackRate');
  if (activatePrice === 0n) return undefined;
  const isWrong = side === 'SELL' ? activatePrice < market.mark : activatePrice > market.mark;
  return isWrong ? reject('ACTIVATION_PRICE') : checkPrice(market.instrument, activatePrice);
}

function checkOpenAlgos(state: ExchangeState, market: Market, request: AlgoRequest): Rejection | undefined {
  if (market.openAlgos.size >= market.instrument.maxAlgoOrders) return reject('MAX_STOP_ORDERS');
  let count = 0;
  for (const other of state.markets.values()) {
    count += other.openAlgos.size;
    for (const algo of other.openAlgos.values()) {
      if (algo.clientAlgoId === request.clientAlgoId) return reject('DUPLICATE_CLIENT_ID');
    }
  }
  return count >= MAX_ALGO_ORDERS ? reject('MAX_STOP_ORDERS') : undefined;
}

/** Accepts a conditional order. Margin and position are not checked before it triggers, as on the exchange. */
export function placeAlgoOrder(state: ExchangeState, request: AlgoRequest): AlgoOrder | Rejection {
  const market = state.markets.get(request.symbol);
  if (market === undefined) return reject('BAD_SYMBOL');
  const refused = checkAlgo(state, market, request);
  if (refused !== undefined) return refused;
  const order: AlgoOrder = {
    ...request,
    algoId: state.nextAlgoId++,
    status: 'NEW',
    createdMs: state.nowMs,
    updatedMs: state.nowMs,
    triggeredMs: 0,
    actualOrderId: null,
  };
  if (order.type === 'TRAILING_STOP_MARKET') trail(market, order);
  state.algoOrders.set(order.algoId, order);
  market.openAlgos.set(order.algoId, order);
  state.changes.algoOrders.add(order);
  state.changes.account = true;
  return order;
}

/** Moves a trailing order's trigger with the mark; before activation it has none (0). */
function trail(market: Market, order: AlgoOrder): boolean {
  const { mark, instrument } = market;
  if (order.triggerPrice === 0n && order.activatePrice !== 0n) {
    const isActive = order.side === 'SELL' ? mark >= order.activatePrice : mark <= order.activatePrice;
    if (!isActive) return false;
  }
  const factor = order.side === 'SELL' ? ONE - order.callbackRate : ONE + order.callbackRate;
  const trigger = toTick(instrument, multiply(mark, factor));
  const isBetter =
    order.triggerPrice === 0n || (order.side === 'SELL' ? trigger > order.triggerPrice : trigger < order.triggerPrice);
  if (isBetter) order.triggerPrice = trigger;
  return isBetter;
}

/** Triggers every conditional order of a symbol that the mark has reached. */
export function triggerAlgoOrders(state: ExchangeState, market: Market): void {
  for (const order of [...market.openAlgos.values()]) {
    if (!market.openAlgos.has(order.algoId)) continue;
    if (order.type === 'TRAILING_STOP_MARKET' && trail(market, order)) state.changes.algoOrders.add(order);
    if (order.triggerPrice !== 0n && isReached(order, order.triggerPrice, market.mark)) trigger(state, market, order);
  }
}

function trigger(state: ExchangeState, market: Market, order: AlgoOrder): void {
  const { quantity: position } = market.position;
  const isClosing = order.side === 'BUY' ? position < 0n : position > 0n;
  order.triggeredMs = state.nowMs;
  if (order.closePosition && !isClosing) {
    endAlgoOrder(state, market, order, 'EXPIRED');
    return;
  }
  const isLimit = order.type === 'STOP' || order.type === 'TAKE_PROFIT';
  const placed = placeOrder(state, {
    symbol: order.symbol,
    side: order.side,
    type: isLimit ? 'LIMIT' : 'MARKET',
    timeInForce: order.timeInForce,
    quantity: order.closePosition ? absolute(position) : order.quantity,
    price: order.price,
    reduceOnly: order.reduceOnly || order.closePosition,
    clientOrderId: order.clientAlgoId,
    origin: 'conditional',
    originalType: order.type,
    stopPrice: order.triggerPrice,
    closePosition: order.closePosition,
  });
  if (isRejection(placed)) {
    endAlgoOrder(state, market, order, 'REJECTED');
    return;
  }
  order.actualOrderId = placed.orderId;
  endAlgoOrder(state, market, order, 'FINISHED');
}

function endAlgoOrder(state: ExchangeState, market: Market, order: AlgoOrder, status: AlgoOrder['status']): void {
  order.status = status;
  order.updatedMs = state.nowMs;
  market.openAlgos.delete(order.algoId);
  state.changes.algoOrders.add(order);
}

/** Finds a conditional order by either id; the newest one wins when a client id was used again. */
export function findAlgoOrder(
  state: ExchangeState,
  algoId: number | undefined,
  clientAlgoId: string | undefined,
): AlgoOrder | undefined {
  if (algoId !== undefined) return state.algoOrders.get(algoId);
  let found: AlgoOrder | undefined;
  for (const order of state.algoOrders.values()) if (order.clientAlgoId === clientAlgoId) found = order;
  return found;
}

export function cancelAlgoOrder(state: ExchangeState, order: AlgoOrder | undefined): AlgoOrder | Rejection {
  const market = order === undefined ? undefined : state.markets.get(order.symbol);
  if (order === undefined || market === undefined || order.status !== 'NEW') return reject('CANCEL_REJECTED');
  endAlgoOrder(state, market, order, 'CANCELED');
  return order;
}

export function cancelAllAlgoOrders(state: ExchangeState, market: Market): void {
  for (const order of market.openAlgos.values()) endAlgoOrder(state, market, order, 'CANCELED');
}
