import { type Exchange, persist } from '../exchange.ts';
import { copyWorld, type Fault, type FaultTarget } from '../faults/faults.ts';
import { asNew } from '../faults/lags.ts';
import type { World } from '../market/world.ts';
import { ApiError, apiError, type Params, type RawAnswer } from '../refusals/params.ts';
import { checkKey, checkSignature } from './auth.ts';
import { startFault } from './control/control.ts';
import { ACCOUNT_ROUTES } from './routes/account-routes.ts';
import { ALGO_ROUTES } from './routes/algo-routes.ts';
import type { Context, Route } from './routes/context.ts';
import { MARKET_ROUTES } from './routes/market-routes.ts';
import { renderOrderAck } from './routes/render-order.ts';
import { TRADE_ROUTES } from './routes/trade-routes.ts';

/** Every path of the exchange by `METHOD path`. */
export const ROUTES: ReadonlyMap<string, Route> = new Map(
  Object.entries({ ...MARKET_ROUTES, ...ACCOUNT_ROUTES, ...TRADE_ROUTES, ...ALGO_ROUTES }),
);

/** A request as it came off the wire. */
export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: string;
  readonly apiKey: string | undefined;
}

function answer(status: number, body: unknown, headers: Record<string, string> = {}): RawAnswer {
  return { status, headers, body: JSON.stringify(body) };
}

export function targetOf(request: RawRequest, params: Params): FaultTarget {
  return { method: request.method, path: request.path, symbol: params.text('symbol') };
}

/**
 * Serves one request of the exchange: limits, authentication, the route itself, and durability before the answer.
 * `arrivedMs`: server time at which its timestamp is judged, when it is acted on later.
 */
export function handleRequest(exchange: Exchange, request: RawRequest, params: Params, arrivedMs?: number): RawAnswer {
  const route = ROUTES.get(`${request.method} ${request.path}`);
  if (route === undefined)
    return answer(404, { code: -5000, msg: `Path ${request.path}, Method ${request.method} is invalid` });
  let headers: Record<string, string> = {};
  try {
    const wallMs = exchange.time.hostMs();
    const weight = params.text('symbol') === undefined ? (route.weightOfAll ?? route.weight) : route.weight;
    headers = exchange.limits.useWeight(wallMs, weight);
    authenticate(exchange, route, { request, params, arrivedMs });
    if (route.isOrder === true) Object.assign(headers, exchange.limits.countOrder(wallMs));
    const shade = exchange.faults.takeShading(targetOf(request, params));
    const body = runShaded(exchange, route, { path: request.path, params }, shade);
    persist(exchange);
    return answer(200, exchange.faults.oddRows.shown(request.path, params, body), headers);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { code, msg, http } = error.rejection;
    if (http === 429) headers['Retry-After'] = String(60 - (Math.floor(exchange.time.hostMs() / 1000) % 60));
    persist(exchange);
    return answer(http, { code, msg }, headers);
  }
}

interface Judged {
  readonly request: RawRequest;
  readonly params: Params;
  readonly arrivedMs: number | undefined;
}

function authenticate(exchange: Exchange, route: Route, { request, params, arrivedMs }: Judged): void {
  if (route.security === 'none') return;
  checkKey(request.apiKey, exchange.apiKey);
  if (route.security !== 'signed') return;
  const nowMs = (arrivedMs ?? exchange.world.state.nowMs) + exchange.faults.clockOffsetMs;
  const time = { earliestMs: nowMs, latestMs: nowMs + exchange.clock.drift(), scale: exchange.clock.scale };
  checkSignature({ query: request.query, body: request.body, params }, exchange.apiSecret, time);
}

interface Call {
  readonly path: string;
  readonly params: Params;
}

function buildContext(exchange: Exchange, { path, params }: Call): Context {
  const { world, faults } = exchange;
  const list = faults.lags.view(path);
  const seen = (what: string): World => list ?? faults.lags.view(what) ?? world;
  return {
    exchange,
    state: world.state,
    account: seen('account').state,
    orders: seen('orders').state,
    market: seen('market'),
    params,
  };
}

function runShaded(exchange: Exchange, route: Route, call: Call, shade: Fault | undefined): unknown {
  const { params } = call;
  if (shade === undefined) return route.handle(buildContext(exchange, call));
  const { state } = exchange.world;
  if (startFault(exchange, shade)) return route.handle(buildContext(exchange, call));
  const before = shade.kind === 'fill-lag' && shade.lagging === 'account' ? copyWorld(exchange.world) : null;
  const firstNewOrder = state.nextOrderId;
  if (shade.kind === 'partial-fill') state.nextFillFraction = shade.fraction;
  state.nextIsRejected = shade.kind === 'reject-late';
  const body = route.handle(buildContext(exchange, call));
  state.nextFillFraction = null;
  state.nextIsRejected = false;
  if (shade.kind === 'not-found-after-accept') {
    const id = params.text('newClientOrderId') ?? params.text('clientAlgoId');
    if (id === undefined) throw apiError('MANDATORY_PARAM', 'newClientOrderId');
    exchange.faults.hide(id, shade.queries);
  }
  const placed = state.orders.get(firstNewOrder);
  if (placed !== undefined && shade.kind === 'late-trades') exchange.faults.lags.delayTrades(placed.orderId, shade.ms);
  if (placed !== undefined && shade.kind === 'reject-late') {
    exchange.faults.lags.delayVerdict(placed.orderId, shade.ms);
    return renderOrderAck(asNew(placed));
  }
  if (shade.kind === 'untold-quantity') return unreported(body);
  if (before !== null) exchange.faults.lags.show('account', before, shade.ms);
  if (shade.kind === 'fill-lag' && shade.lagging === 'order')
    return lagOrder(exchange, firstNewOrder, shade.ms) ?? body;
  return body;
}

/** A conditional order as its query is documented: which order it became, and not what that has executed. */
function unreported(body: unknown): unknown {
  const { actualQty: _quantity, actualType: _type, ...order } = body as Record<string, unknown>;
  return order;
}

/** Shows a just placed order as accepted and untouched for a while; answers as of that moment. */
function lagOrder(exchange: Exchange, orderId: number, ms: number): unknown {
  const view = copyWorld(exchange.world);
  const order = view.state.orders.get(orderId);
  if (order === undefined) return undefined;
  Object.assign(order, { status: 'NEW', executed: 0n, quote: 0n });
  view.state.markets.get(order.symbol)?.openOrders.set(orderId, order);
  exchange.faults.lags.show('orders', view, ms);
  return renderOrderAck(order);
}
