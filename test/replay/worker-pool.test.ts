import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildSyntheticMarket } from '../../daemon/evaluation/market/synthetic.ts';
import { runReplay } from '../../daemon/evaluation/replay.ts';
import { forSymbols, loadVariant } from '../../daemon/evaluation/setup/variants.ts';
import { WorkerPool } from '../../daemon/evaluation/worker-pool.ts';

const openPool = (threads: number): WorkerPool<number, number> =>
  new WorkerPool({ worker: '../../test/replay/echo-worker', settings: null, threads });

test('outcomes come in the order of the tasks, though later ones were ready first', async () => {
  // The first takes longest of all.
  const tasks = [120, 1, 40, 2, 3, 30, 0, 5, 4, 20, 6, 0];
  for (const threads of [1, 3]) {
    const pool = openPool(threads);
    const outcomes: number[] = [];
    await pool.runAll(tasks, (outcome) => outcomes.push(outcome));
    await pool.close();
    assert.deepEqual(outcomes, tasks, `${threads} threads`);
  }
});

test('few tasks are drawn ahead of the oldest that runs, and none after a failure', async () => {
  const pool = openPool(2);
  let drawn = 0;
  function* tasks(): Generator<number> {
    for (; drawn < 100; drawn += 1) yield drawn === 0 ? -7 : 0;
  }
  await assert.rejects(
    pool.runAll(tasks(), () => undefined),
    /task -7/,
  );
  await pool.close();
  assert.ok(drawn <= 8, `${drawn} tasks were drawn`);
});

test("an answer that is on its way when the pool is closed is nobody's, and no error", async () => {
  const pool = openPool(1);
  let failure: unknown = null;
  await pool
    .runAll([-7, 0], () => undefined)
    .catch((reason: unknown) => {
      failure = reason;
      // The failed worker has the next task already, and answers before this turn ends.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
      return pool.close();
    });
  assert.match(String(failure), /task -7/);
});

test('a replay is the same bit for bit on any number of workers', async () => {
  const symbols = ['BTCUSDT'];
  const market = buildSyntheticMarket({ seed: 3, bars: 48, barMs: 900_000, warmupBars: 800, symbols });
  const variants = ['NoSAE', 'Holdfast'].map((name) => forSymbols(loadVariant(name), symbols));
  const texts: string[] = [];
  for (const threads of [1, 3]) {
    const { aggregate, disagreements, curves } = await runReplay({
      market,
      seeds: 3,
      attack: 'light',
      variants,
      reference: variants[0]!,
      agents: ['momentum/over-asking', 'narrative/over-asking', 'martingale/over-asking'],
      threads,
    });
    const withoutTimes = JSON.stringify({ aggregate, disagreements, curves }, (key, value) =>
      key.includes('latency') || key.endsWith('_us') ? null : value,
    );
    texts.push(withoutTimes);
  }
  assert.ok(texts[0]!.length > 1_000);
  assert.equal(texts[1], texts[0]);
});
