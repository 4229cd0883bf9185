import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Database } from 'better-sqlite3';
import fc from 'fast-check';
import type { ErrorBody } from '../../daemon/http/errors.ts';
import { DaemonWorld, order, type TestAnswer } from '../daemon/harness.ts';
import { suiteWorld } from '../daemon/suite-world.ts';

/** What a minute of one token may cost. */
const MAX_BYTES = 2_000_000;
const MINUTE_MS = 60_000;
/** More than would fit, were each recorded: the smallest record has some 4 kB. */
const FLOOD = 700;

type Call = (world: DaemonWorld, token: string, i: number) => Promise<TestAnswer<unknown>>;
const TEXT = 'x'.repeat(2_000);
const doge = (i: number) => order({ symbol: 'DOGEUSDT', rationale: `${i} ${TEXT}` });

/** Every kind of call that changes nothing. */
const IDLE: { readonly [name: string]: Call } = {
  'cancel of an unknown order': (world, token, i) => world.tool('cancel_order', { client_order_id: `hfx-${i}` }, token),
  'cancel_all of nothing': (world, token) => world.tool('cancel_all', {}, token),
  'order out of scope': (world, token, i) => world.tool('place_order', doge(i), token),
  'exit of nothing': (world, token) => world.tool('close_position', { symbol: 'BTCUSDT' }, token),
  'modify of an unknown order': (world, token) =>
    world.tool('modify_order', { client_order_id: 'hfx', limit_price: 1 }, token),
  'dry run': (world, token, i) => world.dryRun('place_order', order({ rationale: `${i} ${TEXT}` }), token),
  'intercept of our tool': (world, token) => world.intercept('place_order', order(), token),
  'intercept of another tool': (world, token, i) => world.intercept(`${i}-${'t'.repeat(120)}`, { text: TEXT }, token),
  'malformed body': (world, token, i) => {
    const wrong = Object.fromEntries(Array.from({ length: 40 }, (_, k) => [`${i}-${k}-${'k'.repeat(150)}`, k]));
    return world.tool('place_order', wrong, token);
  },
  'no JSON': (world, token) => world.call('POST', '/v1/tools/place_order', '{', token),
  'repeated request id': (world, token) => world.place({ symbol: 'DOGEUSDT', request_id: 'again' }, token),
  read: (world, token) => world.call('GET', '/v1/decisions?limit=1', undefined, token),
  'unknown tool': (world, token) => world.tool('no_such_tool', {}, token),
};

describe('what has no effect costs its sender (BY-48)', () => {
  const world = suiteWorld();
  let agents = 0;

  const newAgent = (): string => {
    agents += 1;
    return world.createAgent(`agent-${agents}`);
  };
  const ledgerBytes = (): number => {
    const { db } = world.daemon.ledger as unknown as { readonly db: Database };
    return Number(db.pragma('page_count', { simple: true })) * Number(db.pragma('page_size', { simple: true }));
  };
  const records = (kind: string) => [...world.daemon.ledger.iterateEvents({ kind })];
  const settle = () => world.run(world.daemon.gate.core.settled());
  const codeOf = ({ body }: TestAnswer<unknown>): string => (body as Partial<ErrorBody>).error?.code ?? '';
  const flood = async (call: Call, token: string, times = FLOOD): Promise<TestAnswer<unknown>[]> => {
    const answers: TestAnswer<unknown>[] = [];
    for (let i = 0; i < times; i += 50)
      answers.push(...(await Promise.all(Array.from({ length: 50 }, (_, k) => call(world, token, i + k)))));
    await settle();
    return answers;
  };

  for (const [name, call] of Object.entries(IDLE)) {
    it(`${name}: a flood is bounded [TM-10]`, async () => {
      const token = newAgent();
      const start = ledgerBytes();
      const answers = await flood(call, token);
      const grown = ledgerBytes() - start;
      assert.ok(grown < MAX_BYTES / 2, `${grown} bytes`);
      assert.ok(answers.every(({ status }) => status < 500));
      for (const answer of answers.filter(({ status }) => status === 429)) assert.equal(codeOf(answer), 'REFUSAL_RATE');
    });
  }

  it('BY-48 all of it together, from one token, grows the ledger by less than 2 MB a minute', async () => {
    const token = newAgent();
    for (let minute = 0; minute < 2; minute += 1) {
      const start = ledgerBytes();
      for (const call of Object.values(IDLE)) await flood(call, token, 200);
      await world.sleep(MINUTE_MS);
      const grown = ledgerBytes() - start;
      assert.ok(grown < MAX_BYTES, `minute ${minute}: ${grown} bytes`);
      await world.advance(MINUTE_MS + 2_000);
    }
  });

  it('a generated mix is bounded as well', async () => {
    const calls = Object.values(IDLE);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(calls.length - 1), { minLength: 600, maxLength: 600 }), async (mix) => {
        const token = newAgent();
        const start = ledgerBytes();
        for (const [i, which] of mix.entries()) await calls[which]?.(world, token, i);
        await settle();
        assert.ok(ledgerBytes() - start < MAX_BYTES);
      }),
      { seed: 48, numRuns: 3, endOnFailure: true },
    );
  });

  it('tokens that nobody knows write nothing', async () => {
    await settle();
    const head = world.daemon.ledger.lastSeq();
    for (let i = 0; i < 200; i += 1) {
      assert.equal((await world.tool('cancel_all', {}, `hf_${i}`)).status, 401);
      assert.equal((await world.call('POST', '/v1/tools/place_order', '{', 'nobody')).status, 401);
    }
    await settle();
    const since = [...world.daemon.ledger.iterateEvents({ fromSeq: head + 1 })].map(({ kind }) => kind);
    assert.ok(!since.some((kind) => ['decision', 'rejected_input', 'request_sum'].includes(kind)), since.join());
  });

  it('what has an effect is never refused for its number: orders, cancels and exits', async () => {
    const token = newAgent();
    for (const call of Object.values(IDLE)) await flood(call, token, 100);
    const refused = await world.tool('cancel_all', {}, token);
    assert.deepEqual([refused.status, codeOf(refused)], [429, 'REFUSAL_RATE']);
    const filled = await world.place({ requested_notional: 300 }, token);
    assert.deepEqual([filled.status, filled.body.execution.state], [200, 'filled']);
    const exit = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 66_000, requested_notional: 100 };
    const resting = await world.place(exit, token);
    assert.deepEqual([resting.status, resting.body.execution.state], [200, 'working'], JSON.stringify(resting.body));
    const id = resting.body.execution.orders[0]?.client_order_id ?? '';
    const canceled = await world.tool('cancel_order', { client_order_id: id }, token);
    assert.deepEqual([canceled.status, canceled.body.execution.state], [200, 'canceled']);
    const again = await world.tool('cancel_order', { client_order_id: id }, token);
    assert.deepEqual([again.status, codeOf(again)], [429, 'REFUSAL_RATE'], 'nothing is left to cancel');
    await world.mustPlace('working', { ...exit, limit_price: 66_100 }, token);
    const all = await world.tool('cancel_all', {}, token);
    assert.deepEqual([all.status, all.body.execution.state], [200, 'canceled']);
    const closed = await world.tool('close_position', { symbol: 'BTCUSDT' }, token);
    assert.deepEqual([closed.status, closed.body.execution.state], [200, 'filled']);
    assert.equal((await world.tool('close_position', { symbol: 'BTCUSDT' }, token)).status, 429);
  });

  it('a call beyond the budget says what was decided, and uses up no request id', async () => {
    const token = newAgent();
    await flood(IDLE['order out of scope'] as Call, token, 100);
    const asked = order({ symbol: 'DOGEUSDT', request_id: 'once' });
    const refused = await world.tool('place_order', asked, token);
    const { error } = refused.body as unknown as ErrorBody;
    assert.equal(refused.status, 429);
    assert.deepEqual(error.details, {
      budget: 'refusals',
      max: 60,
      window_ms: MINUTE_MS,
      decision: 'BLOCK',
      reasons: ['SCOPE_SYMBOL'],
    });
    await world.advance(MINUTE_MS + 2_000);
    const other = await world.place({ symbol: 'XRPUSDT', request_id: 'once' }, token);
    assert.deepEqual([other.status, other.body.decision.decision], [200, 'BLOCK']);
  });

  it('of rejected inputs sixty a minute are recorded one by one where the policy says nothing [PK-66 PK-172]', async () => {
    const token = newAgent();
    const before = records('rejected_input').length;
    for (let i = 0; i < 61; i += 1) assert.equal((await world.tool('place_order', { wrong: i }, token)).status, 400);
    await settle();
    assert.equal(records('rejected_input').length - before, 60);
  });
  for (const [kind, name] of [
    ['refusals', 'order out of scope'],
    ['dry runs', 'dry run'],
    ['intercepts', 'intercept of another tool'],
  ] as const)
    it(`of ${kind} sixty a minute are answered one by one where the policy says nothing, and the next is not [PK-66 PK-67 PK-172]`, async () => {
      const token = newAgent();
      const call = IDLE[name] as Call;
      const answers: TestAnswer<unknown>[] = [];
      for (let i = 0; i < 61; i += 1) answers.push(await call(world, token, i));
      assert.ok(answers.slice(0, 60).every(({ status }) => status !== 429));
      assert.deepEqual([answers[60]?.status, codeOf(answers[60] as TestAnswer<unknown>)], [429, 'REFUSAL_RATE']);
    });

  it('the budgets of a policy that is put in force hold at once [PK-170 PK-171]', async (t) => {
    const small = await DaemonWorld.of(t, { policy: { requests: { refusals: { max: 2, window_ms: 5_000 } } } });
    const statuses: number[] = [];
    for (let i = 0; i < 4; i += 1) statuses.push((await small.tool('cancel_all', {})).status);
    assert.deepEqual(statuses, [200, 200, 429, 429]);
    await small.advance(6_100);
    assert.equal((await small.tool('cancel_all', {})).status, 200);
    assert.equal((await small.dryRun('cancel_all', {})).status, 200);
  });

  it('in shadow mode what is executed although it is refused is recorded, whatever the budget', async (t) => {
    const shadow = await DaemonWorld.of(t, {
      policy: { mode: 'shadow', requests: { refusals: { max: 1, window_ms: 60_000 } }, 'scope.venues': ['paper'] },
    });
    await shadow.tool('cancel_all', {});
    assert.equal((await shadow.tool('cancel_all', {})).status, 429);
    const huge = order({ requested_leverage: 20, requested_notional: 300, max_slippage_bps: 300 });
    await shadow.operator('PUT', '/v1/trading-state', { state: 'reducing', reason: 'to have it refused' });
    const { status, body } = await shadow.tool('place_order', huge);
    assert.deepEqual([status, body.decision.decision, body.decision.enforced], [200, 'BLOCK', false]);
    assert.equal(body.execution.orders.length > 0, true, JSON.stringify(body.execution));
  });

  it('budgets are apart from each other, from other agents and from operators [PK-68]', async () => {
    const token = newAgent();
    await flood(IDLE['dry run'] as Call, token, 100);
    assert.equal((await world.dryRun('place_order', order(), token)).status, 429);
    assert.equal((await world.intercept('rm', {}, token)).status, 200);
    assert.equal((await world.tool('cancel_all', {}, token)).status, 200);
    assert.equal((await world.dryRun('place_order', order(), newAgent())).status, 200);
    assert.equal((await world.dryRun('place_order', order(), world.token('operator'))).status, 200);
  });

  it('a restart begins no budget anew, and sums what was only counted [AN-176 PK-68]', async () => {
    const token = newAgent();
    const agent = `agent-${agents}`;
    const answers = await flood(IDLE['cancel_all of nothing'] as Call, token, 100);
    const counted = answers.filter(({ status }) => status === 429).length;
    assert.equal(counted, 40);
    await world.restart();
    const sums = () => records('request_sum').filter(({ payload }) => (payload as { agent: string }).agent === agent);
    const { first_ms: firstMs, last_ms: lastMs, ...payload } = (sums()[0]?.payload ?? {}) as { [key: string]: unknown };
    assert.deepEqual(payload, { agent, count: counted, kind: 'empty_cancel', origin: 'agent' });
    assert.ok(Number(firstMs) <= Number(lastMs));
    assert.equal((await world.tool('cancel_all', {}, token)).status, 429);
    await world.sleep(MINUTE_MS + 1_000);
    assert.equal(sums().length, 2, 'one a minute');
    const metrics = await world.run(world.daemon.gate.metrics(false));
    assert.ok((await world.ready()).body.requests_summed >= counted);
    const { alerts } = (await world.operator<{ alerts: { code: string; detail: string }[] }>('GET', '/v1/alerts')).body;
    assert.ok(alerts.some((alert) => alert.code === 'REQUESTS_SUMMED' && alert.detail.includes(`agent ${agent}:`)));
    assert.match(metrics, /holdfast_requests_summed_total\{kind="empty_cancel"\} 1/);
  });
});
