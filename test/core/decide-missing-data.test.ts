import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ExecutionContext } from '../../daemon/core/context.ts';
import { regimesAreOrdered } from '../../daemon/core/looser/is-at-most.ts';
import { forAll } from '../for-all.ts';
import { cases } from './decide-cases.ts';
import { buildCase, decideCase, hasAmpleBrackets, loosened, NOW } from './decision-fixture.ts';

type Path = readonly [string, ...string[]];
/** A copy of the context with one value replaced; null where a section is already missing. */
function withValue(context: ExecutionContext, path: Path, value: number | null): ExecutionContext {
  const copy = structuredClone(context) as unknown as Record<string, unknown>;
  let at = copy;
  for (const key of path.slice(0, -1)) {
    const next = at[key];
    if (typeof next !== 'object' || next === null) return context;
    at = next as Record<string, unknown>;
  }
  at[path[path.length - 1] ?? ''] = value;
  return copy as unknown as ExecutionContext;
}

/** What null means "not known" for. Elsewhere null means "never" or "none" (no last fill, flat, no signal). */
const INPUTS: readonly Path[] = [
  ['account'],
  ['clock_skew_ms'],
  ...(
    [
      'ask',
      'bars_as_of_ms',
      'bid',
      'funding_at_ms',
      'funding_rate_8h',
      'jump_ratio',
      'leverage_setting',
      'liquidity',
      'liquidity_floor',
      'mark',
      'mark_at_ms',
      'quote_at_ms',
      'rules',
      'sigma',
      'sigma_baseline',
    ] as const
  ).map((key): Path => ['market', key]),
];

test('SAE-CTX: an input that is not known never loosens the decision on an opening order', () => {
  forAll(
    [cases, fc.constantFrom(...INPUTS)],
    { numRuns: 4000, seed: 11, includeErrorInReport: true },
    (drawn, path) => {
      const base = decideCase(drawn);
      // Missing data refuses no exit, and without a book it is not known that one would rest.
      if (base.effective?.action === 'exit' || base.reasons.some(({ code }) => code === 'EXITS_RESTING')) return;
      // Where regimes are in no order, `volatile` for want of data can be looser than `extreme`: policy check warns.
      fc.pre(regimesAreOrdered(drawn.policy) && hasAmpleBrackets(drawn));
      const blind = decideCase({ ...drawn, context: withValue(drawn.context, path, null) });
      if (path.includes('leverage_setting') && !drawn.context.market.leverage_locked) assert.deepEqual(blind, base);
      assert.deepEqual(loosened(blind, base), [], path.join('.'));
    },
  );
});

for (const [what, seen, path] of [
  ['a jump', { jump_ratio: 6.5 }, ['market', 'jump_ratio']],
  ['a sigma of twice its baseline', { sigma: 0.04 }, ['market', 'sigma_baseline']],
] as const) {
  test(`SAE-M: the extreme regime of ${what} does not end when ${path.join('.')} is no longer known`, () => {
    const base = buildCase({ context: { market: seen } });
    assert.equal(decideCase(base).budget.regime, 'extreme');
    const blind = decideCase({ ...base, context: withValue(base.context, path, null) });
    assert.deepEqual(loosened(blind, decideCase(base)), []);
  });
}

/** Every number that an opening order rests on: NaN compares with nothing, so each comparison must fail closed. */
function numbersOf(value: object, prefix: readonly string[] = []): Path[] {
  return Object.entries(value).flatMap(([key, member]): Path[] => {
    const path: Path = [prefix[0] ?? key, ...(prefix.length === 0 ? [] : [...prefix.slice(1), key])];
    if (typeof member === 'number') return [path];
    return typeof member === 'object' && member !== null && !Array.isArray(member) ? numbersOf(member, path) : [];
  });
}
/** The agent has caps of its own, so that its own figures are read; every optional instant is set, long past. */
const EVERYTHING_READ = buildCase({
  request: { requested_leverage: 2 },
  context: {
    exposure: { long_lots: 1, long_units: 600_000, liquidation_distance: 0.9, position_since_ms: NOW - 10_000 },
    agent: { share_lots: 1, long_units: 600_000 },
    market: { leverage_locked: true, leverage_setting: 2 },
    pacing: { last_open_fill_at_ms: 1, last_open_fill_side: 'sell', last_open_parent_at_ms: 1, breaker_until_ms: 1 },
  },
  policy: {
    agents: { alice: { budgets: { order_notional_usdt: 1100 } } },
    trader_state: { enforce_block: true },
    market: { regimes: { calm: { cooldown_ms: 1 } } },
  },
});
/** Not read for this ask, or read only to describe: the other side, counters of waits, marks of other symbols. */
const NOT_READ = new Set([
  'agent.resting_exits',
  'agent.share_lots',
  'agent.short_units',
  'agent.symbol_resting_exits',
  'exit_rung',
  'exposure.long_lots',
  'exposure.position_lots',
  'exposure.short_lots',
  'exposure.short_units',
  'market.rules.bracket_caps',
]);
/** What the regime rests on beside sigma: not known is `volatile`, never calm (SAE section 4). */
const TIGHTENS_ONLY = new Set([
  'market.history_count',
  'market.jump_ratio',
  'market.liquidity',
  'market.liquidity_floor',
  'market.sigma_baseline',
]);

/** Flat: the number of positions is read only for a symbol that has no exposure yet. */
const FLAT = {
  ...EVERYTHING_READ,
  context: {
    ...EVERYTHING_READ.context,
    agent: { ...EVERYTHING_READ.context.agent, long_units: 0, share_lots: 0 },
    exposure: { ...EVERYTHING_READ.context.exposure, long_lots: 0, long_units: 0 },
  },
};

test('the cases on which every figure is read are allowed as they stand', () => {
  assert.equal(decideCase(EVERYTHING_READ).decision, 'ALLOW');
  assert.equal(decideCase(FLAT).decision, 'ALLOW');
});
for (const path of numbersOf(EVERYTHING_READ.context)) {
  const name = path.join('.');
  if (NOT_READ.has(name)) continue;
  test(`SAE-CTX: ${name} being no number ${TIGHTENS_ONLY.has(name) ? 'is at least a volatile market' : 'denies'}`, () => {
    const base = name.endsWith('other_positions') ? FLAT : EVERYTHING_READ;
    const decision = decideCase({ ...base, context: withValue(base.context, path, Number.NaN) });
    if (TIGHTENS_ONLY.has(name)) {
      assert.notEqual(decision.budget.regime, 'calm');
      return;
    }
    assert.equal(decision.decision, 'BLOCK', JSON.stringify(decision.effective));
  });
}

const extreme = fc.constantFrom(
  0,
  -0,
  1e-9,
  1e-300,
  -1,
  -1e12,
  1e9,
  1e15,
  1e300,
  Number.MAX_SAFE_INTEGER,
  Number.NaN,
  Number.POSITIVE_INFINITY,
);
test('never throws, whatever the figures of the context are, and sends whole lots at whole ticks or nothing', () => {
  const paths = numbersOf(EVERYTHING_READ.context);
  const request = fc.record({
    requested_notional: fc.constantFrom(1e-9, 1, 601, 1e9),
    requested_leverage: fc.constantFrom(1, 125),
    max_slippage_bps: fc.constantFrom(null, 1e-9, 10, 10_000),
    limit_price: fc.constantFrom(null, 1e-9, 60_000, 1e9),
    side: fc.constantFrom('buy' as const, 'sell' as const),
    intent: fc.constantFrom('open' as const, 'close' as const),
  });
  forAll(
    [request, fc.array(fc.tuple(fc.constantFrom(...paths), extreme), { minLength: 1, maxLength: 4 })],
    { numRuns: 6000, seed: 3, includeErrorInReport: true },
    (ask, changes) => {
      let context = EVERYTHING_READ.context;
      for (const [path, value] of changes) context = withValue(context, path, value);
      const type = ask.limit_price === null ? 'market' : 'limit';
      const drawn = {
        ...EVERYTHING_READ,
        request: { ...EVERYTHING_READ.request, ...ask, order_type: type } as const,
        context,
      };
      const { effective } = decideCase(drawn);
      if (effective === null) return;
      assert.ok(effective.action !== 'cancel');
      assert.ok(Number.isSafeInteger(effective.lots) && effective.lots >= 1, `lots ${effective.lots}`);
      assert.ok(
        effective.price_ticks === null || (Number.isSafeInteger(effective.price_ticks) && effective.price_ticks > 0),
        `ticks ${effective.price_ticks}`,
      );
      assert.match(effective.quantity, /^[0-9]+(\.[0-9]+)?$/);
    },
  );
});
