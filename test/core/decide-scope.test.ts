import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildCase, type Change, codesOf, decideCase, NOW } from './decision-fixture.ts';

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

/** What the gate sees of such a symbol: nothing of its own, and an account that is full and busy. */
const BUSY: Change = {
  context: { exposure: { other_positions: 50 }, pacing: { account_sends: 3, last_open_parent_at_ms: NOW - 1 } },
};

test('SAE-T: a symbol out of scope is denied for that alone, and the reason names what is allowed', () => {
  const decision = decideCase(buildCase({ request: { symbol: 'DOGEUSDT' } }, UNWATCHED, BUSY));
  assert.equal(decision.decision, 'BLOCK', 'it is denied');
  assert.deepEqual(codesOf(decision), ['SCOPE_SYMBOL'], 'no regime, wait, rate or place beside it');
  assert.equal(decision.retry_after_ms, null, 'waiting changes nothing');
  const [reason] = decision.reasons;
  assert.deepEqual([reason?.observed, reason?.limit], ['DOGEUSDT', 'BTCUSDT, ETHUSDT'], 'what is allowed');
  for (const [rule, code] of [
    [4, 'FRESHNESS'],
    [6, 'TEMPORAL'],
    [7, 'REGIME'],
    [8, 'ACCOUNT_POSITIONS'],
  ] as const) {
    const verdict = decision.verdicts.find((each) => each.rule === rule && each.code === code);
    assert.equal(verdict?.outcome, 'skipped', `rule ${rule} says that it was skipped`);
  }
});

test('SAE-T: the account as a whole is judged for a symbol out of scope, too', () => {
  const halted: Change = { context: { state: { state: 'halted' }, account: { drawdown: 0.9 } } };
  const codes = codesOf(decideCase(buildCase({ request: { symbol: 'DOGEUSDT' } }, UNWATCHED, halted)));
  assert.ok(codes.includes('STATE_HALTED') && codes.includes('ACCOUNT_DRAWDOWN'), codes.join(', '));
});

test('SCOPE_SYMBOL leaves out a list that is too long to read', () => {
  const symbols = Array.from({ length: 30 }, (_, i) => `COIN${i}USDT`);
  const [reason] = decideCase(buildCase({ request: { symbol: 'DOGEUSDT' }, policy: { scope: { symbols } } })).reasons;
  assert.deepEqual([reason?.code, reason?.limit], ['SCOPE_SYMBOL', null], 'GET /v1/limits lists them');
});
