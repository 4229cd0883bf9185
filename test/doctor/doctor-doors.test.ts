import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Line, Outcome } from '../../daemon/cli/local/doctor/finding.ts';
import { type FakeDaemon, type Reply, replyJson, startFakeDaemon } from '../cli/fake-daemon.ts';
import { holdfast } from '../cli/run.ts';
import { tempFolder } from '../temp-folder.ts';

/** A daemon whose protections fail, as no honest one does: it answers what a test says. */
const home = tempFolder({ after }, 'doctor');
before(() => {
  mkdirSync(join(home, 'tokens'));
  for (const role of ['agent', 'operator']) writeFileSync(join(home, 'tokens', `${role}.token`), `hf_${role}\n`);
});

const decided = (decision: string, notional: number | null, ...codes: string[]): object => ({
  decision: { decision, effective: notional === null ? null : { notional }, reasons: codes.map((code) => ({ code })) },
});
const BLOCK = decided('BLOCK', null, 'STATE_HALTED');
const ACTIVE = { state: 'active', layers: [] };
const haltedFor = (reason: string): object => ({
  state: 'halted',
  layers: [{ layer: 'operator', scope: 'account', state: 'halted', reason }],
});
/** What was set last stands. */
function stateReplies(): Readonly<Record<string, Reply>> {
  let standing: object = ACTIVE;
  return {
    'GET /v1/trading-state': (seen, response) => replyJson(standing)(seen, response),
    'PUT /v1/trading-state': (seen, response) => {
      const { reason, state } = seen.body as { readonly reason: string; readonly state: string };
      standing = state === 'active' ? ACTIVE : haltedFor(reason);
      replyJson(standing)(seen, response);
    },
  };
}
const freshness = { account_ms: 5000, clock_skew_ms: 1000, filters_ms: 60_000, mark_ms: 3000, quote_ms: 3000 };
const mcp = (brief: object): object => ({ jsonrpc: '2.0', id: 1, result: { structuredContent: brief } });
/** Of a daemon whose files are elsewhere. */
const SETTINGS = { home: '/h', policy_file: '/h/p', alerts_file: '/h/a', head_file: '/h/f', countdown: 'unknown' };
const SOUND: Readonly<Record<string, Reply>> = {
  'GET /v1/policy': replyJson({
    hash: '0'.repeat(64),
    name: 'p',
    policy: { scope: { symbols: ['BTCUSDT'] }, market: { freshness } },
    pending: null,
  }),
  'GET /v1/orders': replyJson({ orders: [], next: null }),
  'GET /readyz': replyJson({ venue: 'paper', waiting_for: [] }),
  'GET /v1/settings': replyJson(SETTINGS),
  'GET /v1/account': replyJson({ observed_at_ms: 99_000 }),
  'GET /v1/limits': replyJson({ at_ms: 100_000 }),
  'GET /v1/market': replyJson({ markets: [{ symbol: 'BTCUSDT', mark_at_ms: 99_000, quote_at_ms: 99_000 }] }),
  'POST /v1/dry-run/place_order': replyJson(BLOCK),
  'POST /v1/intercept': replyJson(BLOCK),
  'POST /v1/tools/place_order': replyJson(BLOCK),
  'POST /mcp': replyJson(mcp({ decision: 'BLOCK', reasons: [{ code: 'STATE_HALTED' }] })),
};

async function examine(
  replies: Readonly<Record<string, Reply>>,
  args: readonly string[] = ['--exercise'],
): Promise<{
  readonly code: number;
  readonly lines: readonly Line[];
  readonly err: string;
  readonly daemon: FakeDaemon;
}> {
  const daemon = await startFakeDaemon({ ...SOUND, ...stateReplies(), ...replies });
  try {
    const { code, err, out } = await holdfast(['doctor', '--json', '--url', daemon.url, ...args], {
      HOLDFAST_HOME: home,
    });
    return {
      code,
      err,
      daemon,
      lines: out === '' ? [] : (JSON.parse(out) as { readonly lines: readonly Line[] }).lines,
    };
  } finally {
    await daemon.close();
  }
}
async function expect(
  id: string,
  outcome: Outcome,
  replies: Readonly<Record<string, Reply>>,
  args?: readonly string[],
) {
  const { lines, daemon, err } = await examine(replies, args);
  const line = lines.find((each) => each.id === id);
  assert.deepEqual([id, line?.outcome], [id, outcome], line?.detail ?? err);
  return daemon;
}

test('no token but that of an agent asks the doors, and it is said how one is given', async () => {
  const env = { HOLDFAST_HOME: home, HOLDFAST_TOKEN: 'hf_operator' };
  const daemon = await startFakeDaemon(SOUND);
  try {
    await holdfast(['doctor', '--url', daemon.url], env);
    const asked = daemon.seen.filter(({ url }) => url === '/v1/dry-run/place_order' || url === '/v1/intercept');
    assert.deepEqual(
      asked.map(({ authorization }) => authorization),
      ['Bearer hf_agent', 'Bearer hf_agent'],
    );
    const { err } = await holdfast(['doctor', '--url', daemon.url], { ...env, HOLDFAST_HOME: `${home}/none` });
    assert.match(err, /role agent, and there is none in [^ ]+ Give --agent-token-file; /);
  } finally {
    await daemon.close();
  }
});
const replyOf =
  (body: () => object): Reply =>
  (seen, response) =>
    replyJson(body())(seen, response);
const sentOf = ({ seen }: FakeDaemon): readonly string[] => seen.map(({ method, url }) => `${method} ${url}`);

test('a sound daemon passes every line that it answers', async () => {
  for (const id of ['door_dry_run', 'door_intercept', 'door_http', 'door_mcp', 'halt', 'filters', 'polls'])
    await expect(id, 'proven', {});
});

test('a door that lets the order pass is told, and one that does not answer is not taken for closed', async () => {
  const passed = replyJson(decided('ALLOW', 10_000_000));
  const whole = replyJson(decided('LIMIT', 10_000_000));
  const busy = replyJson({ error: { code: 'NOT_READY', message: 'not yet' } }, 503);
  for (const [id, route] of [
    ['door_dry_run', 'POST /v1/dry-run/place_order'],
    ['door_intercept', 'POST /v1/intercept'],
  ] as const) {
    await expect(id, 'refuted', { [route]: passed }, []);
    await expect(id, 'refuted', { [route]: whole }, []);
    await expect(id, 'proven', { [route]: replyJson(decided('LIMIT', 250.00000000000003)) }, []);
    await expect(id, 'unknown', { [route]: busy }, []);
  }
  await expect('door_http', 'refuted', { 'POST /v1/tools/place_order': replyJson(decided('LIMIT', 250)) });
  await expect('door_http', 'unknown', { 'POST /v1/tools/place_order': busy });
  await expect('door_mcp', 'refuted', { 'POST /mcp': replyJson(mcp({ decision: 'ALLOW', reasons: [] })) });
  await expect('door_mcp', 'unknown', {
    'POST /mcp': replyJson({ jsonrpc: '2.0', id: 1, error: { code: 1, message: 'no' } }),
  });
});

test('a halt that does not act sends nothing, and one that stays is told', async () => {
  const deaf = await expect('halt', 'refuted', { 'POST /v1/dry-run/place_order': replyJson(decided('LIMIT', 250)) });
  assert.ok(
    !sentOf(deaf).some((sent) => sent.endsWith('/v1/tools/place_order') || sent.endsWith('/mcp')),
    'nothing is sent',
  );
  assert.equal(sentOf(deaf).filter((sent) => sent === 'PUT /v1/trading-state').length, 2, 'it is lifted all the same');
  await expect('halt', 'refuted', { 'POST /v1/dry-run/place_order': replyJson(decided('BLOCK', null, 'COOLDOWN')) });
  const { 'PUT /v1/trading-state': set, ...read } = stateReplies();
  const stays: Reply = (seen, response) => {
    const { state } = seen.body as { readonly state: string };
    if (state === 'active') replyJson(ACTIVE)(seen, response);
    else set?.(seen, response);
  };
  await expect('halt', 'refuted', { ...read, 'PUT /v1/trading-state': stays });
});

test('a dry run that is refused for another reason is no halt, and nothing is sent', async () => {
  const dry = { 'POST /v1/dry-run/place_order': replyJson(decided('BLOCK', null, 'COOLDOWN')) };
  const sent = sentOf(await expect('door_http', 'unknown', dry));
  assert.ok(!sent.some((each) => each.endsWith('/v1/tools/place_order') || each.endsWith('/mcp')), sent.join());
});

test("the exercise lifts its own halt, and no other operator's", async () => {
  const theirs = haltedFor('a person saw something');
  // Somebody halts while the doors are asked.
  let isHalted = false;
  const state = stateReplies();
  const daemon = await expect('halt', 'unknown', {
    ...state,
    'GET /v1/trading-state': (seen, response) =>
      isHalted ? replyJson(theirs)(seen, response) : state['GET /v1/trading-state']?.(seen, response),
    'POST /mcp': (seen, response) => {
      isHalted = true;
      SOUND['POST /mcp']?.(seen, response);
    },
  });
  const states = daemon.seen.filter(({ method, url }) => `${method} ${url}` === 'PUT /v1/trading-state');
  assert.deepEqual(
    states.map(({ body }) => (body as { readonly state: string }).state),
    ['halted'],
    'theirs is not lifted',
  );

  // Somebody halts between the first look and the exercise.
  let reads = 0;
  const early = await expect('halt', 'unknown', {
    'GET /v1/trading-state': (seen, response) => {
      reads += 1;
      replyJson(reads === 1 ? ACTIVE : theirs)(seen, response);
    },
  });
  assert.ok(!sentOf(early).includes('PUT /v1/trading-state'), 'nothing is set, and so nothing lifted');
});

test('the exercise lifts no breaker with its halt', async () => {
  const breaker = {
    layer: 'breaker',
    scope: 'account',
    state: 'reducing',
    reason: 'the venue refused again and again',
  };
  const before = await examine({ 'GET /v1/trading-state': replyJson({ state: 'reducing', layers: [breaker] }) });
  assert.equal(before.code, 3, before.err);
  assert.match(before.err, /breaker stands/);
  assert.ok(!sentOf(before.daemon).includes('PUT /v1/trading-state'));

  let halt: object | null = null;
  const meanwhile = await expect('halt', 'unknown', {
    'GET /v1/trading-state': replyOf(() => ({ state: 'halted', layers: halt === null ? [] : [halt, breaker] })),
    'PUT /v1/trading-state': (seen, response) => {
      const { reason } = seen.body as { readonly reason: string };
      halt = { layer: 'operator', scope: 'account', state: 'halted', reason };
      replyJson(haltedFor(reason))(seen, response);
    },
  });
  assert.equal(sentOf(meanwhile).filter((sent) => sent === 'PUT /v1/trading-state').length, 1, 'it is not resumed');
});

test('settings of another venue than the daemon serves examine nothing, and halt nothing', async () => {
  const live = replyJson({ venue: 'binance-live', waiting_for: [] });
  for (const args of [[], ['--exercise']]) {
    const { code, daemon, err } = await examine({ 'GET /readyz': live }, args);
    assert.equal(code, 2, err);
    assert.match(err, /serves binance-live.*paper.*HOLDFAST_VENUE/);
    assert.deepEqual(
      sentOf(daemon).filter((sent) => !sent.startsWith('GET ')),
      [],
    );
  }
});

test('without the exercise nothing that could become an order is sent, and no halt', async () => {
  const daemon = await expect('door_http', 'unknown', {}, []);
  const sent = sentOf(daemon).filter((each) => !each.startsWith('GET '));
  assert.deepEqual([...new Set(sent)].sort(), ['POST /v1/dry-run/place_order', 'POST /v1/intercept']);
});

test('on live no door is asked that could place an order, and the exercise is refused', async () => {
  const ready = { 'GET /readyz': replyJson({ venue: 'binance-live', waiting_for: [] }) };
  const daemon = await startFakeDaemon({ ...SOUND, ...ready }, null, 'binance-live');
  const env = {
    HOLDFAST_HOME: home,
    HOLDFAST_VENUE: 'binance-live',
    BINANCE_LIVE_API_KEY: 'a'.repeat(64),
    BINANCE_LIVE_API_SECRET: 'b'.repeat(64),
  };
  try {
    const { code, err } = await holdfast(['doctor', '--url', daemon.url, '--exercise'], env);
    assert.equal(code, 2);
    assert.match(err, /refused on binance-live/);
    assert.deepEqual(
      sentOf(daemon).filter((sent) => !sent.startsWith('GET ')),
      [],
    );
  } finally {
    await daemon.close();
  }
});

test('inputs that are too old, or that the daemon itself does not trust, are told', async () => {
  await expect('polls', 'refuted', { 'GET /v1/account': replyJson({ observed_at_ms: 90_000 }) });
  await expect('polls', 'refuted', {
    'GET /v1/market': replyJson({ markets: [{ symbol: 'BTCUSDT', mark_at_ms: null, quote_at_ms: 99_000 }] }),
  });
  await expect('filters', 'refuted', {
    'GET /readyz': replyJson({ venue: 'paper', waiting_for: ['the filters of BTCUSDT'] }),
  });
  await expect('clock', 'refuted', { 'GET /readyz': replyJson({ venue: 'paper', waiting_for: ['the clock'] }) });
  await expect('clock', 'unknown', {});
});
