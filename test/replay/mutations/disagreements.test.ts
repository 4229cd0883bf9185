import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  CALM_PAST,
  drift,
  gap,
  noise,
  QUIET_MOVE,
  START_MS,
  VOLATILE_MOVE,
  VOLATILE_PAST,
  VOLATILE_VOLUME,
} from './market.ts';
import { Stage } from './run-scene.ts';
import { BTC, buy, ETH, MINUTE_MS, type Scene } from './scene.ts';
import { calm } from './scenes/markets.ts';

const BAR_MINUTES = 15;

/** The smallest scene of a disagreement: nothing is switched off, and the judge still finds something out of scope. */
function scene(parts: Pick<Scene, 'market' | 'asks'> & Partial<Scene>): Scene {
  return { rule: 'none', clauses: [], story: '', off: {}, seenAs: [], ...parts };
}
function budget(key: string, usdt: number): NonNullable<Scene['premise']> {
  return { policy: { [`budgets.${key}`]: usdt }, scope: { [`budgets.${key}`]: usdt } };
}
function findOutOfScope(played: Scene): readonly string[] {
  const { result, fills } = new Stage().run(played, {});
  assert.ok(fills.length > 0, 'the scene executes something');
  return result.disagreements;
}

describe('gate and judge agree under the shipped policy (SAE section 9)', () => {
  it('on one missing bar (SAE-OOS-STATE)', () => {
    const judged = [...noise(2, QUIET_MOVE), ...gap(1), ...noise(4, QUIET_MOVE)];
    const found = findOutOfScope(
      scene({
        market: [{ symbol: BTC, past: CALM_PAST, judged }, calm(ETH)],
        asks: [buy((3 * BAR_MINUTES + 1) * MINUTE_MS, BTC, 300)],
      }),
    );
    assert.deepEqual(found, [], 'the last bar closed less than two bars ago, as freshness.bars permits');
  });

  it('on turnover with a bid far below the market (SAE-R)', () => {
    const found = findOutOfScope(
      scene({
        market: [calm(BTC), calm(ETH)],
        premise: budget('turnover_usdt_per_day', 1500),
        asks: [buy(MINUTE_MS, ETH, 900, { limitPrice: 900 }), buy(2 * MINUTE_MS, BTC, 900)],
      }),
    );
    assert.deepEqual(found, [], 'an order that rests counts in full at the larger of mark and limit');
  });

  it('on fees where symbols differ in theirs (SAE-R)', () => {
    const found = findOutOfScope(
      scene({
        market: [calm(BTC, { takerFee: 0.00001 }), calm(ETH)],
        premise: budget('fees_usdt_per_day', 0.352),
        asks: [buy(MINUTE_MS, ETH, 700, { limitPrice: 999 }), buy(2 * MINUTE_MS, BTC, 900)],
      }),
    );
    assert.deepEqual(found, [], 'fees to come are those of the symbols that will pay them');
  });

  it('on funding that settles while its market stands still (SAE-FUND)', () => {
    const judged = [...noise(2, QUIET_MOVE), ...gap(3), ...noise(4, QUIET_MOVE)];
    const funding = [{ atMs: START_MS + 3 * BAR_MINUTES * MINUTE_MS, rate: 0.012, intervalMs: 28_800_000 }];
    const found = findOutOfScope(
      scene({
        market: [{ symbol: BTC, past: CALM_PAST, judged, funding }, calm(ETH)],
        asks: [buy(MINUTE_MS, BTC, 100), buy((3 * BAR_MINUTES + 5) * MINUTE_MS, ETH, 900)],
      }),
    );
    assert.deepEqual(found, [], 'a feed reads funding in a gap too, so gross is that of an extreme market');
  });

  it('on the last mark before a gap (SAE-OOS-CAP)', () => {
    const judged = [...noise(1, QUIET_MOVE), ...drift(5, 0.005), ...gap(2), ...noise(4, QUIET_MOVE)];
    const found = findOutOfScope(
      scene({
        market: [{ symbol: BTC, past: CALM_PAST, judged }, calm(ETH)],
        premise: budget('gross_notional_usdt', 1500),
        asks: [buy(MINUTE_MS, BTC, 1000), buy((6 * BAR_MINUTES + 1) * MINUTE_MS, ETH, 900)],
      }),
    );
    assert.deepEqual(found, [], 'a feed has read the mark until the market stood still');
  });

  for (const heldBars of [3, 4, 5]) {
    it(`on extreme funding that ended ${heldBars} bars ago (SAE-FUND)`, () => {
      const at = (bars: number) => START_MS + bars * BAR_MINUTES * MINUTE_MS;
      const funding = [
        { atMs: at(2), rate: 0.012, intervalMs: 28_800_000 },
        { atMs: at(4), rate: 0.0001, intervalMs: 28_800_000 },
      ];
      const found = findOutOfScope(
        scene({
          market: [{ symbol: BTC, past: CALM_PAST, judged: noise(12, QUIET_MOVE), funding }, calm(ETH)],
          asks: [buy(((4 + heldBars) * BAR_MINUTES + 1) * MINUTE_MS, BTC, 900)],
        }),
      );
      assert.deepEqual(found, [], 'the rate that settles as a bar closes is in force at its close');
    });
  }

  for (const barsBefore of [1, 2, 3, 4]) {
    it(`on a jump that closed ${barsBefore} bars before the first quote (SAE-VOL)`, () => {
      const past = [...CALM_PAST, { r: 0.002, volume: 1_000_000 }, ...noise(barsBefore, QUIET_MOVE)];
      const asks = Array.from({ length: 5 }, (_, bar) => buy((bar * BAR_MINUTES + 1) * MINUTE_MS, BTC, 300));
      const found = findOutOfScope(
        scene({ market: [{ symbol: BTC, past, judged: noise(12, QUIET_MOVE) }, calm(ETH)], asks }),
      );
      assert.deepEqual(found, [], 'the label of a close stands through the bar that begins with it, quoted or not');
    });
  }

  it('on a slice that falls on the opening of a bar (SAE-OOS-STATE)', () => {
    const wild = (bars: number) => noise(bars, VOLATILE_MOVE, VOLATILE_VOLUME);
    const judged = [...wild(2), ...gap(1), ...wild(4)];
    const asks = [buy(4 * BAR_MINUTES * MINUTE_MS - 4000, BTC, 400)];
    const found = findOutOfScope(scene({ market: [{ symbol: BTC, past: VOLATILE_PAST, judged }, calm(ETH)], asks }));
    assert.deepEqual(found, [], 'the first bar after the gap has closed by then, and starts the window anew');
  });
});
