import { bestPrice, walkBook } from '../book.ts';
import { absolute, type E8, maximum, multiply, ONE } from '../fixed.ts';
import type { Instrument } from '../instruments.ts';
import { initialMargin, notionalCapAt } from '../margin.ts';
import {
  bookOf,
  type ExchangeState,
  type Market,
  type Order,
  type OrderType,
  rememberOrder,
  type Side,
  type TimeInForce,
} from '../state.ts';
import { accountMargin, symbolMargin, worstNotional } from './account.ts';
import { closeOrder, executableQuantity, fillOrder } from './fills.ts';
import { checkClientId, checkNotional, checkPercentPrice, checkPrice, checkQuantity } from './filters.ts';
import { type Rejection, reject } from './rejections.ts';

/** A regular order as requested. `price` is 0 for market orders. */
export interface OrderRequest {
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly quantity: E8;
  readonly price: E8;
  readonly reduceOnly: boolean;
  readonly clientOrderId: string;
  /** With GTD alone, ms. */
  readonly goodTillMs?: number;
  readonly origin: 'client' | 'conditional';
  readonly originalType?: string;
  readonly stopPrice?: E8;
  readonly closePosition?: boolean;
}

/** Every check of a new order, in order; undefined when the exchange would accept it. */
export function checkOrder(state: ExchangeState, market: Market, request: OrderRequest): Rejection | undefined {
  const { instrument } = market;
  const price = request.type === 'LIMIT' ? request.price : null;
  return (
    checkTrading(market) ??
    checkClientId(request.clientOrderId) ??
    (request.origin === 'conditional' ? undefined : checkGrid(instrument, request.quantity, price)) ??
    checkPercentPrice(market, request.side, price) ??
    (request.reduceOnly ? undefined : checkNotional(market, request.quantity, price)) ??
    checkOpenIds(state, market, request) ??
    (request.reduceOnly ? checkReduceOnly(market, request) : checkMargin(state, market, request)) ??
    checkTimeInForce(market, request, state.nowMs)
  );
}

/** What a conditional order has become was taken by the steps of its own time. */
function checkGrid(instrument: Instrument, quantity: E8, price: E8 | null): Rejection | undefined {
  return (
    checkQuantity(instrument, quantity, price === null) ?? (price === null ? undefined : checkPrice(instrument, price))
  );
}

function checkTrading({ status }: Market): Rejection | undefined {
  return status === 'TRADING' ? undefined : reject('SYMBOL_NOT_TRADING');
}

function checkOpenIds(state: ExchangeState, market: Market, request: OrderRequest): Rejection | undefined {
  if (market.openOrders.size >= market.instrument.maxOrders) return reject('MAX_OPEN_ORDERS');
  for (const other of state.markets.values()) {
    for (const order of other.openOrders.values()) {
      if (order.clientOrderId === request.clientOrderId) return reject('DUPLICATE_CLIENT_ID');
    }
  }
  return undefined;
}

/**
 * A reduce-only order needs a position on the other side that resting reduce-only orders have not already claimed.
 * Alone it may be larger than the position: it is clipped when it fills.
 */
function checkReduceOnly(market: Market, request: OrderRequest): Rejection | undefined {
  const { quantity } = market.position;
  const closable = request.side === 'BUY' ? -quantity : quantity;
  if (closable <= 0n) return reject('REDUCE_ONLY_REJECT');
  let resting = 0n;
  for (const order of market.openOrders.values()) {
    if (order.reduceOnly && order.side === request.side) resting += order.quantity - order.executed;
  }
  return resting > 0n && resting + request.quantity > closable ? reject('REDUCE_ONLY_REJECT') : undefined;
}

/** Margin and bracket check of an opening order; `replaced` is an order that it takes the place of. */
export function checkMargin(
  state: ExchangeState,
  market: Market,
  request: Pick<OrderRequest, 'side' | 'quantity' | 'price' | 'type'>,
  replaced?: Order,
): Rejection | undefined {
  const { leverage, instrument, mark } = market;
  const best = bestPrice(bookOf(market), request.side === 'BUY' ? 'ask' : 'bid');
  // A market order is charged 0.05 % above the best quote, the exchange's own assumption for market buys.
  const price = request.type === 'LIMIT' ? request.price : (best * 10_005n) / 10_000n;
  const value = multiply(request.quantity, price);
  const now = symbolMargin(market, replaced);
  const bids = now.bidNotional + (request.side === 'BUY' ? value : 0n);
  const asks = now.askNotional + (request.side === 'SELL' ? value : 0n);
  const worstBefore = worstNotional(now.notional, now.bidNotional, now.askNotional);
  const worstAfter = worstNotional(now.notional, bids, asks);
  if (worstAfter <= worstBefore) return undefined;
  if (worstAfter > notionalCapAt(instrument.brackets, leverage)) return reject('MAX_LEVERAGE_RATIO');
  const priceGap = request.side === 'BUY' ? price - mark : mark - price;
  const openLoss = multiply(request.quantity, maximum(0n, priceGap));
  const extra = initialMargin(worstAfter, leverage) - initialMargin(worstBefore, leverage) + openLoss;
  return extra > accountMargin(state, replaced).availableBalance ? reject('MARGIN_NOT_SUFFICIENT') : undefined;
}

function crosses(market: Market, side: Side, price: E8): boolean {
  const best = bestPrice(bookOf(market), side === 'BUY' ? 'ask' : 'bid');
  return side === 'BUY' ? price >= best : price <= best;
}

/** More than 600 s ahead, and before the year 10000. */
function isGoodTill(atMs: number, nowMs: number): boolean {
  return atMs > nowMs + 600_000 && atMs < 253_402_300_799_000;
}

function checkTimeInForce(market: Market, request: OrderRequest, nowMs: number): Rejection | undefined {
  if (request.type === 'MARKET') return undefined;
  if (request.timeInForce === 'GTD' && !isGoodTill(request.goodTillMs ?? 0, nowMs)) return reject('GOOD_TILL_DATE');
  if (request.timeInForce === 'GTX' && crosses(market, request.side, request.price)) return reject('GTX_REJECT');
  if (request.timeInForce !== 'FOK') return undefined;
  let fillable = 0n;
  for (const slice of walkBook(bookOf(market), request.side, request.quantity, request.price))
    fillable += slice.quantity;
  return fillable < request.quantity ? reject('FOK_REJECT') : undefined;
}

/** Checks, accepts and matches an order. The answer is the order after matching, or why it was refused. */
export function placeOrder(state: ExchangeState, request: OrderRequest): Order | Rejection {
  const market = state.markets.get(request.symbol);
  if (market === undefined) return reject('BAD_SYMBOL');
  const refused = checkOrder(state, market, request);
  if (refused !== undefined) return refused;
  const order = buildOrder(state, market, request);
  rememberOrder(state, order);
  state.changes.orders.add(order);
  state.changes.account = true;
  if (state.nextIsRejected) {
    state.nextIsRejected = false;
    closeOrder(state, market, order, 'REJECTED');
  } else matchTaker(state, market, order);
  return order;
}

function buildOrder(state: ExchangeState, market: Market, request: OrderRequest): Order {
  return {
    orderId: state.nextOrderId++,
    clientOrderId: request.clientOrderId,
    symbol: request.symbol,
    side: request.side,
    type: request.type,
    originalType: request.originalType ?? request.type,
    timeInForce: request.timeInForce,
    goodTillMs: request.goodTillMs ?? 0,
    price: request.type === 'LIMIT' ? request.price : 0n,
    quantity: request.quantity,
    executed: 0n,
    quote: 0n,
    stopPrice: request.stopPrice ?? 0n,
    reduceOnly: request.reduceOnly,
    closePosition: request.closePosition ?? false,
    origin: request.origin,
    status: 'NEW',
    createdMs: state.nowMs,
    updatedMs: state.nowMs,
    markAtPlacement: market.mark,
    leverageAtPlacement: market.leverage,
  };
}

/** Takes what the book offers; the rest of GTC, GTX and GTD rests, the rest of anything else expires. */
function matchTaker(state: ExchangeState, market: Market, order: Order): void {
  const fraction = state.nextFillFraction;
  state.nextFillFraction = null;
  let wanted = executableQuantity(market, order);
  if (fraction !== null) {
    const { lot } = market.instrument;
    wanted = ((wanted * fraction) / ONE / lot) * lot;
  }
  const limit = order.type === 'LIMIT' ? order.price : null;
  for (const slice of walkBook(bookOf(market), order.side, wanted, limit)) {
    fillOrder(state, market, order, { ...slice, maker: false });
  }
  if (order.status === 'FILLED') return;
  const rests = order.type === 'LIMIT' && ['GTC', 'GTX', 'GTD'].includes(order.timeInForce);
  if (rests && executableQuantity(market, order) > 0n) market.openOrders.set(order.orderId, order);
  else closeOrder(state, market, order, 'EXPIRED');
}

/** Fills resting orders that the market has reached: as maker, at their own price, as deep as the book goes. */
export function fillResting(state: ExchangeState, market: Market): void {
  if (market.status !== 'TRADING') return;
  for (const order of [...market.openOrders.values()]) {
    if (!market.openOrders.has(order.orderId)) continue;
    if (!crosses(market, order.side, order.price)) continue;
    const wanted = executableQuantity(market, order);
    let reachable = 0n;
    for (const slice of walkBook(bookOf(market), order.side, wanted, order.price)) reachable += slice.quantity;
    if (reachable > 0n) fillOrder(state, market, order, { quantity: reachable, price: order.price, maker: true });
  }
}

/** When the next order of a symbol that rests expires by its good-till-date, ms. */
export function nextExpiryMs({ openOrders }: Market): number {
  let nextMs = Number.POSITIVE_INFINITY;
  for (const { goodTillMs } of openOrders.values()) if (goodTillMs > 0) nextMs = Math.min(nextMs, goodTillMs);
  return nextMs;
}
export function expireOrders(state: ExchangeState): void {
  for (const market of state.markets.values())
    for (const order of [...market.openOrders.values()])
      if (order.goodTillMs > 0 && order.goodTillMs <= state.nowMs) closeOrder(state, market, order, 'EXPIRED');
}

/** Finds an order of a symbol by either id; the newest one wins when a client id was used again. */
export function findOrder(
  state: ExchangeState,
  symbol: string,
  orderId: number | undefined,
  clientOrderId: string | undefined,
): Order | undefined {
  if (orderId !== undefined) {
    const order = state.orders.get(orderId);
    return order?.symbol === symbol ? order : undefined;
  }
  return clientOrderId === undefined ? undefined : state.ordersByClientId.get(`${symbol} ${clientOrderId}`);
}

export function isOpen(order: Order): boolean {
  return order.status === 'NEW' || order.status === 'PARTIALLY_FILLED';
}

/** Cancels one open order. */
export function cancelOrder(state: ExchangeState, order: Order | undefined): Order | Rejection {
  const market = order === undefined ? undefined : state.markets.get(order.symbol);
  if (order === undefined || market === undefined || !isOpen(order)) return reject('CANCEL_REJECTED');
  closeOrder(state, market, order, 'CANCELED');
  return order;
}

/** Cancels every open regular order of a symbol. */
export function cancelAllOrders(state: ExchangeState, market: Market): void {
  for (const order of market.openOrders.values()) closeOrder(state, market, order, 'CANCELED');
}

/**
 * Amends a resting limit order in place. `quantity` is the new total; a total that is not above what has been executed
 * cancels the order. A price that crosses executes as taker.
 */
export function amendOrder(state: ExchangeState, order: Order | undefined, quantity: E8, price: E8): Order | Rejection {
  const market = order === undefined ? undefined : state.markets.get(order.symbol);
  if (order === undefined || market === undefined || !isOpen(order)) return reject('NO_SUCH_ORDER');
  if (market.status !== 'TRADING') return reject('SYMBOL_NOT_TRADING');
  if (order.type !== 'LIMIT') return reject('LIMIT_ONLY');
  if (order.price === price && order.quantity === quantity) return reject('SAME_ORDER');
  const { instrument } = market;
  const rest = absolute(quantity - order.executed);
  const refused =
    checkQuantity(instrument, quantity, false) ??
    checkPrice(instrument, price) ??
    checkPercentPrice(market, order.side, price) ??
    (order.reduceOnly ? undefined : checkNotional(market, quantity, price)) ??
    (order.timeInForce === 'GTX' && crosses(market, order.side, price) ? reject('GTX_REJECT') : undefined) ??
    (order.reduceOnly || quantity <= order.executed
      ? undefined
      : checkMargin(state, market, { side: order.side, type: 'LIMIT', quantity: rest, price }, order));
  if (refused !== undefined) return refused;
  if (quantity <= order.executed) {
    closeOrder(state, market, order, 'CANCELED');
    return order;
  }
  order.price = price;
  order.quantity = quantity;
  order.updatedMs = state.nowMs;
  state.changes.orders.add(order);
  matchTaker(state, market, order);
  return order;
}
