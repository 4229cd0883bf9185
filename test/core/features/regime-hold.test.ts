import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { highestRegime, REGIME_RANK } from '../../../daemon/core/features/market.ts';
import { type RegimeHold, stepRegimeHold } from '../../../daemon/core/features/regime-hold.ts';
import { REGIMES, type Regime } from '../../../daemon/core/policy.ts';
import { forAll } from '../../for-all.ts';

const BAR_MS = 900_000;
const LETTER: { readonly [letter: string]: Regime } = { c: 'calm', v: 'volatile', e: 'extreme' };

/** Small letters are closed bars, capital letters are observations of the running bar after them. */
function regimesOf(sequence: string, holdBars: number): string {
  let state: RegimeHold | null = null;
  let asOf = 0;
  let out = '';
  for (const letter of sequence) {
    const isClosed = letter === letter.toLowerCase();
    if (isClosed) asOf += BAR_MS;
    const raw = LETTER[letter.toLowerCase()]!;
    state = stepRegimeHold(state, { raw, bars_as_of_ms: asOf, is_closed: isClosed }, holdBars);
    out += isClosed ? state.regime[0] : state.regime[0]!.toUpperCase();
  }
  return out;
}

test('upgrades are immediate and downgrades wait for that many closed bars below [PK-86]', () => {
  const table: readonly [string, number, string][] = [
    // raw,            hold, in force
    ['ccvcccccc', 4, 'ccvvvvccc'],
    ['ceccccccc', 4, 'ceeeecccc'],
    ['cecvccccc', 4, 'ceeeevvcc'],
    ['cevvvvccccc', 4, 'ceeeevvvvcc'],
    ['ccvcccvcccccc', 4, 'ccvvvvvvvvccc'],
    ['vcccc', 1, 'vcccc'],
    ['evc', 0, 'evc'],
    ['cvc', 0, 'cvc'],
    ['ecccc', 3, 'eeecc'],
  ];
  for (const [raw, hold, expected] of table) assert.equal(regimesOf(raw, hold), expected, `${raw} held ${hold}`);
});

test('a running bar raises the regime at once, never lowers it, and its own close is not a calm bar', () => {
  assert.equal(regimesOf('cE', 4), 'cE');
  assert.equal(regimesOf('cECCCCCCCC', 4), 'cEEEEEEEEE');
  // The bar that reached extreme while running closes calm; four whole bars below must follow.
  assert.equal(regimesOf('cEccccc', 4), 'cEeeeec');
  assert.equal(regimesOf('cEccEcccccc', 4), 'cEeeEeeeecc');
  assert.equal(regimesOf('cVCc', 0), 'cVVc');
});

test('the regime in force is the highest raw one of the last hold bars', () => {
  const raws = fc.array(fc.constantFrom(...REGIMES), { minLength: 1, maxLength: 60 });
  forAll([raws, fc.integer({ min: 0, max: 8 })], { seed: 41, numRuns: 500 }, (sequence, hold) => {
    let state: RegimeHold | null = null;
    sequence.forEach((raw, i) => {
      state = stepRegimeHold(state, { raw, bars_as_of_ms: (i + 1) * BAR_MS, is_closed: true }, hold);
      const window = sequence.slice(Math.max(0, i + 1 - Math.max(1, hold)), i + 1);
      assert.equal(state.regime, window.reduce(highestRegime));
    });
  });
});

test('a repeated or late bar can raise the regime but never counts as a calm one', () => {
  const start = stepRegimeHold(null, { raw: 'extreme', bars_as_of_ms: BAR_MS * 9, is_closed: true }, 4);
  let state = start;
  for (let i = 0; i < 20; i++) {
    state = stepRegimeHold(state, { raw: 'calm', bars_as_of_ms: BAR_MS * (9 - (i % 3)), is_closed: true }, 4);
  }
  assert.equal(state, start);
  const calm = stepRegimeHold(null, { raw: 'calm', bars_as_of_ms: BAR_MS * 9, is_closed: true }, 4);
  const raised = stepRegimeHold(calm, { raw: 'extreme', bars_as_of_ms: BAR_MS * 2, is_closed: true }, 4);
  assert.equal(raised.regime, 'extreme');
  assert.equal(raised.bars_as_of_ms, BAR_MS * 9);
});

test('no interleaving of running and closed observations leaves the regime below the raw one', () => {
  const step = fc.record({
    raw: fc.constantFrom(...REGIMES),
    is_closed: fc.boolean(),
    advance: fc.integer({ min: -1, max: 2 }),
  });
  forAll(
    [fc.array(step, { maxLength: 80 }), fc.integer({ min: 0, max: 6 })],
    { seed: 42, numRuns: 500 },
    (steps, hold) => {
      let state: RegimeHold | null = null;
      let asOf = BAR_MS * 10;
      for (const { raw, is_closed, advance } of steps) {
        if (is_closed) asOf += advance * BAR_MS;
        const before: RegimeHold | null = state;
        const next: RegimeHold = stepRegimeHold(before, { raw, bars_as_of_ms: asOf, is_closed }, hold);
        assert.ok(REGIME_RANK[next.regime] >= REGIME_RANK[raw]);
        if (before !== null && !is_closed) assert.ok(REGIME_RANK[next.regime] >= REGIME_RANK[before.regime]);
        assert.deepEqual(JSON.parse(JSON.stringify(next)), next);
        state = next;
      }
    },
  );
});

test('the state names when the regime in force began', () => {
  let state = stepRegimeHold(null, { raw: 'calm', bars_as_of_ms: BAR_MS, is_closed: true }, 2);
  state = stepRegimeHold(state, { raw: 'calm', bars_as_of_ms: BAR_MS * 2, is_closed: true }, 2);
  assert.equal(state.since_ms, BAR_MS);
  state = stepRegimeHold(state, { raw: 'extreme', bars_as_of_ms: BAR_MS * 3, is_closed: true }, 2);
  assert.equal(state.since_ms, BAR_MS * 3);
});
