import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildCase, type Change, codesOf, decideCase } from './decision-fixture.ts';

/** What the gate knows of a symbol that no feed watches: nothing. */
const UNWATCHED: Change = {
  context: {
    market: {
      ask: null,
      bar_count: 0,
      bars_as_of_ms: null,
      bid: null,
      funding_at_ms: null,
      funding_rate_8h: null,
      held_regime: 'extreme',
      history_count: 0,
      jump_ratio: null,
      liquidity: null,
      liquidity_floor: null,
      mark: null,
      mark_at_ms: null,
      quote_at_ms: null,
      rules: null,
      sigma: null,
      sigma_baseline: null,
    },
  },
};

for (const [symbol, isInScope] of [
  ['BTCUSDT', true],
  ['DOGEUSDT', false],
] as const) {
  for (const [data, change] of [
    ['unwatched', UNWATCHED],
    ['known', {}],
  ] as const) {
    test(`SAE-T: freshness is judged of symbols in scope alone (${symbol}, ${data})`, () => {
      const decision = decideCase(buildCase({ request: { symbol } }, change));
      const codes = codesOf(decision);
      const stale = codes.filter((code) => code.startsWith('STALE_'));
      assert.equal(codes.includes('SCOPE_SYMBOL'), !isInScope, 'the scope says so itself');
      assert.equal(stale.length > 0, isInScope && data === 'unwatched', `reasons ${codes.join(', ')}`);
      const verdicts = decision.verdicts.filter((verdict) => verdict.rule === 4);
      const outcome = isInScope ? (data === 'unwatched' ? 'deny' : 'pass') : 'skipped';
      assert.ok(verdicts.length > 0 && verdicts.every((verdict) => verdict.outcome === outcome), `rule 4: ${outcome}`);
      assert.equal(decision.decision === 'BLOCK', !(isInScope && data === 'known'), 'neither is ever permitted');
    });
  }
}
