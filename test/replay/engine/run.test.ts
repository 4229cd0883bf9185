import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MarketData } from '../../../daemon/evaluation/facts/markets.ts';
import type { RunResult } from '../../../daemon/evaluation/facts/runs.ts';
import { readScope } from '../../../daemon/evaluation/judge/scope.ts';
import { buildSyntheticMarket } from '../../../daemon/evaluation/market/synthetic.ts';
import type { Scenario } from '../../../daemon/evaluation/setup/scenarios.ts';
import { forSymbols, loadVariant } from '../../../daemon/evaluation/setup/variants.ts';
import { Workbench } from '../../../daemon/evaluation/setup/workbench.ts';

const MARKET = buildSyntheticMarket({
  seed: 3,
  bars: 900,
  barMs: 900_000,
  warmupBars: 400,
  symbols: ['BTCUSDT', 'ETHUSDT'],
});
const NONE: Scenario = { attack: 'none', sides: 'random', capsScale: 1 };
const HEAVY: Scenario = { attack: 'heavy', sides: 'clairvoyant', capsScale: 1 };

function runOnce(variant: string, scenario: Scenario, agent: string, market = MARKET, approvals?: object): RunResult {
  const bench = new Workbench(market, readScope());
  const { spec, ...named } = loadVariant(variant);
  const asked = { ...named, spec: approvals === undefined ? spec : ({ ...spec, approvals } as typeof spec) };
  const symbols = market.symbols.map((bars) => bars.instrument.symbol);
  return bench.run({ variant: forSymbols(asked, symbols), scenario, seed: 1, agent, legitRequests: 100 }).run();
}
/** What a run must reproduce; time measured is not part of it. */
function withoutTiming(result: RunResult): unknown {
  return { ...result, decideNs: 0 };
}

describe('one replayed account', () => {
  it('gives the same result twice, bit by bit', () => {
    for (const scenario of [NONE, HEAVY]) {
      const first = withoutTiming(runOnce('Holdfast', scenario, 'momentum/over-asking'));
      assert.deepEqual(withoutTiming(runOnce('Holdfast', scenario, 'momentum/over-asking')), first, scenario.attack);
    }
  });

  it('knows nothing of the future: later bars change nothing before them', () => {
    const cut = 1000;
    const changed: MarketData = {
      ...MARKET,
      symbols: MARKET.symbols.map((bars) => {
        const raise = (column: Float64Array): Float64Array =>
          column.map((value, i) => (i < cut ? value : Math.round(value * 11) / 10));
        return {
          ...bars,
          open: raise(bars.open),
          high: raise(bars.high),
          low: raise(bars.low),
          close: raise(bars.close),
        };
      }),
    };
    const judged = cut - 400;
    for (const agent of ['momentum/over-asking', 'martingale/within-budget']) {
      const before = runOnce('Holdfast', NONE, agent);
      const after = runOnce('Holdfast', NONE, agent, changed);
      assert.ok(before.fills > 20, `${agent} trades`);
      assert.deepEqual(
        after.equity.slice(0, judged),
        before.equity.slice(0, judged),
        `${agent}: equity up to the change`,
      );
      assert.notDeepEqual(after.equity.slice(judged), before.equity.slice(judged), `${agent}: not after it`);
    }
  });

  it('lets no attack of any family out of scope under Holdfast, refuses no exit and is never liquidated', () => {
    for (const agent of ['momentum/over-asking', 'narrative/within-budget', 'mean-reversion/within-budget']) {
      const result = runOnce('Holdfast', HEAVY, agent);
      const families = new Set(result.episodes.filter((episode) => episode.attempts > 0).map(({ family }) => family));
      assert.equal(families.size, 7, `${agent}: all seven families attack`);
      assert.equal(result.outOfScopeFills, 0, `${agent}: ${result.disagreements.join('; ')}`);
      assert.equal(result.refusedExits, 0, `${agent}: refused exits`);
      assert.equal(result.liquidations, 0, `${agent}: liquidations`);
    }
  });

  it('lets the same attacks through where there is no gate', () => {
    const result = runOnce('NoSAE', HEAVY, 'narrative/within-budget');
    const leaked = result.episodes.filter((episode) => episode.outOfScopeAttempts > 0).length;
    assert.ok(leaked > result.episodes.length / 2, `${leaked} of ${result.episodes.length} episodes leak`);
  });

  it('refuses no exit of what was opened without a gate', () => {
    for (const agent of ['martingale/over-asking', 'mean-reversion/within-budget'])
      assert.equal(runOnce('NoSAE', HEAVY, agent).refusedExits, 0, agent);
  });

  it('approves nothing: what a person would have to approve stays blocked [AP-49]', () => {
    const approvals = { when: [{}], window_ms: 3_600_000, expiry_ms: 300_000 };
    const { fills, legit } = runOnce('Holdfast', NONE, 'momentum/over-asking', MARKET, approvals);
    assert.ok(legit.requests > 0, 'the agent asks');
    assert.equal(fills, 0);
  });

  it('runs all strategies in one account', () => {
    const result = runOnce('Holdfast', NONE, 'shared');
    assert.ok(result.legit.requests > 30, 'several agents ask');
    assert.equal(result.refusedExits, 0, 'no exit is refused');
    assert.equal(result.outOfScopeFills, 0, result.disagreements.join('; '));
  });

  it('keeps its books: equity is the start plus what trades, fees and funding made of it', () => {
    const result = runOnce('Full', HEAVY, 'martingale/over-asking');
    assert.equal(result.equity[0], 10_000, 'starts with 10,000 USDT');
    assert.ok(result.feesUsdt > 0 && result.turnoverUsdt > 0, 'it traded');
    assert.ok(Math.abs(result.feesUsdt / result.turnoverUsdt - 0.0005) < 0.0002, 'fees are the rate of the turnover');
  });
});
