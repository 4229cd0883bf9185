import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TuneError } from '../../../daemon/evaluation/facts/out-folder.ts';
import { buildSyntheticMarket } from '../../../daemon/evaluation/market/synthetic.ts';
import { cutSegment, findSplit } from '../../../daemon/evaluation/tune/evaluator.ts';

const DAY_MS = 86_400_000;
const market = (days: number) =>
  buildSyntheticMarket({ seed: 1, bars: days * 24, warmupBars: 48, barMs: 3_600_000, symbols: ['BTCUSDT'] });

describe('the segments of a walk-forward', () => {
  it('are disjoint, whole days, and together the window', () => {
    const data = market(20);
    const splitMs = findSplit(data, 0.62);
    assert.equal((splitMs - data.startMs) / DAY_MS, 12, 'the day below 12.4 days');
    const tuning = cutSegment(data, splitMs, 'tuning');
    const out = cutSegment(data, splitMs, 'out_of_sample');
    assert.deepEqual(
      [tuning.startMs, tuning.endMs, out.startMs, out.endMs],
      [data.startMs, splitMs, splitMs, data.endMs],
    );
    const [early] = tuning.symbols;
    assert.equal(early!.openMs.at(-1), splitMs - data.barMs, 'the last bar closes at the split');
    assert.ok(early!.funding.length > 0, 'no funding is left');
    assert.ok(
      early!.funding.every(({ atMs }) => atMs < splitMs),
      'funding of the future',
    );
    for (const column of [early!.open, early!.high, early!.low, early!.close, early!.volume])
      assert.equal(column.length, early!.openMs.length, 'columns of different lengths');
    assert.equal(out.symbols[0]!.openMs.length, data.symbols[0]!.openMs.length, 'what was tuned on is history later');
  });

  it('need five days each', () => {
    assert.equal(findSplit(market(10), 0.5), market(10).startMs + 5 * DAY_MS, 'five and five are enough');
    for (const [days, share] of [
      [9, 0.5],
      [20, 0.2],
      [20, 0.8],
      [20, 0],
      [20, 1],
    ] as const) {
      assert.throws(() => findSplit(market(days), share), TuneError, `${days} days at ${share} were taken`);
    }
  });
});
