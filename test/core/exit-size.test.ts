import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { exitLots } from '../../daemon/core/decide/exit.ts';
import { forAll } from '../for-all.ts';
import { baseRules, type Change, codesOf, decideWith } from './decision-fixture.ts';

/** As at each boot until the first quote: nothing values the symbol but what was recorded. */
const BLIND: Change = {
  request: { intent: 'close', side: 'sell', origin: 'operator', requested_notional: null, max_slippage_bps: null },
  context: {
    exposure: { long_lots: 10, long_units: 6_000_000, recorded_price: 60_000 },
    market: { ask: null, bid: null, mark: null, mark_at_ms: null, quote_at_ms: null },
  },
};
const lotsOf = (...changes: readonly Change[]): number => decideWith(BLIND, ...changes).effective?.lots ?? Number.NaN;

test('BY-49 a fraction needs no price: a tenth of ten lots is one lot, not all of them', () => {
  assert.equal(lotsOf({ request: { fraction: 0.1 } }), 1);
  assert.equal(lotsOf({ request: { fraction: 0.1 }, context: { exposure: { recorded_price: null } } }), 1);
  assert.deepEqual(codesOf(decideWith(BLIND, { request: { fraction: 0.1 } })), []);
});

test('BY-49 a notional without a price uses what was recorded; without that the exit passes whole, and says so', () => {
  // One lot is 60 USDT.
  assert.equal(lotsOf({ request: { requested_notional: 180 } }), 3);
  const unknown: Change = { request: { requested_notional: 180 }, context: { exposure: { recorded_price: null } } };
  assert.equal(lotsOf(unknown), 10);
  assert.deepEqual(codesOf(decideWith(BLIND, unknown)), ['EXIT_CLIPPED']);
});

test('a part is one of what is proven to be held: a reading that lags shows what is closed already [EX-27]', () => {
  const lagging: Change = { context: { exposure: { position_lots: 6 } } };
  assert.equal(lotsOf(lagging, { request: { fraction: 0.5 } }), 3);
  assert.equal(lotsOf(lagging, { request: { fraction: 1 } }), 10, 'the whole is all that may be there');
  assert.equal(lotsOf({ request: { fraction: 0.5 } }), 5, 'nothing is proven: what the reading shows');
});

test('a rest below the minimum notional stays: only one below the least quantity is taken along', () => {
  const seen: Change = { context: { market: { mark: 60_000, bid: 60_000, ask: 60_000 } } };
  // The rest of one lot is 60 USDT, below the minimum of 100.
  assert.equal(
    lotsOf(seen, { request: { fraction: 0.9 }, context: { market: { rules: { min_notional_usdt: 100 } } } }),
    9,
  );
  assert.equal(lotsOf(seen, { request: { fraction: 0.9 }, context: { market: { rules: { min_lots: 2 } } } }), 10);
});

test('an exit is never more than asked, but for the least quantity, nor more than is held, but where all of it is less', () => {
  const size = fc.record({
    requested: fc.integer({ min: 0, max: 1000 }),
    permitted: fc.integer({ min: 1, max: 1000 }),
    minLots: fc.integer({ min: 0, max: 40 }),
    others: fc.constantFrom(0, 0, 1, 50),
  });
  forAll([size], { seed: 61 }, ({ requested, permitted, minLots, others }) => {
    const least = Math.max(1, minLots);
    const exit = {
      side: 'sell',
      positionLots: permitted + others,
      permittedLots: permitted,
      provenLots: permitted,
    } as const;
    const lots = exitLots(requested, exit, { ...baseRules, min_lots: minLots });
    const most = others === 0 ? Math.max(permitted, least) : permitted;
    assert.ok(lots >= 1 && lots <= most);
    assert.ok(lots <= Math.max(requested, least) || (most - Math.max(requested, least) < least && lots === most));
    assert.ok(lots >= most || most - lots >= least, 'what is left can be closed by itself');
  });
});

/** Two lots of a position, the venue's least quantity being three. */
const SMALL: Change = {
  request: { origin: 'agent' },
  context: {
    agent: { share_lots: 2 },
    exposure: { long_lots: 2, long_units: 1_200_000 },
    market: { mark: 60_000, bid: 60_000, ask: 60_000, rules: { min_lots: 3 } },
  },
};
test('what is held below the least quantity is closed by an order of it, which reduces only [EX-31]', () => {
  for (const fraction of [null, 1, 0.5, 0.1]) {
    const { decision, effective } = decideWith(BLIND, SMALL, { request: { fraction } });
    assert.notEqual(decision, 'BLOCK', `fraction ${fraction}`);
    assert.ok(effective !== null && effective.action === 'exit');
    assert.deepEqual([effective.lots, effective.reduce_only], [3, true], `fraction ${fraction}`);
  }
});

test('beside lots of nobody such an order would close theirs: of an agent it is no larger than what it holds', () => {
  const beside: Change = { context: { exposure: { long_lots: 12, long_units: 7_200_000 } } };
  assert.equal(lotsOf(SMALL, beside), 2);
  assert.equal(lotsOf(SMALL, beside, { request: { origin: 'operator' } }), 12, 'an operator closes all of it');
  assert.equal(lotsOf(SMALL, { request: { origin: 'operator' }, context: { agent: { share_lots: 0 } } }), 3);
});
