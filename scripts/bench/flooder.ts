import { connect, type Socket } from 'node:net';
import { Pool } from 'undici';
import { ORDER_BODY } from './world.ts';

export interface FloodPlan {
  readonly url: string;
  readonly token: string;
  readonly sockets: number;
  readonly parallel: number;
  readonly seconds: number;
}
export interface FloodFigures {
  /** Answers by status; `cut`: connections that the daemon closed or refused. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly cut: number;
  readonly calls_per_second: number;
}

/** Runs as a separate process, so that its work does not stand in the way of whoever measures. */
export async function flood(plan: FloodPlan, onReady: () => void): Promise<FloodFigures> {
  const idle = holdIdle(plan);
  const pool = new Pool(plan.url, { connections: plan.parallel, pipelining: 1 });
  const statuses: Record<string, number> = {};
  let [cut, calls, number] = [0, 0, 0];
  const untilMs = performance.now() + plan.seconds * 1_000;
  const client = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      calls += 1;
      try {
        const answer = await pool.request({ method: 'POST', ...drawCall(number++, plan.token) });
        await answer.body.dump();
        statuses[answer.statusCode] = (statuses[answer.statusCode] ?? 0) + 1;
      } catch {
        cut += 1;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  onReady();
  await Promise.all(Array.from({ length: plan.parallel }, client));
  await pool.destroy();
  idle();
  return { statuses, cut, calls_per_second: Math.round(calls / plan.seconds) };
}

/** Orders, dry runs, cancels of what is not there, reads and what is malformed, in turn. */
function drawCall(number: number, token: string): { path: string; headers: Record<string, string>; body: string } {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const order = JSON.stringify(ORDER_BODY);
  const calls: readonly (readonly [path: string, body: string])[] = [
    ['/v1/tools/place_order', order],
    ['/v1/intercept', JSON.stringify({ tool: 'place_order', args: ORDER_BODY })],
    ['/v1/dry-run/place_order', order],
    ['/v1/tools/cancel_order', JSON.stringify({ client_order_id: `nobody-${number}` })],
    ['/v1/tools/place_order', '{"symbol":1}'],
  ];
  const [path, body] = calls[number % calls.length]!;
  return { path, headers, body };
}

/** Connections that say nothing; those that are closed come again. Returns what ends them. */
function holdIdle({ sockets, url }: FloodPlan): () => void {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  let isOver = false;
  const begin = (): void => {
    if (isOver) return;
    const socket = connect(Number(port), hostname);
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      open.delete(socket);
      setTimeout(begin, 200).unref();
    });
  };
  for (let index = 0; index < sockets; index += 1) begin();
  return () => {
    isOver = true;
    for (const socket of open) socket.destroy();
  };
}
