import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { request } from 'undici';
import { readEnv } from '../../daemon/config/config.ts';
import { createLogger } from '../../daemon/http/logging.ts';
import { type Daemon, startDaemon } from '../../daemon/main.ts';
import { holdfast } from '../cli/run.ts';
import { findFreePort } from '../free-port.ts';
import { tempFolder } from '../temp-folder.ts';

async function start(t: TestContext, more: Readonly<Record<string, string>> = {}) {
  const home = join(tempFolder(t, 'target'), 'home');
  const env = { HOLDFAST_HOME: home, HOLDFAST_PORT: '0', HOLDFAST_LOG_LEVEL: 'silent', ...more };
  const { config, secrets } = readEnv(env);
  const log = createLogger({ level: 'silent', secrets: [] });
  const daemon = await startDaemon(config, secrets, { log, signal: new AbortController().signal });
  t.after(() => daemon.close());
  return { home, daemon, port: new URL(daemon.url).port };
}
const targetOf = (home: string, { url }: Daemon) => ({ venue: 'paper', account: 'main', home, address: url });

/** Holds a port of both loopback addresses and counts who comes. */
async function squat(t: TestContext, port: number): Promise<{ readonly count: () => number }> {
  let count = 0;
  const servers: Server[] = [];
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer((socket) => {
      count += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen({ host, port, ipv6Only: true }, resolve));
    servers.push(server);
  }
  t.after(() => {
    for (const server of servers) server.close();
  });
  return { count: () => count };
}

test("without a daemon operators' verbs connect to nobody, whoever holds the port", async (t) => {
  const port = await findFreePort();
  const { count } = await squat(t, port);
  const home = tempFolder(t, 'target');
  const env = { HOLDFAST_HOME: home, HOLDFAST_PORT: String(port), HOLDFAST_TOKEN: 'hf_operator' };
  for (const verb of [
    'status',
    'halt',
    'reduce',
    'resume',
    'flatten --reason out',
    'watch --once',
    'decisions',
    'signals',
  ]) {
    const { code, err } = await holdfast(verb.split(' '), env);
    assert.deepEqual([code, /No daemon runs on /.test(err)], [4, true], `${verb}: ${err}`);
  }
  assert.equal(count(), 0);
  assert.equal((await holdfast('halt --tcp', env)).code, 4);
  assert.equal(count(), 1, 'over TCP where that is said');
});

test('every act of an operator says at which daemon, in its answer and beside it', async (t) => {
  const { daemon, home } = await start(t);
  const target = targetOf(home, daemon);
  const { code, err, out } = await holdfast('halt --reason x --json', { HOLDFAST_HOME: home });
  assert.equal(code, 0, err);
  assert.deepEqual(JSON.parse(out).target, target);
  assert.equal(err, `holdfast: at paper, account main, ${home}, ${daemon.url}\n`);
  const looked = await holdfast('status --json', { HOLDFAST_HOME: home });
  assert.equal(looked.err, '', 'nothing was done');
});

test('an act at another daemon than the settings say is refused before anything is sent', async (t) => {
  const [one, other] = [await start(t), await start(t)];
  const token = join(one.home, 'tokens', 'operator.token');
  const cases: readonly (readonly [string, Readonly<Record<string, string>>, RegExp])[] = [
    [
      'halt',
      { HOLDFAST_HOME: one.home, HOLDFAST_PORT: other.port },
      /^holdfast: HOLDFAST_PORT says \d+, but the daemon/,
    ],
    [
      'halt',
      { HOLDFAST_HOME: one.home, HOLDFAST_HOST: '127.0.0.2' },
      /^holdfast: HOLDFAST_HOST says 127\.0\.0\.2, but/,
    ],
    [
      `halt --url ${one.daemon.url} --token-file ${token}`,
      { HOLDFAST_HOME: other.home },
      /^holdfast: HOLDFAST_HOME says .*, but the daemon/,
    ],
    [
      `halt --tcp --token-file ${token}`,
      { HOLDFAST_PORT: one.port, HOLDFAST_VENUE: 'binance-demo' },
      /^holdfast: HOLDFAST_VENUE says binance-demo, but the daemon/,
    ],
    [
      `order BTCUSDT buy 200 --url ${one.daemon.url}`,
      { HOLDFAST_HOME: one.home, HOLDFAST_VENUE: 'binance-live' },
      /^holdfast: HOLDFAST_VENUE says binance-live, but the daemon/,
    ],
    [`halt --tcp --url ${one.daemon.url}`, { HOLDFAST_HOME: one.home }, /Give one of --url, --socket and --tcp/],
  ];
  for (const [line, env, what] of cases) {
    const { code, err } = await holdfast(line.split(' '), env);
    assert.equal(code, 2, `${line}: ${err}`);
    assert.match(err, what, line);
  }
  for (const { home } of [one, other]) {
    const { out } = await holdfast('status --json', { HOLDFAST_HOME: home });
    assert.equal(JSON.parse(out).trading_state.state, 'active', 'neither was halted');
  }
});

test('without a venue the verbs find the one whose daemon runs, and guess none where two do', async (t) => {
  const { home } = await start(t);
  const status = () => holdfast('status', { HOLDFAST_HOME: home });
  assert.equal((await status()).code, 0);
  mkdirSync(join(home, 'binance-demo'));
  writeFileSync(join(home, 'binance-demo', 'daemon.pid'), `${process.pid}\n`);
  const both = await status();
  assert.equal(both.code, 2);
  assert.match(both.err, /Daemons of paper and binance-demo run on .*; say which with HOLDFAST_VENUE/);
  const paper = await holdfast('status', { HOLDFAST_HOME: home, HOLDFAST_VENUE: 'paper' });
  assert.equal(paper.code, 0, paper.err);
});

test('an act over HTTP says its target, and what only looks does not', async (t) => {
  const { daemon, home } = await start(t);
  const { out } = await holdfast('token list --json', { HOLDFAST_HOME: home });
  assert.ok(out.length > 0);
  const { readFileSync } = await import('node:fs');
  const authorization = `Bearer ${readFileSync(join(home, 'tokens', 'operator.token'), 'utf8').trim()}`;
  const call = async (method: 'GET' | 'PUT', body?: object) => {
    const answer = await request(`${daemon.url}/v1/trading-state`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await answer.body.json()) as { readonly target?: object };
  };
  assert.deepEqual((await call('PUT', { state: 'reducing', reason: 'x' })).target, targetOf(home, daemon));
  assert.equal((await call('GET')).target, undefined);
});
