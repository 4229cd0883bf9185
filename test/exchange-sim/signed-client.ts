import { sign } from '../../daemon/exchange-sim/rest/auth.ts';
import { type ExchangeSim, type ExchangeSimOptions, startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { until } from '../until.ts';

export type Body = Record<string, unknown>;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // The shapes under test are the exchange's own; each test reads the fields it checks.
  readonly body: Body;
}

/** A plain signed client of the exchange and of its control face. */
export interface Client {
  readonly sim: ExchangeSim;
  get(path: string, params?: Record<string, string>): Promise<Answer>;
  send(method: string, path: string, params?: Record<string, string>, signal?: AbortSignal): Promise<Answer>;
  control(path: string, body?: Body): Promise<Body>;
  books(): Promise<Body>;
}

/** 2025-03-03 00:00 UTC, a Monday: manual clocks start here. */
export const START_MS = 1_740_960_000_000;

async function read(response: Response): Promise<Answer> {
  return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
}

/** `fetch`: of an exchange that has no socket. */
export function createClient(sim: ExchangeSim & { readonly fetch?: typeof fetch }): Client {
  const ask = sim.fetch ?? fetch;
  const now = () => sim.engine.state.nowMs;
  const signed = (params: Record<string, string>) => {
    const text = new URLSearchParams({ recvWindow: '5000', ...params, timestamp: String(now()) }).toString();
    return `${text}&signature=${sign(text, 'paper-secret')}`;
  };
  const headers = { 'X-MBX-APIKEY': 'paper', 'Content-Type': 'application/x-www-form-urlencoded' };
  const send = async (method: string, path: string, params: Record<string, string> = {}, signal?: AbortSignal) => {
    const text = signed(params);
    const inBody = method === 'POST' || method === 'PUT';
    const url = `${sim.url}${path}${inBody ? '' : `?${text}`}`;
    const init = { method, headers, ...(inBody ? { body: text } : {}), ...(signal === undefined ? {} : { signal }) };
    return read(await ask(url, init));
  };
  const control = async (path: string, body?: Body) => {
    const init = { method: body === undefined ? 'GET' : 'POST', headers: { Authorization: `Bearer ${sim.simToken}` } };
    const answer = await read(
      await ask(`${sim.url}/sim/${path}`, body === undefined ? init : { ...init, body: JSON.stringify(body) }),
    );
    if (answer.status !== 200) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  return { sim, get: (path, params) => send('GET', path, params), send, control, books: () => control('books') };
}

/** An exchange with a manual clock that starts at START_MS unless told otherwise. */
export async function startManual(options: ExchangeSimOptions = {}): Promise<Client> {
  return createClient(await startExchangeSim({ seed: 7, clock: 'manual', startMs: START_MS, ...options }));
}

/** Resolves when as many requests as told have met a fault that waits. */
export async function arrived(client: Client, count = 1): Promise<void> {
  await until(`${count} requests met a fault`, async () => {
    const { faults } = (await client.control('faults')) as { faults: { hits: number }[] };
    return faults.reduce((sum, { hits }) => sum + hits, 0) >= count;
  });
}

/** Parameters of a market order of BTCUSDT. */
export function marketOrder(side: 'BUY' | 'SELL', quantity: string, extra: Record<string, string> = {}) {
  return { symbol: 'BTCUSDT', side, type: 'MARKET', quantity, newOrderRespType: 'RESULT', ...extra };
}

/** Parameters of a limit order of BTCUSDT. */
export function limitOrder(
  side: 'BUY' | 'SELL',
  quantity: string,
  price: string,
  extra: Record<string, string> = {},
): Record<string, string> {
  const base = { symbol: 'BTCUSDT', side, type: 'LIMIT', quantity, price, timeInForce: 'GTC' };
  return { ...base, newOrderRespType: 'RESULT', ...extra };
}
