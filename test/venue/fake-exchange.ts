/** A scripted HTTP server for what the simulated exchange cannot do: broken transports and odd answers. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { VenuePort } from '../../daemon/driver/ports.ts';
import { readE8 } from '../../daemon/engine/records/units.ts';
import type { Approved, OrderInstruction, StopInstruction } from '../../daemon/engine/records/venue.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import type { TimePort } from '../../daemon/time/time-port.ts';
import { createVenue } from '../../daemon/venue/create-venue.ts';
import { DomainClock } from '../../daemon/venue/wire/clock.ts';

export const API_KEY = 'planted-api-key-4f1c';
export const SECRET = 'planted-secret-9e77';

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly params: Record<string, string>;
  readonly headers: IncomingMessage['headers'];
  /** True when the signature is the HMAC of everything before it. */
  readonly isSigned: boolean;
}
export type Script = (request: SeenRequest, response: ServerResponse, socket: Socket) => void;

export function answerJson(response: ServerResponse, body: unknown, status = 200, headers = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
function filters(tick: string, lot: string): unknown[] {
  return [
    { filterType: 'PRICE_FILTER', tickSize: tick, minPrice: tick, maxPrice: '1000000' },
    { filterType: 'LOT_SIZE', stepSize: lot, minQty: lot, maxQty: '1000000' },
    { filterType: 'MARKET_LOT_SIZE', stepSize: lot, minQty: lot, maxQty: '120000' },
    { filterType: 'MIN_NOTIONAL', notional: '50' },
    { filterType: 'PERCENT_PRICE', multiplierUp: '1.0500', multiplierDown: '0.9500' },
  ];
}
export function exchangeSymbol(symbol: string, tick = '0.10', lot = '0.001'): Record<string, unknown> {
  return {
    symbol,
    status: 'TRADING',
    contractType: 'PERPETUAL',
    baseAsset: symbol.replace('USDT', ''),
    quoteAsset: 'USDT',
    marginAsset: 'USDT',
    deliveryDate: 4133404800000,
    filters: filters(tick, lot),
    orderTypes: ['LIMIT', 'MARKET', 'STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET'],
  };
}
const BRACKETS = [
  { bracket: 1, initialLeverage: 125, notionalFloor: 0, notionalCap: 50000, maintMarginRatio: 0.004, cum: 0 },
];

export class FakeExchange {
  readonly seen: SeenRequest[] = [];
  readonly scripts = new Map<string, Script>();
  symbols: readonly Record<string, unknown>[] = [exchangeSymbol('BTCUSDT')];
  url = '';
  readonly #server = createServer((request, response) => this.#receive(request, response));

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
  sent(key: string): SeenRequest[] {
    return this.seen.filter((request) => `${request.method} ${request.path}` === key);
  }
  #receive(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '/', this.url);
      const text = Buffer.concat(chunks).toString('utf8') || url.search.slice(1);
      const [payload, signature] = text.split('&signature=');
      const isSigned =
        createHmac('sha256', SECRET)
          .update(payload ?? '')
          .digest('hex') === signature;
      const params = Object.fromEntries(new URLSearchParams(text));
      const seen = { method: request.method ?? '', path: url.pathname, params, headers: request.headers, isSigned };
      this.seen.push(seen);
      const script = this.scripts.get(`${seen.method} ${seen.path}`);
      if (script !== undefined) script(seen, response, request.socket);
      else this.#answer(seen, response);
    });
  }
  #answer(request: SeenRequest, response: ServerResponse): void {
    const body = this.defaultBody(request);
    if (body === undefined) answerJson(response, { code: -5000, msg: 'no such path' }, 404);
    else answerJson(response, body);
  }
  /** Undefined: there is no such path. */
  defaultBody({ method, path, params }: Pick<SeenRequest, 'method' | 'path' | 'params'>): unknown {
    switch (`${method} ${path}`) {
      case 'GET /fapi/v1/time':
        return { serverTime: Date.now() };
      case 'GET /fapi/v1/exchangeInfo':
        return { symbols: this.symbols };
      case 'GET /fapi/v1/leverageBracket':
        return this.symbols.map(({ symbol }) => ({ symbol, brackets: BRACKETS }));
      case 'GET /fapi/v1/commissionRate':
        return { symbol: params.symbol, makerCommissionRate: '0.000200', takerCommissionRate: '0.000500' };
      case 'POST /fapi/v1/order':
        return orderAnswer(params);
      default:
        return undefined;
    }
  }
}
/** The acknowledgement of an order, as specified since 2026-07-15: without avgPrice and cumQuote. */
export function orderAnswer(params: Record<string, string>, changes: Record<string, unknown> = {}): unknown {
  return {
    orderId: 4711,
    symbol: params.symbol,
    status: 'NEW',
    clientOrderId: params.newClientOrderId ?? params.origClientOrderId,
    price: params.price ?? '0.00',
    origQty: params.quantity,
    executedQty: '0.000',
    cumQty: '0.000',
    timeInForce: params.timeInForce ?? 'GTC',
    type: params.type ?? 'LIMIT',
    reduceOnly: params.reduceOnly === 'true',
    closePosition: false,
    side: params.side,
    positionSide: 'BOTH',
    stopPrice: '0.00',
    updateTime: 1_795_000_000_000,
    ...changes,
  };
}

/** The longest that an order may wait to be sent: where a deadline is not what is tested, a slow machine meets none. */
export const SEND_WITHIN_MS = 60_000;

export async function connectVenue(
  url: string,
  keys = { apiKey: API_KEY, secret: SECRET },
  time: TimePort = SYSTEM_TIME,
): Promise<VenuePort> {
  const clock = new DomainClock(SYSTEM_TIME);
  const access = { venue: 'paper', baseUrl: url, ...keys } as const;
  const venue = await createVenue({ access, clock, time, readWeightPerMinute: null });
  const startedMs = performance.now();
  clock.sync(await venue.fetchServerTime(), performance.now() - startedMs);
  return venue;
}
export function order(changes: Partial<OrderInstruction> = {}): Approved<OrderInstruction> {
  const plain: OrderInstruction = {
    clientOrderId: 'hf0000001',
    symbol: 'BTCUSDT',
    side: 'buy',
    orderType: 'limit',
    timeInForce: 'IOC',
    goodTillMs: null,
    quantityE8: readE8('0.002'),
    priceE8: readE8('60000.1'),
    reduceOnly: false,
    ...changes,
  };
  return plain as Approved<OrderInstruction>;
}
export function stop(changes: Partial<StopInstruction> = {}): Approved<StopInstruction> {
  const plain: StopInstruction = {
    clientOrderId: 'hf000000s',
    symbol: 'BTCUSDT',
    side: 'sell',
    triggerE8: readE8('54000'),
    ...changes,
  };
  return plain as Approved<StopInstruction>;
}
