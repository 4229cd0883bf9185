import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explainPolicy } from '../../daemon/policy/explain.ts';
import { changed, DEFAULT_POLICY, loadSpec } from './documents.ts';

describe('explainPolicy', () => {
  it('gives the caps of every regime in numbers', () => {
    const { base, regimes } = explainPolicy(DEFAULT_POLICY);
    assert.deepEqual(base, {
      leverage: 3,
      order_notional_usdt: 1000,
      symbol_notional_usdt: 2000,
      gross_notional_usdt: 3000,
      order_rate: 20,
      slippage_bps: 20,
    });
    assert.deepEqual(
      regimes.map((each) => each.caps.leverage),
      [3, 2, 1],
    );
    assert.deepEqual(
      regimes.map((each) => each.caps.order_notional_usdt),
      [1000, 600, 250],
    );
    assert.deepEqual(
      regimes.map((each) => each.caps.order_rate),
      [20, 10, 8],
    );
    assert.deepEqual(
      regimes.map((each) => each.caps.slippage_bps),
      [20, 15, 10],
    );
    assert.deepEqual(
      regimes.map((each) => [each.cooldown_ms, each.slices, each.opens]),
      [
        [0, 1, true],
        [60_000, 4, true],
        [120_000, 5, true],
      ],
    );
    assert.deepEqual(
      explainPolicy(loadSpec('policies/strict.yaml')).regimes.map((each) => each.opens),
      [true, true, false],
    );
  });

  it('says what tightens them, each with its figures', () => {
    const found = new Map(explainPolicy(DEFAULT_POLICY).tightenings.map((each) => [each.cause, each]));
    assert.equal(found.get('drawdown over 30 d from 5 %')?.effect, 'all budgets x 0.5');
    assert.equal(found.get('drawdown over 30 d from 5 %')?.caps?.order_notional_usdt, 500);
    assert.equal(found.get('drawdown over 30 d from 10 %')?.caps, null);
    assert.equal(found.get('token without a skill (provenance 0.5, capability risk 0.5)')?.effect, 'nothing');
    assert.equal(found.get('unknown skill (provenance 0.3, capability risk 0.8)')?.caps?.gross_notional_usdt, 750);
    assert.equal(found.get('injection signal, for at most 1 d')?.caps?.order_notional_usdt, 400);
    assert.equal(found.get('anomaly signal, for at most 1 h')?.effect, 'nothing is opened; exits and cancels pass');
    assert.equal(found.get('escalation probability of an agent from 50 %')?.effect, 'all budgets x 0.5');
  });

  it('says what each tightens, by the one table of scopes', () => {
    const found = new Map(explainPolicy(DEFAULT_POLICY).tightenings.map((each) => [each.cause, each.tightens]));
    assert.equal(found.get('drawdown over 30 d from 5 %'), 'the account');
    assert.equal(found.get('token without a skill (provenance 0.5, capability risk 0.5)'), 'each caller');
    assert.equal(found.get('injection signal, for at most 1 d'), 'what the signal names');
    assert.equal(found.get('escalation probability of an agent from 50 %'), 'each caller');
  });

  it('says where a signal may cut a position back', () => {
    const says = (path: string): boolean =>
      explainPolicy(loadSpec(path)).pacing.some((line) => line.includes('signal about its symbol or the account'));
    assert.deepEqual(['policies/default.yaml', 'policies/strict.yaml'].map(says), [false, true]);
  });

  it('says what a stop is, and what a person must approve', () => {
    const says = (pacing: readonly string[]): readonly string[] => pacing.slice(-2);
    assert.deepEqual(says(explainPolicy(DEFAULT_POLICY).pacing), [
      'the gate places no stop',
      'no order needs the approval of a person',
    ]);
    const approvals = { when: [{ notional_above_usdt: 500 }, {}], window_ms: 3_600_000, expiry_ms: 300_000, quorum: 2 };
    const asks = 'a person must approve within 5 min what opens and meets {"notional_above_usdt":500} or {}, 2 people';
    const explained = (section: object): readonly string[] =>
      says(explainPolicy(changed({ approvals: section, 'protection.required': true })).pacing);
    assert.deepEqual(explained(approvals), [
      `every position gets a stop at the venue, ${DEFAULT_POLICY.protection.stop_bps} bps from its entry price`,
      `${asks}; sums are over 1 h`,
    ]);
    assert.match(explained({ ...approvals, quorum_above_usdt: 900 })[1] ?? '', /, 2 people above 900 USDT;/);
  });

  it('lists what agents are held to', () => {
    const { agents } = explainPolicy(
      changed({ 'agents.bob': { budgets: { leverage: 1 }, scope: { symbols: ['BTCUSDT'] }, reserve: ['BTCUSDT'] } }),
    );
    assert.deepEqual(agents, [
      { agent: 'default', held_to: [] },
      { agent: 'bob', held_to: ['budgets.leverage = 1', 'scope.symbols = ["BTCUSDT"]', 'reserve = ["BTCUSDT"]'] },
    ]);
  });
});
