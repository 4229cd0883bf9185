import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { regimesAreOrdered } from '../../../daemon/core/looser/is-at-most.ts';
import type { IntendedPolicySpec } from '../../../daemon/core/policy.ts';
import { hashBudgets, loadVariant, VARIANT_NAMES } from '../../../daemon/evaluation/setup/variants.ts';
import { buildCandidate, keepsLeverageCaps } from '../../../daemon/evaluation/tune/candidate.ts';
import {
  buildSpace,
  createTrialDraws,
  proposePoint,
  readPoint,
  shareOf,
  valueFrom,
} from '../../../daemon/evaluation/tune/space.ts';
import { hashPolicy, parsePolicy } from '../../../daemon/policy/parse.ts';
import { writePolicyYaml } from '../../../daemon/policy/text/write-yaml.ts';
import { forAll } from '../../for-all.ts';

const start = loadVariant('Holdfast');
const space = buildSpace(start.spec);
const startPoint = readPoint(space, start.spec);

/** What tuning may not touch. */
function frozenParts({ budgets, market, name: _name, ...spec }: IntendedPolicySpec): object {
  const { temporal, trader_state, account, ...rest } = spec;
  const { duplicate_window_ms, duplicate_exempt, breaker } = temporal;
  const { min_liquidation_distance, margin_buffer_usdt, margin_ratio } = account;
  const { enforce_block, window_trades, max_age_ms, base_rate } = trader_state;
  const pacing = { duplicate_window_ms, duplicate_exempt, breaker };
  const trader = { enforce_block, window_trades, max_age_ms, base_rate };
  const limits = { min_liquidation_distance, margin_buffer_usdt, margin_ratio };
  const calm = market.regimes.calm;
  const fixed = { freshness: market.freshness, bar_ms: market.bar_ms, collar: market.collar_bps, calm };
  return { rest, r: hashBudgets({ budgets } as IntendedPolicySpec), fixed, ...pacing, ...trader, ...limits };
}

describe('candidates of the search', () => {
  it('move the keys that the space declares and leave R, scope, freshness and modes alone', () => {
    const before = frozenParts(start.spec);
    let valid = 0;
    for (let index = 1; index <= 16; index++) {
      const draws = createTrialDraws(7, index);
      const point = proposePoint(space, index % 2 === 1, startPoint, draws);
      const candidate = buildCandidate(start, space, point);
      if (candidate === null) continue;
      valid += 1;
      const { spec } = candidate.variant;
      assert.deepEqual(frozenParts(spec), before, `trial ${index} touches what is not searched`);
      assert.ok(keepsLeverageCaps(spec), `trial ${index} exceeds leverage 3, 2, 1`);
      assert.ok(regimesAreOrdered(spec), `trial ${index} lets a higher regime do more`);
      const text = writePolicyYaml(spec, ['x']);
      const parsed = parsePolicy(text, 'x');
      assert.ok(parsed.ok && parsed.policy.hash === candidate.variant.hash, `trial ${index} is not what its file says`);
    }
    assert.ok(valid > 8, `only ${valid} of 16 proposals are valid policies`);
  });

  it('refuses a regime with more leverage than 3, 2, 1, and mends it in candidates', () => {
    const { regimes } = start.spec.market;
    const spec: IntendedPolicySpec = {
      ...start.spec,
      budgets: { ...start.spec.budgets, leverage: 5 },
      market: { ...start.spec.market, regimes: { ...regimes, extreme: { ...regimes.extreme, leverage: '2/5' } } },
    };
    assert.ok(!keepsLeverageCaps(spec), '5x in calm markets');
    const wide = { name: 'wide', spec, hash: hashPolicy(spec) };
    const candidate = buildCandidate(wide, buildSpace(spec), readPoint(buildSpace(spec), spec));
    assert.ok(candidate !== null, 'no candidate');
    const { calm, volatile, extreme } = candidate.variant.spec.market.regimes;
    assert.deepEqual([calm.leverage, volatile.leverage, extreme.leverage], ['3/5', '2/5', '1/5'], 'whole leverages');
  });

  it('keep values that were not moved as the operator wrote them', () => {
    const moved = { ...startPoint, 'market.regimes.extreme.notional': 0.3 };
    const candidate = buildCandidate(start, space, moved);
    const expected = structuredClone(start.spec) as unknown as Record<string, never> & IntendedPolicySpec;
    Object.assign(expected, { name: 'Holdfast-tuned' });
    Object.assign(expected.market.regimes.extreme, { notional: 0.3 });
    assert.deepEqual(candidate?.variant.spec, expected, 'one key and the name differ');
  });

  it('are proposed within their ranges, on their steps, the same for the same seed and trial', () => {
    forAll(
      [fc.integer(), fc.integer({ min: 1, max: 9999 }), fc.boolean()],
      { seed: 2, numRuns: 200 },
      (seed, index, isWide) => {
        const propose = () => proposePoint(space, isWide, startPoint, createTrialDraws(seed, index));
        const point = propose();
        assert.deepEqual(propose(), point, 'another proposal from the same seed');
        for (const { path, low, high } of space) {
          const value = point[path]!;
          if (value === startPoint[path]) continue;
          assert.ok(value >= low && value <= high, `${path} ${value} lies outside ${low} to ${high}`);
          assert.ok(String(value).length <= 8, `${path} ${value} is not on a step`);
        }
      },
    );
    for (const dimension of space)
      for (const share of [0, 0.3, 1]) {
        const value = valueFrom(dimension, share);
        const again = valueFrom(dimension, shareOf(dimension, value));
        assert.ok(Math.abs(again - value) <= dimension.step + 1e-9, `${dimension.path} does not come back`);
      }
  });

  it('come from every shipped variant, which without changes is itself', () => {
    for (const name of VARIANT_NAMES) {
      const { spec } = loadVariant(name);
      const parsed = parsePolicy(writePolicyYaml(spec, []), name);
      assert.ok(parsed.ok && parsed.policy.hash === hashPolicy(spec), `${name} does not come back from its text`);
      for (const { path } of buildSpace(spec)) assert.ok(!path.startsWith('scope'), `${path} of ${name}`);
    }
  });

  it('write texts that YAML could take for something else in quotes', () => {
    const spec = structuredClone(start.spec) as IntendedPolicySpec;
    const odd = {
      no: {},
      'a:b': {},
      '1.5': { type: 'object', const: 'null # x' },
      null: { enum: ['~', '0x1', ': -'] },
    };
    const changed = { ...spec, intercept: { allow: odd } } as unknown as IntendedPolicySpec;
    const parsed = parsePolicy(writePolicyYaml(changed, ['line: "quoted" # hash']), 'odd');
    // Names of foreign tools have their own pattern: what is checked here is that every text came back as it was.
    assert.ok(
      parsed.ok && parsed.policy.hash === hashPolicy(changed),
      JSON.stringify(parsed.ok ? '' : parsed.violations),
    );
  });
});

describe('candidates whose keys contradict each other', () => {
  const build = (changes: Record<string, number>, from = start) =>
    buildCandidate(from, buildSpace(from.spec), { ...readPoint(buildSpace(from.spec), from.spec), ...changes });

  it('are mended where an order says what was meant', () => {
    const tiers = build({ 'account.drawdown.tiers.0.at': 0.12, 'account.daily_loss.tiers.0.at': 0.06 });
    assert.deepEqual(
      [tiers?.parameters['account.drawdown.tiers.1.at'], tiers?.parameters['account.daily_loss.tiers.1.at']],
      [0.15, 0.075],
      'a passed tier moves up behind the one that passed it',
    );
    const levels = build({
      'market.volatility.volatile': 2.5,
      'market.volatility.absolute.volatile': 0.07,
      'trader_state.limit_at': 0.8,
    });
    assert.deepEqual(
      [levels?.parameters['market.volatility.extreme'], levels?.parameters['market.volatility.absolute.extreme']],
      [2.5, 0.07],
      'an upper threshold is no lower',
    );
    assert.equal(levels?.variant.spec.trader_state.block_at, 0.8, 'nor is that of the trader state');
    const regimes = build({ 'market.regimes.volatile.notional': 0.2, 'market.regimes.extreme.notional': 0.5 });
    assert.equal(regimes?.parameters['market.regimes.extreme.notional'], 0.2, 'extreme allows no more than volatile');
    const cooldown = build({ 'market.regimes.volatile.cooldown_ms': 300_000 });
    assert.equal(cooldown?.parameters['market.regimes.extreme.cooldown_ms'], 300_000, 'nor a shorter pause');
  });

  it('are none where the parser of policy check refuses them', () => {
    assert.equal(
      build({ 'market.regimes.extreme.slices': 9, 'market.regimes.extreme.order_rate': 0.4 }),
      null,
      '8 tokens',
    );
    assert.notEqual(
      build({ 'market.regimes.extreme.slices': 8, 'market.regimes.extreme.order_rate': 0.4 }),
      null,
      'of 8',
    );
  });

  it('are none where it warns of what it did not warn of before', () => {
    const spec: IntendedPolicySpec = { ...start.spec, staging: { spacing_ms: 2000, ttl_ms: 8000 } };
    const short = { name: 'short', spec, hash: hashPolicy(spec) };
    assert.notEqual(build({ 'market.regimes.extreme.notional': 0.3 }, short), null, 'five slices fit into 8 s');
    assert.equal(build({ 'market.regimes.extreme.slices': 6 }, short), null, 'the sixth would never be sent');
  });
});
