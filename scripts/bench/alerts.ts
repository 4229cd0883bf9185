import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { readEnv } from '../../daemon/config/config.ts';
import { createLogger } from '../../daemon/http/logging.ts';
import { type Daemon, startDaemon } from '../../daemon/main.ts';
import { load } from './load.ts';
import { ORDER_BODY } from './world.ts';

const ALERTS = 300;
const BURST = 100;
const EVERY_MS = 20;
const WITHIN_MS = 60_000;
const LOAD_CONNECTIONS = 4;

interface Delays {
  readonly alerts: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}
export interface AlertFigures {
  /** One alert every 20 ms, each of another symbol. */
  readonly alone: Delays;
  /** The same while agents ask for decisions without a pause. */
  readonly under_load: Delays;
  /** All in one turn; a channel takes one message at a time. */
  readonly burst: Delays;
}

/** From the record of an alert to the last byte of its webhook at the receiver: a daemon with files, over a socket. */
export async function measureAlerts(folder: string, policyPath: string): Promise<AlertFigures> {
  const arrivedMs = new Map<string, number>();
  const receiver = await startReceiver(arrivedMs);
  const { port } = receiver.address() as AddressInfo;
  const secret = { env: 'HOLDFAST_ALERTS_SECRET_BENCH' };
  const routes = {
    channels: { bench: { webhook: { url: `http://127.0.0.1:${port}/`, secret } } },
    routes: [{ channels: ['bench'], severity: 'info', codes: ['ORDER_LOST'] }],
  };
  writeFileSync(join(dirname(policyPath), 'alerts.yaml'), JSON.stringify(routes));
  const home = join(folder, 'home');
  const { config, secrets } = readEnv({
    HOLDFAST_HOME: home,
    HOLDFAST_HEAD_FILE: join(folder, 'head'),
    HOLDFAST_PORT: '0',
    HOLDFAST_POLICY: policyPath,
    HOLDFAST_LOG_LEVEL: 'silent',
    HOLDFAST_ALERTS_SECRET_BENCH: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
  });
  const log = createLogger({ level: 'silent', secrets: [] });
  const daemon = await startDaemon(config, secrets, { log, signal: new AbortController().signal });
  try {
    await until(() => daemon.gate.getAlertChannels().hash !== null);
    const token = daemon.ledger.tokens.createToken({ role: 'agent', name: 'bench', agent: 'bench' }).secret;
    const measure = (name: string, count: number, everyMs: number) =>
      measureDelays(daemon, arrivedMs, { name, count, everyMs });
    await measure('WARM', 20, EVERY_MS);
    const alone = await measure('ALONE', ALERTS, EVERY_MS);
    const body = JSON.stringify({ tool: 'place_order', args: ORDER_BODY });
    const target = { url: `${daemon.url}/v1/intercept`, token, body };
    const seconds = Math.ceil((ALERTS * EVERY_MS) / 1_000) + 1;
    const loading = load(target, LOAD_CONNECTIONS, seconds);
    const under_load = await measure('LOADED', ALERTS, EVERY_MS);
    await loading;
    const burst = await measure('BURST', BURST, 0);
    return { alone, under_load, burst };
  } finally {
    await daemon.close();
    receiver.closeAllConnections();
    receiver.close();
  }
}

async function startReceiver(arrivedMs: Map<string, number>): Promise<Server> {
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      const now = performance.now();
      const { data } = JSON.parse(text) as { data: { alerts: { symbol: string }[] } };
      for (const { symbol } of data.alerts) arrivedMs.set(symbol, now);
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function measureDelays(
  daemon: Daemon,
  arrivedMs: ReadonlyMap<string, number>,
  { count, everyMs, name }: { readonly name: string; readonly count: number; readonly everyMs: number },
): Promise<Delays> {
  const recordedMs = new Map<string, number>();
  for (let i = 0; i < count; i += 1) {
    const symbol = `${name}${i}`;
    recordedMs.set(symbol, performance.now());
    daemon.gate.core.alert('ORDER_LOST', 'bench', symbol);
    if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  await until(() => [...recordedMs.keys()].every((symbol) => arrivedMs.has(symbol)));
  const delays = [...recordedMs]
    .map(([symbol, at]) => (arrivedMs.get(symbol) ?? Number.NaN) - at)
    .sort((a, b) => a - b);
  const at = (share: number): number =>
    Math.round((delays[Math.ceil(share * delays.length) - 1] ?? Number.NaN) * 10) / 10;
  return { alerts: count, p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1) };
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + WITHIN_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the alerts did not arrive');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
