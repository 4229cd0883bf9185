import autocannon from 'autocannon';
import { Client } from 'undici';

export interface LoadFigures {
  readonly rps: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Closed-loop load on one route; every answer must be 200, or the figures mean nothing. */
export async function load(
  target: { readonly url: string; readonly token: string | null; readonly body: string },
  connections: number,
  seconds: number,
): Promise<LoadFigures> {
  const latencies: number[] = [];
  const headers = {
    'content-type': 'application/json',
    ...(target.token === null ? {} : { authorization: `Bearer ${target.token}` }),
  };
  const result = await new Promise<autocannon.Result>((resolve, reject) => {
    const options = {
      url: target.url,
      connections,
      duration: seconds,
      method: 'POST' as const,
      headers,
      body: target.body,
    };
    const run = autocannon(options, (error: unknown, done) => {
      if (error) reject(error instanceof Error ? error : new Error(String(error)));
      else resolve(done);
    });
    run.on('response', (_client, status, _bytes, responseTimeMs) => {
      if (status === 200) latencies.push(responseTimeMs);
    });
  });
  if (result.non2xx > 0 || result.errors > 0 || latencies.length === 0) {
    throw new Error(`${target.url}: ${result.non2xx} answers were not 200, ${result.errors} errors`);
  }
  return { rps: latencies.length / result.duration, p50Ms: quantile(latencies, 0.5), p99Ms: quantile(latencies, 0.99) };
}

/** One connection, one request after the other with a pause between them, timed in microseconds. */
export async function timeRequests(
  url: string,
  token: string | null,
  body: string,
  count: number,
  pauseMs = 0,
): Promise<readonly number[]> {
  const target = new URL(url);
  const client = new Client(target.origin);
  const headers = {
    'content-type': 'application/json',
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  const micros: number[] = [];
  try {
    for (let i = 0; i < count; i += 1) {
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      const startedAt = performance.now();
      const answer = await client.request({ method: 'POST', path: target.pathname, headers, body });
      const text = await answer.body.text();
      micros.push((performance.now() - startedAt) * 1_000);
      if (answer.statusCode !== 200) throw new Error(`${url}: ${answer.statusCode} ${text.slice(0, 200)}`);
      if (text.includes('"decision":"BLOCK"'))
        throw new Error(`${url}: the order was blocked: ${text.slice(0, 3_000)}`);
      if (text.includes('"execution":') && !text.includes('"state":"filled"'))
        throw new Error(`${url}: the order did not fill: ${text.slice(-600)}`);
    }
  } finally {
    await client.close();
  }
  return micros;
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN;
}
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}
