import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import pino from 'pino';
import { readEnv } from '../../daemon/config/config.ts';
import type { FlattenBody, ReadinessBody, TradingStateBody } from '../../daemon/contract/types/operator.ts';
import { type ExchangeSim, startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { type Daemon, type Entrance, startDaemon } from '../../daemon/main.ts';
import { findFreePort } from '../free-port.ts';
import { START_MS, until } from './harness.ts';

interface ErrorAnswer {
  readonly error: { readonly code: string; readonly message: string };
}

/** A daemon whose paper exchange is not there yet; `entrance` is where it listens meanwhile. */
async function startBeforeVenue(home: string, url: string, lines: string[] = []) {
  const reasons: string[] = [];
  const stop = new AbortController();
  const { config, secrets } = readEnv({
    HOLDFAST_HOME: home,
    HOLDFAST_HEAD_FILE: join(home, 'head'),
    HOLDFAST_PORT: '0',
    HOLDFAST_PAPER_URL: url,
  });
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  let entrance: Entrance | null = null;
  const started = startDaemon(config, secrets, {
    log: pino(sink),
    signal: stop.signal,
    onListening: (where) => {
      entrance = where;
    },
    onVenueSilent: (reason) => reasons.push(reason),
  });
  started.catch(() => undefined);
  await until('it listens before the venue answers', () => entrance !== null, 40_000).catch((error: unknown) => {
    stop.abort();
    throw error;
  });
  const call = async <T>(method: string, path: string, body?: object): Promise<{ status: number; body: T }> => {
    const token = readFileSync(join(home, 'tokens', 'operator.token'), 'utf8').trim();
    const response = await fetch(`${(entrance as Entrance | null)?.url}${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as T };
  };
  return { call, lines, reasons, started, stop };
}

describe('a start while the venue is silent', () => {
  let home: string;
  let port: number;
  let sim: ExchangeSim | null = null;
  let daemon: Daemon | null = null;
  let world: Awaited<ReturnType<typeof startBeforeVenue>>;
  before(async () => {
    home = mkdtempSync(join(tmpdir(), 'holdfast-silent-'));
    port = await findFreePort();
    world = await startBeforeVenue(home, `http://127.0.0.1:${port}`);
  });
  after(async () => {
    world.stop.abort();
    await daemon?.close();
    await sim?.close();
    rmSync(home, { recursive: true, force: true });
  });

  it('warns at once and then rarely, with the reason', async () => {
    await until('the silence was said', () => world.reasons.length > 0, 20_000);
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    const warnings = world.lines.filter((line) => line.includes('the venue does not answer yet'));
    assert.equal(warnings.length, 1, warnings.join(''));
    assert.match(warnings[0] ?? '', /"problem":".+"/, 'the warning says why');
    assert.equal(world.reasons.length, 1, 'the command line is told once');
    assert.notEqual(world.reasons[0], '', 'with a reason');
  });

  it('answers NOT_READY, never 500, to what needs the time', async () => {
    const limits = await world.call<ErrorAnswer>('GET', '/v1/limits');
    assert.equal(limits.status, 503, JSON.stringify(limits.body));
    assert.equal(limits.body.error.code, 'NOT_READY', 'the code of the contract');
    assert.match(limits.body.error.message, /venue has not answered yet/, 'the message says why');
    for (const path of ['/v1/account', '/v1/positions', '/v1/orders', '/v1/market', '/v1/decisions', '/v1/policy'])
      assert.notEqual((await world.call('GET', path)).status, 500, path);
    const got = await world.call<TradingStateBody>('GET', '/v1/trading-state');
    assert.equal(got.body.state, 'reducing', 'nothing can be opened yet');
  });

  it('takes reduce, halt and flatten at once [AN-167]', async () => {
    const reduced = await world.call<TradingStateBody>('PUT', '/v1/trading-state', { state: 'reducing', reason: 'r' });
    assert.equal(reduced.status, 200, JSON.stringify(reduced.body));
    assert.equal(reduced.body.state, 'reducing', 'reducing is in force');
    const halted = await world.call<TradingStateBody>('PUT', '/v1/trading-state', { state: 'halted', reason: 'h' });
    assert.equal(halted.status, 200, JSON.stringify(halted.body));
    assert.equal(halted.body.state, 'halted', 'halted is in force');
    assert.match(halted.body.layers[0]?.clears_when ?? '', /before the venue's time was known/, 'the record says so');
    assert.equal((await world.call<ReadinessBody>('GET', '/readyz')).body.trading_state, 'halted', 'readiness says so');
    const flat = await world.call<FlattenBody>('POST', '/v1/flatten', { reason: 'f' });
    assert.equal(flat.status, 200, JSON.stringify(flat.body));
    assert.equal(flat.body.canceled, false, 'nothing is claimed that was not done');
    assert.match(flat.body.note, /halted; the venue has not answered yet/, 'the note says what is left to do');
    const resumed = await world.call<ErrorAnswer>('PUT', '/v1/trading-state', { state: 'active', reason: 'x' });
    assert.equal(resumed.status, 503, 'loosening waits for the time');
  });

  it('keeps the halt over a restart and over the first contact, and can be resumed then', async () => {
    world.stop.abort();
    await world.started.catch(() => undefined);
    world = await startBeforeVenue(home, `http://127.0.0.1:${port}`, world.lines);
    const kept = await world.call<TradingStateBody>('GET', '/v1/trading-state');
    assert.equal(kept.body.state, 'halted', 'the halt was on disk');
    sim = await startExchangeSim({ port, seed: 7, enforceLimits: false, clock: 'manual', startMs: START_MS });
    daemon = await world.started;
    await until('it is reconciled', () => daemon?.gate.keeper.isReconciled === true, 20_000);
    const now = await world.call<TradingStateBody>('GET', '/v1/trading-state');
    assert.equal(now.body.state, 'halted', 'the halt stands after the first contact');
    assert.ok(
      world.lines.some((line) => line.includes('the venue answers')),
      'the end of the silence is said',
    );
    const resumed = await world.call<TradingStateBody>('PUT', '/v1/trading-state', { state: 'active', reason: 'x' });
    assert.equal(resumed.body.state, 'active', JSON.stringify(resumed.body));
    await daemon.close();
    for (const said of ['halted by the operator layer', 'the operator layer is cleared', 'the daemon stops: 0 orders'])
      assert.ok(
        world.lines.some((line) => line.includes(said)),
        `the log says: ${said}`,
      );
  });
});
