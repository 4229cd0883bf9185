import assert from 'node:assert/strict';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { parse, stringify } from 'yaml';
import { ConfigError, readEnv } from '../../daemon/config/config.ts';
import type { PolicyCheckBody, ReloadBody } from '../../daemon/contract/types/policy.ts';
import { startExchangeSim } from '../../daemon/exchange-sim/start.ts';
import { createLogger } from '../../daemon/http/logging.ts';
import { startDaemon } from '../../daemon/main.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { createVenue } from '../../daemon/venue/create-venue.ts';
import { DomainClock } from '../../daemon/venue/wire/clock.ts';
import { DaemonWorld, until } from '../daemon/harness.ts';
import { UNPACED } from '../daemon/policy-edits.ts';
import { suiteWorld } from '../daemon/suite-world.ts';
import { tempFolder } from '../temp-folder.ts';
import { leavesTheBooksAlone, newOrders } from './attempts.ts';

type Tree = { [key: string]: unknown };

/** Sets (or, with undefined, removes) the value at a path of keys. */
function change(spec: Tree, path: readonly string[], value: unknown): string {
  const copy = structuredClone(spec);
  let node: Tree = copy;
  for (const key of path.slice(0, -1)) node = node[key] as Tree;
  const last = path.at(-1) ?? '';
  if (value === undefined) delete node[last];
  else node[last] = value;
  return stringify(copy);
}
/** `a.tiers[0].b` and `/a/tiers/0/b` as `a.tiers.0.b`. */
const plain = (path: string): string =>
  path
    .replaceAll(/[[\]/]/g, '.')
    .replaceAll(/\.+/g, '.')
    .replace(/^\.|\.$/g, '');
function* numbersOf(node: unknown, path: readonly string[] = []): Generator<readonly string[]> {
  if (typeof node === 'number') yield path;
  else if (node !== null && typeof node === 'object')
    for (const [key, value] of Object.entries(node)) yield* numbersOf(value, [...path, key]);
}

describe('ways around a gate: policy files', () => {
  const world = suiteWorld({ real: true, policy: UNPACED });
  let spec: Tree;
  before(async () => {
    spec = parse(readFileSync(world.policyPath, 'utf8')) as Tree;
  });

  const policyHash = async (): Promise<string> =>
    (await world.operator<{ hash: string }>('GET', '/v1/policy')).body.hash;
  /** What the exchange gets of an order of 900 USDT: the policy in force in lots. */
  async function measure(): Promise<number> {
    await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    await world.refresh();
    const earlier = await world.books();
    await world.place({ requested_notional: 900 });
    return newOrders(await world.books(), earlier).reduce((sum, each) => sum + Number(each.quantity), 0);
  }

  const half = (whole: string): string => whole.slice(0, whole.length / 2);
  const UNUSABLE: readonly (readonly [string, (whole: string) => string])[] = [
    ['half a file', half],
    ['an empty file', () => ''],
    ['an unknown key', (whole) => `${whole}\nmax_loss: 5\n`],
    ['a misspelt section', (whole) => whole.replace('budgets:', 'budget:')],
    ['a duplicated key', (whole) => `${whole}\nbudgets: { leverage: 100 }\n`],
    [
      'an anchor bomb',
      () => 'a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b]\n',
    ],
    ['a tag', (whole) => whole.replace('version: 1', 'version: !!js/function "1"')],
    ['binary rubbish', () => '\u0000\u0001\u0002'],
    ['two documents', (whole) => `${whole}\n---\n${whole}`],
  ];
  it('BY-26 can use no file that is half-written, misspelt or no plain document', async () => {
    for (const [name, text] of UNUSABLE) {
      const { status, body } = await world.operator<PolicyCheckBody>('POST', '/v1/policy/check', {
        text: text(stringify(spec)),
      });
      assert.ok(status === 400 || !body.ok, name);
    }
  });
  for (const [name, text] of UNUSABLE.slice(0, 1)) {
    it(`BY-26 keeps the old policy in force, loudly, over ${name}`, async () => {
      const whole = stringify(spec);
      const hash = await policyHash();
      writeFileSync(world.policyPath, text(whole));
      await until('the daemon says so', async () => (await world.ready()).body.policy_error !== null);
      assert.equal(await policyHash(), hash);
      assert.ok((await world.ready()).body.alerts > 0);
      assert.ok((await measure()) > 0.013);
      writeFileSync(world.policyPath, whole);
      await until('the good file is back', async () => (await world.ready()).body.policy_error === null);
    });
  }
  it('BY-26 survives a file that is deleted and written again', async () => {
    const hash = await policyHash();
    rmSync(world.policyPath);
    await until('the daemon says so', async () => (await world.ready()).body.policy_error !== null);
    assert.equal(await policyHash(), hash);
    writeFileSync(world.policyPath, stringify(spec));
    await until('the good file is back', async () => (await world.ready()).body.policy_error === null);
  });

  it('BY-27 refuses a policy in which any limit is left out', async () => {
    const paths = [...numbersOf(spec)].filter((path) => path[0] !== 'version' && !/^\d+$/.test(path.at(-1) ?? ''));
    assert.ok(paths.length > 60, `${paths.length} limits`);
    const check = async (text: string): Promise<readonly string[]> => {
      const { body } = await world.operator<PolicyCheckBody>('POST', '/v1/policy/check', { text });
      return body.ok ? [] : body.violations.map((violation) => plain(violation.path));
    };
    let without = spec;
    for (const path of paths) without = parse(change(without, path, undefined)) as Tree;
    const missing = await check(stringify(without));
    const wrong: string[] = [];
    // What is not missed among all the others is left out alone: it may be one of two ways to say something.
    for (const path of paths.filter((each) => !missing.includes(each.join('.'))))
      if ((await check(change(spec, path, undefined))).length === 0) wrong.push(path.join('.'));
    assert.deepEqual(wrong, []);
  });
  for (const value of [null, '1e9', 'unlimited', -1, Number.POSITIVE_INFINITY, Number.NaN, true, [], {}]) {
    it(`BY-27 takes ${typeof value === 'number' ? value : JSON.stringify(value)} for no limit, anywhere`, async () => {
      const paths = [...numbersOf(spec)];
      let text = spec;
      for (const path of paths) text = parse(change(text, path, value)) as Tree;
      const { body } = await world.operator<PolicyCheckBody>('POST', '/v1/policy/check', { text: stringify(text) });
      assert.equal(body.ok, false);
      // YAML's .inf and .nan are no numbers of a policy at all: refused before any key is looked at.
      if (typeof value === 'number' && !Number.isFinite(value)) return;
      const named = body.ok ? [] : body.violations.map((violation) => violation.path);
      const unnamed = paths
        .map((path) => path.join('.'))
        .filter((path) => !named.some((each) => `${plain(each)}.`.startsWith(`${path}.`)));
      assert.deepEqual(unnamed, []);
    });
  }
  for (const path of [
    ['budgets', 'leverage'],
    ['budgets', 'order_notional_usdt'],
    ['budgets', 'symbol_notional_usdt'],
    ['budgets', 'gross_notional_usdt'],
    ['budgets', 'slippage_bps'],
    ['budgets', 'order_rate', 'max'],
    ['budgets', 'order_rate', 'window_ms'],
    ['budgets', 'concurrent_positions'],
    ['market', 'freshness', 'mark_ms'],
    ['market', 'freshness', 'account_ms'],
    ['market', 'collar_bps'],
    ['market', 'bar_ms'],
    ['temporal', 'breaker', 'repeats'],
  ]) {
    it(`BY-27 never reads 0 or a huge number as "no limit" in ${path.join('.')}`, async () => {
      for (const value of [0, 1e15, 1e308]) {
        const { body } = await world.operator<PolicyCheckBody>('POST', '/v1/policy/check', {
          text: change(spec, path, value),
        });
        // Where 0 is legal it is the tightest value: then the candidate is not looser.
        if (body.ok) assert.deepEqual([value, body.looser], [0, []], `${path.join('.')} = ${value}`);
      }
    });
  }

  it('BY-33 puts a tighter file in force at once and makes a looser one wait for an operator, also over a restart [TM-51 PK-38]', async () => {
    const before = await policyHash();
    const looser = change(spec, ['budgets', 'order_notional_usdt'], 100_000);
    writeFileSync(world.policyPath, looser);
    await until('it is pending', async () => (await world.ready()).body.pending_policy !== null);
    assert.equal(await policyHash(), before);
    const pending = (await world.ready()).body.pending_policy?.hash;
    for (const role of ['agent', 'monitor'] as const)
      assert.equal((await world.call('POST', '/v1/policy/reload', { hash: pending }, world.token(role))).status, 403);
    await world.operator('POST', '/v1/policy/reload', { hash: 'f'.repeat(64) });
    await world.operator<ReloadBody>('POST', '/v1/policy/reload', {});
    assert.equal(await policyHash(), before);
    await world.restart();
    assert.equal(await policyHash(), before, 'a restart let the looser file in');
    await until('it is pending again', async () => (await world.ready()).body.pending_policy !== null);
    assert.ok((await measure()) * 60_000 < 1_001);
    writeFileSync(world.policyPath, change(spec, ['budgets', 'order_notional_usdt'], 400));
    await until('the tighter one is in force', async () => (await policyHash()) !== before);
    assert.ok((await measure()) * 59_000 <= 400);
    writeFileSync(world.policyPath, stringify(spec));
    await until('the way back waits', async () => (await world.ready()).body.pending_policy !== null);
    assert.ok((await measure()) * 59_000 <= 400);
    const back = (await world.ready()).body.pending_policy?.hash;
    const { body } = await world.operator<ReloadBody>('POST', '/v1/policy/reload', { hash: back });
    assert.equal(body.status, 'in_force');
    const inForce = [...world.daemon.ledger.iterateEvents({ kind: 'policy' })].at(-1)?.payload;
    const { action, hash, name } = inForce as { readonly [key: string]: unknown };
    assert.deepEqual({ action, hash, name }, { action: 'in_force', hash: back, name: spec.name });
  });
  it('BY-33 keeps token files private, and refuses to trade live beside one or in a folder that others write [TM-75]', async (t) => {
    const folder = join(world.home, 'tokens');
    for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
    assert.equal(statSync(folder).mode & 0o077, 0);
    assert.equal(statSync(join(world.home, 'paper', 'ledger.db')).mode & 0o077, 0);
    const live = tempFolder(t, 'live');
    const policy = join(live, 'policy.yaml');
    writeFileSync(policy, change(spec, ['scope', 'venues'], ['binance-live']));
    const start = () => {
      const { config, secrets } = readEnv({
        HOLDFAST_HOME: live,
        HOLDFAST_HEAD_FILE: join(live, 'head'),
        HOLDFAST_PORT: '0',
        HOLDFAST_VENUE: 'binance-live',
        HOLDFAST_POLICY: policy,
        HOLDFAST_LIVE_ARMED: '1',
        BINANCE_LIVE_API_KEY: 'k'.repeat(64),
        BINANCE_LIVE_API_SECRET: 's'.repeat(64),
      });
      const log = createLogger({ level: 'silent', secrets: [] });
      return startDaemon(config, secrets, { log, signal: AbortSignal.timeout(1_000) });
    };
    mkdirSync(join(live, 'tokens'), { mode: 0o700 });
    writeFileSync(join(live, 'tokens', 'operator.token'), 'hf_x', { mode: 0o600 });
    await assert.rejects(start, /token/);
    rmSync(join(live, 'tokens'), { recursive: true });
    chmodSync(policy, 0o666);
    await assert.rejects(start, /others can write .*; run: chmod go-w \//);
    chmodSync(policy, 0o600);
    chmodSync(live, 0o777);
    await assert.rejects(start, /others can write .*; run: chmod go-w \//);
  });
});

describe('ways around a gate: venues', () => {
  const LIVE = {
    HOLDFAST_VENUE: 'binance-live',
    BINANCE_LIVE_API_KEY: 'k'.repeat(64),
    BINANCE_LIVE_API_SECRET: 's'.repeat(64),
  };
  const DEMO = {
    HOLDFAST_VENUE: 'binance-demo',
    BINANCE_DEMO_API_KEY: 'k'.repeat(64),
    BINANCE_DEMO_API_SECRET: 's'.repeat(64),
  };
  for (const [name, env] of [
    [
      'a live key on the demo venue',
      { ...DEMO, BINANCE_DEMO_API_KEY: undefined, BINANCE_LIVE_API_KEY: LIVE.BINANCE_LIVE_API_KEY },
    ],
    ['live keys beside the demo venue', { ...DEMO, ...LIVE, HOLDFAST_VENUE: 'binance-demo' }],
    ['demo keys beside the live venue', { ...DEMO, ...LIVE }],
    ['live keys on paper', { ...LIVE, HOLDFAST_VENUE: 'paper' }],
    ['the paper URL on live', { ...LIVE, HOLDFAST_PAPER_URL: 'http://127.0.0.1:1' }],
    ['a paper URL that is live', { HOLDFAST_PAPER_URL: 'https://fapi.binance.com' }],
    ['a paper URL on another machine', { HOLDFAST_PAPER_URL: 'http://10.0.0.1:8080' }],
    ['a paper URL that only looks like loopback', { HOLDFAST_PAPER_URL: 'http://127.0.0.1.evil.example' }],
    ['a paper URL with another host behind @', { HOLDFAST_PAPER_URL: 'http://127.0.0.1@evil.example' }],
    ['a paper URL with a path', { HOLDFAST_PAPER_URL: 'http://127.0.0.1:1/fapi' }],
    ['a testnet flag of another program', { ...LIVE, HOLDFAST_TESTNET: '1' }],
    ['a URL override of one host', { ...DEMO, HOLDFAST_FAPI_URL: 'https://fapi.binance.com' }],
    ['a venue in another spelling', { ...LIVE, HOLDFAST_VENUE: 'Binance-Live' }],
    ['no keys on live', { HOLDFAST_VENUE: 'binance-live' }],
  ] as const) {
    it(`BY-28 refuses to start with ${name}`, () => {
      assert.throws(() => readEnv({ HOLDFAST_HOME: '/tmp/holdfast-none', ...env }), ConfigError);
    });
  }
  it('BY-28 keeps every host of a paper venue on loopback, and refuses a base URL that is not', async () => {
    const clock = new DomainClock(SYSTEM_TIME);
    for (const baseUrl of [
      'https://fapi.binance.com',
      'http://example.com:80',
      'http://127.0.0.1.nip.io:1',
      'ftp://127.0.0.1:1',
    ])
      await assert.rejects(async () => {
        const venue = await createVenue({
          access: { venue: 'paper', baseUrl, apiKey: 'k', secret: 's' },
          clock,
          time: SYSTEM_TIME,
        });
        await venue.close();
      }, baseUrl);
  });
  it('BY-28 refuses a policy that does not name the venue of the daemon', async () => {
    await assert.rejects(DaemonWorld.start({ policy: { 'scope.venues': ['binance-live'] } }), /venue/);
  });

  it('BY-40 refuses a second daemon on the same home, and a ledger that belongs to another venue', async (t) => {
    const world = await DaemonWorld.of(t, { real: true });
    const other = tempFolder(t, 'other');
    const start = (home: string, url: string) => {
      const { config, secrets } = readEnv({
        HOLDFAST_HOME: home,
        HOLDFAST_HEAD_FILE: join(home, 'head'),
        HOLDFAST_PORT: '0',
        HOLDFAST_POLICY: world.policyPath,
        HOLDFAST_PAPER_URL: url,
        // As on another machine, for which no lock is held.
        HOLDFAST_LOCK_FOLDER: join(home, 'locks'),
      });
      const log = createLogger({ level: 'silent', secrets: [] });
      return startDaemon(config, secrets, { log, signal: AbortSignal.timeout(20_000) });
    };
    await leavesTheBooksAlone(world, 'a second daemon', () => assert.rejects(start(world.home, world.sim.url)));
    // The first one goes on.
    assert.equal((await world.place()).body.decision.decision, 'ALLOW');
    await world.place({ symbol: 'ETHUSDT', order_type: 'limit', limit_price: 2_900, requested_notional: 200 });
    // Another home, the same account: its orders carry the genesis of the first.
    await leavesTheBooksAlone(world, 'a second daemon with a home of its own', async () => {
      const second = start(other, world.sim.url);
      const outcome = await second.then(
        async (daemon) => {
          await new Promise((resolve) => setTimeout(resolve, 300));
          const { ready, waiting_for: waiting } = daemon.gate.readiness();
          await daemon.close();
          return `it started: ready ${ready}, waiting for ${waiting.join(', ')}`;
        },
        () => 'refused',
      );
      assert.equal(outcome, 'refused');
    });
  });
  it('BY-40 refuses a ledger of one venue under another one', async (t) => {
    const world = await DaemonWorld.of(t, { real: true });
    const other = tempFolder(t, 'moved');
    await world.place();
    await world.daemon.close();
    mkdirSync(join(other, 'binance-demo'), { mode: 0o700 });
    copyFileSync(join(world.home, 'paper', 'ledger.db'), join(other, 'binance-demo', 'ledger.db'));
    const { config, secrets } = readEnv({
      HOLDFAST_HOME: other,
      HOLDFAST_HEAD_FILE: join(other, 'head'),
      HOLDFAST_PORT: '0',
      HOLDFAST_POLICY: world.policyPath,
      ...DEMO,
    });
    const log = createLogger({ level: 'silent', secrets: [] });
    await assert.rejects(startDaemon(config, secrets, { log, signal: AbortSignal.timeout(5_000) }), /paper/);
    assert.ok(!existsSync(join(other, 'tokens', 'operator.token')), 'a plaintext operator token on demo');
  });
  it('BY-40 refuses an exchange state of another market', async (t) => {
    const folder = tempFolder(t, 'sim');
    const storagePath = join(folder, 'exchange.db');
    await (await startExchangeSim({ seed: 7, storagePath })).close();
    await assert.rejects(startExchangeSim({ seed: 8, storagePath }), /belongs to market/);
  });
});
