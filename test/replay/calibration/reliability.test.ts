import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { buildReliability, measureReliability } from '../../../daemon/evaluation/metrics/calibration/reliability.ts';
import type { TraderSample } from '../../../daemon/evaluation/metrics/calibration/trader-samples.ts';
import { measureReliability as measureFit } from '../../../scripts/calibrate/reliability.ts';

/** Outcomes drawn with probability `truth(p)`; `perAccount` samples share an account, and with it one forecast. */
function draw(seed: number, accounts: number, perAccount: number, truth: (p: number) => number): TraderSample[] {
  const random = xoroshiro128plus(seed);
  return Array.from({ length: accounts }, (_, account) => {
    const p = uniformFloat64(random);
    const shared = uniformFloat64(random) < truth(p) ? 1 : 0;
    return Array.from(
      { length: perAccount },
      (_, i): TraderSample => ({ account: `a${account}`, atMs: i, p, escalated: shared }),
    );
  }).flat();
}
const near = (a: number | undefined, b: number, what: string) =>
  assert.ok(a !== undefined && Math.abs(a - b) < 1e-12, `${what}: ${a} and ${b}`);

describe('reliability', () => {
  it('has bins of equal width, closed below, the last one above too', () => {
    const bins = buildReliability(
      [
        { p: 0, escalated: 0 },
        { p: 0.25, escalated: 1 },
        { p: 0.3, escalated: 0 },
        { p: 1, escalated: 1 },
      ],
      4,
    );
    assert.deepEqual(
      bins,
      [
        { lower: 0, upper: 0.25, meanP: 0, frequency: 0, n: 1 },
        { lower: 0.25, upper: 0.5, meanP: 0.275, frequency: 0.5, n: 2 },
        { lower: 0.5, upper: 0.75, meanP: null, frequency: null, n: 0 },
        { lower: 0.75, upper: 1, meanP: 1, frequency: 1, n: 1 },
      ],
      'bins',
    );
    for (const bin of buildReliability(
      [0.1, 0.2, 0.3, 0.6, 0.7, 0.9].map((p) => ({ p, escalated: 0 as const })),
      10,
    ))
      if (bin.meanP !== null) assert.ok(bin.lower <= bin.meanP && bin.meanP < bin.upper, `${bin.meanP} in its own bin`);
  });

  it('refuses forecasts that are no probabilities, and no bins', () => {
    for (const p of [-0.01, 1.01, Number.NaN])
      assert.throws(() => buildReliability([{ p, escalated: 0 }], 10), RangeError, String(p));
    assert.throws(() => buildReliability([], 0), RangeError, 'no bins');
  });

  it('agrees with the figures of the fit on the same forecasts', () => {
    const sample = fc.record({
      p: fc.double({ min: 0, max: 0.999, noNaN: true }),
      escalated: fc.constantFrom(0 as const, 1 as const),
    });
    fc.assert(
      fc.property(fc.array(sample, { minLength: 40, maxLength: 120 }), (drawn) => {
        fc.pre(new Set(drawn.map(({ escalated }) => escalated)).size === 2);
        const samples = drawn.map((each, i): TraderSample => ({ ...each, account: `a${i % 7}`, atMs: i }));
        const found = measureReliability(samples, { replicates: 2 });
        const fitted = measureFit(
          drawn.map(({ p }) => p),
          drawn.map(({ escalated }) => escalated === 1),
        );
        near(found.baseRate?.mean, fitted.baseRate, 'base rate');
        near(found.brier?.mean, fitted.brier, 'Brier');
        near(found.brierOfBaseRate ?? undefined, fitted.brierOfBaseRate, 'Brier of the base rate');
        near(found.auc?.mean, fitted.auc, 'AUC');
        near(found.ece?.mean, fitted.calibrationError, 'ECE');
      }),
      { seed: 9, numRuns: 100 },
    );
  });

  it('tells a calibrated score from one that promises too much', () => {
    const good = measureReliability(draw(1, 3000, 1, (p) => p));
    const bad = measureReliability(draw(1, 3000, 1, (p) => p * p));
    assert.ok((good.ece?.hi ?? 1) < 0.06, `calibrated: ${JSON.stringify(good.ece)}`);
    assert.ok((bad.ece?.lo ?? 0) > 0.1, `not calibrated: ${JSON.stringify(bad.ece)}`);
    assert.ok((good.brier?.mean ?? 1) < (good.brierOfBaseRate ?? 0), 'better than the base rate');
    assert.ok((good.auc?.lo ?? 0) > 0.75, `ranks: ${JSON.stringify(good.auc)}`);
  });

  it('has intervals over accounts: more samples of the same accounts do not narrow them', () => {
    const width = (samples: TraderSample[]) => {
      const { brier } = measureReliability(samples);
      assert.ok(brier !== null && brier.lo <= brier.mean && brier.mean <= brier.hi, 'the figure lies in its interval');
      return brier.hi - brier.lo;
    };
    const once = width(draw(2, 60, 1, (p) => p));
    const often = width(draw(2, 60, 20, (p) => p));
    const more = width(draw(2, 1200, 1, (p) => p));
    assert.ok(Math.abs(often - once) < 1e-9, `twenty times the same accounts: ${once} and ${often}`);
    assert.ok(more < once / 2, `twenty times as many accounts: ${once} and ${more}`);
  });

  it('is the same bit by bit for the same samples in any order', () => {
    const samples = draw(3, 80, 3, (p) => p);
    assert.deepEqual(measureReliability([...samples].reverse()), measureReliability(samples), 'order');
    const other = measureReliability(samples, { seed: 1 });
    assert.notDeepEqual(other.brier, measureReliability(samples).brier, 'another seed draws other accounts');
  });

  it('says nothing from fewer than thirty samples, and no ranking of one kind', () => {
    const few = measureReliability(draw(4, 29, 1, (p) => p));
    assert.deepEqual([few.samples, few.brier, few.ece, few.auc, few.baseRate], [29, null, null, null, null], 'few');
    const none = measureReliability([]);
    assert.deepEqual([none.samples, none.accounts, none.bins.length], [0, 0, 10], 'nothing at all');
    const one = measureReliability(draw(4, 50, 1, () => 0));
    assert.deepEqual([one.auc, one.baseRate?.mean], [null, 0], 'nobody escalates');
  });
});
