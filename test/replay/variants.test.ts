import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkPolicyShape } from '../../daemon/contract/policy/policy-shape.ts';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import {
  forSymbols,
  hashBudgets,
  loadVariant,
  scaleCaps,
  VARIANT_NAMES,
  VARIANTS,
  VariantError,
  type VariantName,
} from '../../daemon/evaluation/setup/variants.ts';
import { checkSemantics } from '../../daemon/policy/checks/semantics.ts';
import { hashPolicy } from '../../daemon/policy/parse.ts';
import { forAll } from '../for-all.ts';
import { DEFAULT_POLICY } from '../policy/documents.ts';

const REGIME_PARTS = ['leverage', 'notional', 'slippage'] as const;
const regimeKeys = (parts: readonly string[]) =>
  ['volatile', 'extreme'].flatMap((regime) => parts.map((part) => `market.regimes.${regime}.${part}`));
const TIERS = ['drawdown', 'daily_loss', 'margin_ratio'].map((key) => `account.${key}.tiers`);
const FAST_DETECTOR = [
  'market.volatility.absolute.volatile',
  'market.volatility.absolute.extreme',
  'market.volatility.jump_sigma',
];

/** Every leaf in which a variant differs from the one before it, by the switch that it names. */
const STEPS: readonly [VariantName, VariantName, { readonly [switchName: string]: readonly string[] }][] = [
  [
    'NoSAE',
    'StaticOMS',
    { enforcement: ['mode', 'market.collar_bps', 'exits.rate.max'], R: ['budgets'], stop: ['protection.required'] },
  ],
  [
    'StaticOMS',
    'Budget',
    {
      stop: ['protection.required'],
      regimes: regimeKeys(REGIME_PARTS),
      account: [
        ...TIERS,
        'account.concentration.share',
        'account.concentration.floor_usdt',
        'account.min_liquidation_distance',
        'account.margin_buffer_usdt',
      ],
    },
  ],
  [
    'Budget',
    'Budget+Cooldown',
    {
      cooldown: regimeKeys(['cooldown_ms']),
      staging: regimeKeys(['slices']),
      rate: [...regimeKeys(['order_rate']), ...TIERS],
      flip: ['temporal.flip_interval_ms'],
    },
  ],
  [
    'Budget+Cooldown',
    'Full',
    {
      trust: ['trust.tiers', 'trust.signals'],
      'trader state': [
        'trader_state.limit_at',
        'trader_state.block_at',
        'trader_state.multiplier',
        'trader_state.enforce_block',
      ],
    },
  ],
  [
    'Full',
    'Holdfast',
    {
      'fast detector': FAST_DETECTOR,
      regime: ['market.regime_hold_bars', 'market.liquidity.below_quantile'],
      'turnover and fees': ['budgets.turnover_usdt_per_day', 'budgets.fees_usdt_per_day'],
      repeats: ['temporal.duplicate_window_ms', 'temporal.duplicate_exempt', 'temporal.breaker'],
      standing: ['standing.resting_ttl_ms', 'standing.on_breach'],
      'p_t tightens only': ['trader_state.enforce_block'],
    },
  ],
  [
    'Holdfast',
    'Holdfast-no-regimes',
    { 'no regimes': regimeKeys([...REGIME_PARTS, 'order_rate', 'cooldown_ms', 'slices']) },
  ],
];

/** Dotted paths of the leaves that differ; lists are leaves. */
function differences(a: unknown, b: unknown, path = ''): string[] {
  if (isMap(a) && isMap(b)) {
    const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
    return keys.flatMap((key) => differences(a[key], b[key], path === '' ? key : `${path}.${key}`));
  }
  return JSON.stringify(a) === JSON.stringify(b) ? [] : [path];
}
function isMap(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
const isWithin = (path: string, part: string) => path === part || path.startsWith(`${part}.`);

describe('variants as policy files (SAE section 8)', () => {
  it('are all there, valid, and named as the table names them', () => {
    for (const name of VARIANT_NAMES) {
      const variant = loadVariant(name);
      assert.equal(variant.name, name, 'a variant has the name of the table');
      assert.equal(variant.hash, hashPolicy(variant.spec), `${name} has the hash of its document`);
      assert.equal(variant.spec.name, name.replace('+', ' and '), `${VARIANTS[name]} names itself`);
    }
    assert.equal(new Set(VARIANT_NAMES.map((name) => loadVariant(name).hash)).size, 7, 'no two files are the same');
  });

  it('have the same R in all but NoSAE, that of default.yaml', () => {
    const frozen = hashBudgets(DEFAULT_POLICY);
    for (const name of VARIANT_NAMES) {
      const isSame = hashBudgets(loadVariant(name).spec) === frozen;
      assert.equal(isSame, name !== 'NoSAE', `R of ${name}`);
    }
  });

  it('have the same T in all', () => {
    const scope = JSON.stringify(loadVariant('NoSAE').spec.scope);
    for (const name of VARIANT_NAMES) assert.equal(JSON.stringify(loadVariant(name).spec.scope), scope, name);
  });

  it('differ from the one before in the switches that they name, each of them, and in nothing else', () => {
    for (const [from, to, switches] of STEPS) {
      const found = differences(loadVariant(from).spec, loadVariant(to).spec).filter((path) => path !== 'name');
      const named = Object.entries(switches);
      const unnamed = found.filter((path) => !named.some(([, parts]) => parts.some((part) => isWithin(path, part))));
      assert.deepEqual(unnamed, [], `${from} -> ${to} changes what no switch names`);
      for (const [label, parts] of named) {
        const idle = parts.filter((part) => !found.some((path) => isWithin(path, part)));
        assert.deepEqual(idle, [], `${from} -> ${to}: ${label} changes nothing here`);
      }
    }
  });

  it('Holdfast is the shipped default.yaml with on_breach: reduce', () => {
    const found = differences(DEFAULT_POLICY, loadVariant('Holdfast').spec).sort();
    assert.deepEqual(
      found,
      ['name', 'scope.tools', 'scope.venues', 'standing.on_breach'],
      'paper is the only venue of the evaluation, and its agents read neither candles nor books',
    );
    assert.equal(loadVariant('Holdfast').spec.standing.on_breach, 'reduce', 'positions are cut back');
    const read = new Set(loadVariant('Holdfast').spec.scope.tools);
    const more = DEFAULT_POLICY.scope.tools.filter((tool) => !read.has(tool));
    assert.deepEqual(more, ['get_candles', 'get_order_book']);
  });

  it('SAE section 6 defaults stand in Full', () => {
    const { market, trader_state: trader } = loadVariant('Full').spec;
    const { volatile, extreme } = market.regimes;
    assert.deepEqual(
      [market.volatility.window_bars, market.volatility.volatile, market.volatility.extreme, market.funding.extreme],
      [60, 1, 2, 0.01],
      'regime thresholds',
    );
    assert.deepEqual(
      [volatile.leverage, extreme.leverage, volatile.cooldown_ms, extreme.cooldown_ms, volatile.slices, extreme.slices],
      ['2/3', '1/3', 60_000, 120_000, 4, 5],
      'leverage caps 3x / 2x / 1x of B_0 = 3, cooldowns, slices',
    );
    assert.deepEqual(
      [trader.window_trades, trader.limit_at, trader.block_at, trader.enforce_block],
      [200, 0.5, 0.7, true],
      'trader state',
    );
  });

  it('refuses what is no variant and what is no policy, and says what is wrong', () => {
    assert.throws(
      () => loadVariant('Nonesuch'),
      (error: unknown) => {
        assert.ok(error instanceof VariantError, 'an error of its own');
        assert.match(error.message, /Nonesuch is no variant \(NoSAE, StaticOMS, .*ENOENT/);
        return true;
      },
    );
    assert.throws(() => loadVariant('toString'), VariantError, 'names of Object.prototype are no variants');
    assert.throws(() => loadVariant('package.json'), /is not a valid policy:\n {2}\S/, 'a file that is something else');
  });
});

describe('scaled caps', () => {
  const scaleOf = (spec: IntendedPolicySpec, scale: number) => scaleCaps(spec, scale);

  it('scale notional, turnover, fees and the floor of concentration, and nothing else', () => {
    const { spec } = loadVariant('Holdfast');
    const scaled = scaleOf(spec, 0.25);
    assert.deepEqual(
      differences(spec, scaled).sort(),
      [
        'account.concentration.floor_usdt',
        'budgets.fees_usdt_per_day',
        'budgets.gross_notional_usdt',
        'budgets.order_notional_usdt',
        'budgets.symbol_notional_usdt',
        'budgets.turnover_usdt_per_day',
      ],
      'keys',
    );
    const { budgets } = scaled;
    assert.deepEqual(
      [
        budgets.order_notional_usdt,
        budgets.symbol_notional_usdt,
        budgets.gross_notional_usdt,
        budgets.fees_usdt_per_day,
      ],
      [250, 500, 750, 2],
      'figures',
    );
    assert.equal(scaleOf(spec, 1), spec, 'at 1 it is the same policy');
  });

  it("scale an agent's own caps with the account's", () => {
    const { spec } = loadVariant('Holdfast');
    const own = { ...spec, agents: { bob: { budgets: { order_notional_usdt: 400, leverage: 2 } }, default: {} } };
    assert.deepEqual(
      scaleOf(own, 0.5).agents,
      { bob: { budgets: { order_notional_usdt: 200, leverage: 2 } }, default: {} },
      'agents keep their share',
    );
  });

  it('stay legal policies at every scale, of every variant', () => {
    const variants = VARIANT_NAMES.map((name) => loadVariant(name).spec);
    forAll(
      [fc.constantFrom(...variants), fc.double({ min: 1e-9, max: 1e9, noNaN: true })],
      { seed: 9, numRuns: 60 },
      (spec, scale) => {
        const scaled = scaleOf(spec, scale);
        const shape = checkPolicyShape(scaled);
        assert.ok(shape.ok, `${spec.name} x ${scale} has the shape of a policy`);
        assert.deepEqual(checkSemantics(scaled, [], null).violations, [], `${spec.name} x ${scale} means something`);
      },
    );
  });

  it('refuse a scale that is no number above 0', () => {
    for (const scale of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(() => scaleCaps(DEFAULT_POLICY, scale), RangeError, String(scale));
  });
});

describe('variants on the symbols of a market', () => {
  it('take them as scope, and as duplicate exemption only where the whole scope was exempt', () => {
    const full = forSymbols(loadVariant('Full'), ['SOLUSDT', 'BTCUSDT']);
    assert.deepEqual(full.spec.scope.symbols, ['BTCUSDT', 'SOLUSDT'], 'scope');
    assert.deepEqual(full.spec.temporal.duplicate_exempt, ['BTCUSDT', 'SOLUSDT'], 'duplicates stay off');
    assert.equal(full.hash, hashPolicy(full.spec), 'another policy, another hash');
    const holdfast = forSymbols(loadVariant('Holdfast'), ['SOLUSDT']);
    assert.deepEqual(holdfast.spec.temporal.duplicate_exempt, [], 'and on where they were on');
    const same = loadVariant('Full');
    assert.equal(forSymbols(same, ['ETHUSDT', 'BTCUSDT']), same, 'the file itself when it names them already');
  });
});
