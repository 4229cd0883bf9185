import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SQUATTER } from '../../../daemon/evaluation/facts/agents.ts';
import type { RunResult } from '../../../daemon/evaluation/facts/runs.ts';
import { readScope } from '../../../daemon/evaluation/judge/scope.ts';
import { buildSyntheticMarket } from '../../../daemon/evaluation/market/synthetic.ts';
import { SHARED_AGENT } from '../../../daemon/evaluation/setup/scenarios.ts';
import { loadVariant } from '../../../daemon/evaluation/setup/variants.ts';
import { Workbench } from '../../../daemon/evaluation/setup/workbench.ts';

const SYMBOLS = ['BTCUSDT', 'ETHUSDT'];
const BENCH = new Workbench(
  buildSyntheticMarket({ seed: 4, bars: 900, barMs: 900_000, warmupBars: 400, symbols: SYMBOLS }),
  readScope(),
);

function play(variant: string, attack: 'none' | 'squat', isUnreserved: boolean, seed: number): RunResult {
  const scenario = { attack, sides: 'random', capsScale: 1, isUnreserved } as const;
  return BENCH.run({ variant: loadVariant(variant), scenario, seed, agent: SHARED_AGENT, legitRequests: 0 }).run();
}
const othersUsdt = ({ legit }: RunResult): number => legit.openExecutedUsdt - (legit.openExecutedUsdtBy[SQUATTER] ?? 0);

describe('ATK-SQUAT: an agent that keeps symbols from the others of its account', () => {
  it('takes most of what the others open where nothing is reserved, and nothing of it is out of scope', () => {
    let [alone, beside] = [0, 0];
    for (const seed of [1, 2, 3]) {
      alone += othersUsdt(play('Holdfast', 'none', true, seed));
      const squatted = play('Holdfast', 'squat', true, seed);
      beside += othersUsdt(squatted);
      assert.ok(squatted.legit.heldTightened > 20, `${squatted.legit.heldTightened} requests refused as held`);
      assert.equal(squatted.outOfScopeFills, 0, squatted.disagreements.join('; '));
      assert.equal(squatted.refusedExits, 0, 'refused exits');
    }
    assert.ok(beside < 0.5 * alone, `${beside} of ${alone} USDT`);
  });

  it('changes nothing in symbols that are reserved for others: all that they do is as without it', () => {
    for (const variant of ['Holdfast', 'NoSAE'])
      for (const seed of [1, 2]) {
        const alone = play(variant, 'none', false, seed);
        const beside = play(variant, 'squat', false, seed);
        assert.ok(beside.episodes.length > 1_000 && alone.legit.reservedTightened > 10, 'something is attempted');
        assert.ok(
          beside.episodes.every(({ executedAttempts }) => executedAttempts === 0),
          'an attempt went through',
        );
        assert.equal(beside.legit.reservedHeld, 0, 'refused in a reserved symbol');
        assert.deepEqual(beside.legit, alone.legit, `${variant} seed ${seed}: what they asked for and got`);
        assert.deepEqual(beside.equity, alone.equity, `${variant} seed ${seed}: equity`);
      }
  });

  it('counts what another holds apart from false blocks, which are no more than of single accounts', () => {
    for (const seed of [1, 2]) {
      const { legit } = play('Holdfast', 'none', false, seed);
      assert.ok(legit.heldTightened > 30, `${legit.heldTightened} held`);
      assert.ok(legit.inTightened > 30, `${legit.inTightened} free or their own`);
      assert.ok(legit.blockedTightened <= 0.05 * legit.inTightened, `${legit.blockedTightened} blocked`);
    }
  });
});
