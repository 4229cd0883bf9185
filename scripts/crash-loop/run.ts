import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { call, GIVE_UP_MS, kill, type Life, live } from './life.ts';

const LIFE_MS = 1_000;

export interface CrashLoopReport {
  readonly starts: number;
  /** From the start of the process until it is ready, wall ms, in the order of the starts. */
  readonly ready_ms: readonly number[];
  /** Answers 429 and 418 of the exchange. */
  readonly refused: number;
  /** Requests of all starts together. */
  readonly requests: number;
  /** From the request to close until the exchange shows no position, wall ms; it is asked a second after a start. */
  readonly exit_ms: number | null;
}

/** Passes requests on to the exchange, and counts the answers by status. */
async function startCounter(url: string): Promise<{ readonly server: Server; readonly statuses: Map<number, number> }> {
  const statuses = new Map<number, number>();
  const server = createServer((request, response) => {
    void pass(url, request).then(
      async (answer) => {
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        response.writeHead(answer.status, Object.fromEntries(answer.headers));
        response.end(await answer.text());
      },
      () => response.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, statuses };
}
async function pass(url: string, request: IncomingMessage): Promise<Response> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const { host: _host, connection: _connection, ...headers } = request.headers;
  const method = request.method ?? 'GET';
  return fetch(url + (request.url ?? ''), {
    method,
    headers: headers as Record<string, string>,
    ...(method === 'GET' || body === '' ? {} : { body }),
  });
}

/**
 * A supervisor that starts a daemon every second, kills it, and starts it again, for so many seconds, against an exchange
 * that enforces its limits; then a position is closed one second after the last start.
 */
export async function runCrashLoop(seconds: number): Promise<CrashLoopReport> {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-crash-loop-'));
  const sim = await startExchangeSim({ seed: 7 });
  const { server, statuses } = await startCounter(sim.url);
  const venueUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let life: Life | null = null;
  const readyMs: number[] = [];
  const next = async (): Promise<Life> => {
    life = await live(home, venueUrl);
    readyMs.push(life.readyMs);
    return life;
  };
  const lots = (): bigint => sim.engine.state.markets.get('BTCUSDT')?.position.quantity ?? 0n;
  try {
    const first = await next();
    const order = { symbol: 'BTCUSDT', intent: 'open', side: 'buy', requested_notional: 300, requested_leverage: 1 };
    const opened = { ...order, order_type: 'market', max_slippage_bps: 50, strategy_id: 'crash-loop' };
    const answer = await call(home, first.url, '/v1/tools/place_order', opened);
    if (lots() === 0n) throw new Error(`nothing was opened: ${JSON.stringify(answer)}`);
    let current = first;
    for (const untilMs = performance.now() + seconds * 1_000; performance.now() < untilMs; current = await next()) {
      await delay(Math.max(0, LIFE_MS - (performance.now() - current.bornAt)));
      await kill(current);
    }
    await delay(Math.max(0, LIFE_MS - (performance.now() - current.bornAt)));
    const askedAt = performance.now();
    void call(home, current.url, '/v1/tools/close_position', { symbol: 'BTCUSDT' }).catch(() => undefined);
    while (lots() !== 0n && performance.now() - askedAt < GIVE_UP_MS) await delay(2);
    const count = (status: number): number => statuses.get(status) ?? 0;
    return {
      starts: readyMs.length,
      ready_ms: readyMs,
      refused: count(429) + count(418),
      requests: [...statuses.values()].reduce((sum, each) => sum + each, 0),
      exit_ms: lots() === 0n ? Math.round(performance.now() - askedAt) : null,
    };
  } finally {
    const last = life as Life | null;
    if (last !== null && last.child.exitCode === null && last.child.signalCode === null) await kill(last);
    server.closeAllConnections();
    server.close();
    await sim.close();
    rmSync(home, { recursive: true, force: true });
  }
}
