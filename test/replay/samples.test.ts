import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReplayRun } from '../../daemon/evaluation/engine/run.ts';
import { readScope } from '../../daemon/evaluation/judge/scope.ts';
import { buildSyntheticMarket } from '../../daemon/evaluation/market/synthetic.ts';
import { findDrawnScenario, Sampler } from '../../daemon/evaluation/setup/samples.ts';
import { buildScenarios, type Scenario } from '../../daemon/evaluation/setup/scenarios.ts';
import { forSymbols, loadVariant } from '../../daemon/evaluation/setup/variants.ts';
import { Workbench } from '../../daemon/evaluation/setup/workbench.ts';

const SYMBOLS = ['BTCUSDT', 'ETHUSDT'];
const BARS = 300;
const market = buildSyntheticMarket({ seed: 1, bars: BARS, barMs: 900_000, warmupBars: 1000, symbols: SYMBOLS });
const bench = new Workbench(market, readScope());
const scenario: Scenario = { attack: 'heavy', sides: 'clairvoyant', capsScale: 1 };

test('a run is the same whether it is sampled or not', () => {
  for (const name of ['Holdfast', 'Full']) {
    const variant = forSymbols(loadVariant(name), SYMBOLS);
    for (const agent of ['momentum/over-asking']) {
      const request = { seed: 2, agent, variant, scenario, legitRequests: 0 };
      const sampler = new Sampler(name, scenario);
      const plain = bench.run(request).run();
      const sampled = bench.run(request, { onBarClose: sampler.onBarClose }).run();
      assert.deepEqual({ ...sampled, decideNs: 0 }, { ...plain, decideNs: 0 }, `${name}, ${agent}`);
      const sample = sampler.finish();
      assert.equal(sample.equity.length, BARS, 'a value a bar');
      assert.deepEqual(sample.equity, [...plain.equity.subarray(1)], 'the equity of the run');
      assert.equal(sample.g.length, BARS, 'a factor a bar');
      assert.equal(sample.regimes.ETHUSDT!.length, BARS, 'a regime a bar');
    }
  }
});

test('a sample leaves what the gate last read as it was', () => {
  const variant = forSymbols(loadVariant('Holdfast'), SYMBOLS);
  const sampler = new Sampler('Holdfast', scenario);
  const request = { seed: 2, agent: 'momentum/over-asking', variant, scenario, legitRequests: 0 };
  let compared = 0;
  const onBarClose = (run: ReplayRun): void => {
    const read = () => [...run.core.accountInputs().symbols.values()];
    const before = read();
    sampler.onBarClose(run);
    for (const [i, inputs] of read().entries()) {
      assert.equal(inputs, before[i], 'the very same reading: one of this instant would stand when the next bar opens');
      compared += 1;
    }
  };
  bench.run(request, { onBarClose, bars: 100 }).run();
  assert.ok(compared > 100, `${compared} readings`);
});

test('budgets are noted of the variants alone that the report shows them of', () => {
  const variant = forSymbols(loadVariant('Budget'), SYMBOLS);
  const sampler = new Sampler('Budget', scenario);
  const request = { seed: 2, agent: 'momentum/over-asking', variant, scenario, legitRequests: 0 };
  bench.run(request, { onBarClose: sampler.onBarClose, bars: 50 }).run();
  const sample = sampler.finish();
  assert.deepEqual([sample.equity.length, sample.g.length, sample.h.length], [50, 0, 0], 'equity without factors');
});

test('the drawn scenario is the heaviest attack at caps x 1', () => {
  assert.deepEqual(findDrawnScenario(buildScenarios('all')), scenario, 'all');
  assert.equal(findDrawnScenario(buildScenarios('light'))?.attack, 'light', 'light');
  assert.equal(findDrawnScenario([{ attack: 'none', sides: 'random', capsScale: 5 }]), null, 'none at caps x 1');
});
