import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { archiveLedger } from '../../daemon/boot/keep/archive-ledger.ts';
import { holdfast } from '../cli/run.ts';
import { order, type ToolBody, until } from './harness.ts';
import { suiteWorld } from './suite-world.ts';

const SEGMENT = 10;

describe('a daemon on a ledger that is partly archived', () => {
  const world = suiteWorld({ real: true, isAudited: false });
  let first: ToolBody;
  const folder = (name: string): string => join(world.home, 'paper', name);
  const ask = (more: object = {}) => world.place({ request_id: 'first', ...more });
  const closeAll = () =>
    world.call<ToolBody>('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' }, world.token('operator'));
  const restart = async (prepare: () => void): Promise<void> => {
    await world.daemon.close();
    prepare();
    await world.startAgain();
  };
  const archived = (): readonly string[] => readdirSync(folder('archives')).filter((name) => name.endsWith('.zst'));

  before(async () => {
    first = (await ask()).body;
    assert.equal(first.decision.decision, 'ALLOW');
    await until('it is filled', async () => (await world.position('BTCUSDT')) > 0);
    for (let n = 0; n < 30; n += 1) await world.intercept('place_order', order());
    await world.daemon.close();
    const segments = await archiveLedger({
      path: folder('ledger.db'),
      cutoffMs: () => Number.MAX_SAFE_INTEGER,
      headFile: null,
      segmentRecords: SEGMENT,
    });
    assert.ok(segments.some(({ from_seq, to_seq }) => first.decision.seq >= from_seq && first.decision.seq <= to_seq));
    await world.startAgain();
  });

  test('tells decisions and repeats as before, and the account is as it was [LE-75 LE-76]', async () => {
    assert.equal((await world.tradingState()).state, 'active');
    assert.equal((await world.positions()).length, 1);
    const again = await ask();
    assert.deepEqual([again.status, again.body.decision.decision_id], [200, first.decision.decision_id]);
    assert.equal((await ask({ requested_notional: 301 })).status, 409);
    const reported = await world.call<ToolBody>('GET', `/v1/decisions/${first.decision.decision_id}`);
    assert.deepEqual([reported.status, reported.body.decision.arithmetic], [200, first.decision.arithmetic]);
    const listed = await world.operator<{ decisions: { decision_id: string }[] }>('GET', '/v1/decisions?limit=100');
    assert.ok(listed.body.decisions.some(({ decision_id }) => decision_id === first.decision.decision_id));
    const env = { HOLDFAST_HOME: world.home };
    const verified = await holdfast('audit verify --deep', env);
    assert.deepEqual([verified.code, /intact/.test(verified.out)], [0, true], verified.out + verified.err);
    const diff = await holdfast(['policy', 'diff', world.policyPath, '--all-kinds', '--json'], env);
    assert.equal(diff.code, 0, diff.err);
    const { totals } = JSON.parse(diff.out) as { totals: { requests: number } };
    assert.ok(totals.requests >= 31);
  });

  test('names the file that it needs, and goes on with everything else [LE-78 LE-81]', async () => {
    mkdirSync(join(world.home, 'elsewhere'));
    await restart(() => {
      for (const name of archived()) renameSync(join(folder('archives'), name), join(world.home, 'elsewhere', name));
    });
    assert.equal((await world.tradingState()).state, 'active', 'no archive is needed for a start');
    const answer = await world.call<{ error: { code: string; message: string } }>(
      'GET',
      `/v1/decisions/${first.decision.decision_id}`,
    );
    assert.deepEqual([answer.status, answer.body.error.code], [503, 'NOT_READY']);
    assert.match(answer.body.error.message, /archives\/\d{12}-\d{12}\.jsonl\.zst .*is missing/);
    assert.equal((await world.intercept('place_order', order())).status, 200);
    const env = { HOLDFAST_HOME: world.home };
    const verified = await holdfast('audit verify', env);
    assert.deepEqual([verified.code, /\(archive\).*\.jsonl\.zst/.test(verified.out)], [5, true], verified.out);
    await restart(() => {
      for (const name of readdirSync(join(world.home, 'elsewhere')))
        renameSync(join(world.home, 'elsewhere', name), join(folder('archives'), name));
    });
  });

  test('starts halted without a sound checkpoint, with all views; operators exit and resume [LE-82 LE-84]', async () => {
    await restart(() => rmSync(folder('checkpoints'), { recursive: true }));
    const { layers, state } = await world.tradingState();
    assert.equal(state, 'halted');
    assert.match(layers.find(({ layer }) => layer === 'operator')?.reason ?? '', /no checkpoint was sound/);
    const refused = await world.place({ request_id: 'second' });
    assert.equal(refused.body.decision.decision, 'BLOCK');
    assert.equal((await ask()).body.decision.decision_id, first.decision.decision_id);
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'looked at it' });
    assert.equal((await world.tradingState()).state, 'active');
  });

  test('starts halted when an archive is missing as well; operators exit, and nothing is taken for whole [LE-83 LE-84]', async () => {
    const [missing = ''] = archived();
    await restart(() => {
      rmSync(folder('checkpoints'), { recursive: true, force: true });
      renameSync(join(folder('archives'), missing), join(world.home, missing));
    });
    const { layers, state } = await world.tradingState();
    assert.equal(state, 'halted');
    assert.match(layers.find(({ layer }) => layer === 'operator')?.reason ?? '', /an archive cannot be read/);
    assert.ok((await world.position('BTCUSDT')) > 0);
    assert.equal((await closeAll()).status, 200);
    await until('the operator has closed it', async () => (await world.position('BTCUSDT')) === 0);
    await world.daemon.close();
    assert.equal(existsSync(folder('checkpoints')) && readdirSync(folder('checkpoints')).length > 0, false);
    renameSync(join(world.home, missing), join(folder('archives'), missing));
    await world.startAgain();
  });
});
