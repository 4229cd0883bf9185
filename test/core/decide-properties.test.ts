import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson } from '../../daemon/core/canonical-json.ts';
import type { ExecutionDecision } from '../../daemon/core/decision.ts';
import { forAll } from '../for-all.ts';
import { leverageCap, listBounds, marginBound } from '../oracle/oracle-bounds.ts';
import { ownBudgets, tightenBudgets } from '../oracle/oracle-factors.ts';
import { askedInLots, lotSize, tickSize } from '../oracle/oracle-price.ts';
import { compare, exact, floor, mul, whole } from '../oracle/rational.ts';
import { cases } from './decide-cases.ts';
import { buildCase, type Case, codesOf, decideCase, LOOSENESS } from './decision-fixture.ts';

const RUNS = { numRuns: 1500, seed: 41, includeErrorInReport: true };

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}

test('SAE-SAME-CODE: decides the same twice, from the same data to the byte, and changes nothing it was given', () => {
  forAll([cases], RUNS, (drawn) => {
    const frozen = deepFreeze(drawn);
    const first = decideCase(frozen);
    const copy = structuredClone({ request: drawn.request, context: drawn.context, policy: drawn.policy });
    assert.equal(canonicalJson(first), canonicalJson(decideCase(copy)));
  });
});

test('SAE-PROJ SAE-BUDGET: what is sent is at most what was asked and lies inside F(B) as recomputed from the documents [AN-22]', () => {
  let seen = 0;
  forAll([cases], { ...RUNS, numRuns: 4000 }, (drawn) => {
    const decision = decideCase(drawn);
    const { effective } = decision;
    if (effective?.action !== 'open') return;
    seen += 1;
    assertInside(drawn, effective);
  });
  assert.ok(seen > 500, `only ${seen} orders to look at`);
});

function assertInside({ request, context, policy }: Case, effective: ExecutionDecision['effective'] & object): void {
  const { rules, mark, bid, ask } = context.market;
  assert.ok(effective.action !== 'cancel');
  assert.ok(rules !== null && mark !== null && bid !== null && ask !== null);
  const findings = { deny: new Set<never>(), tighten: new Set<never>() };
  const factors = tightenBudgets(request, context, policy, findings);
  const own = ownBudgets(policy, request.agent);
  const ticks = effective.price_ticks ?? 0;
  const value = mul(
    whole(Math.max(Math.ceil(mark / (rules.tick_mantissa / rules.tick_scale) - 1e-6), ticks)),
    tickSize(rules),
    lotSize(rules),
  );
  const notional = mul(whole(effective.lots), value);
  const isLimit = request.order_type === 'limit' && request.limit_price !== null;
  const limitTicks = Math.floor((request.limit_price ?? 0) / (rules.tick_mantissa / rules.tick_scale) + 1e-6);
  // A limit order is sized at its limit.
  const size = isLimit
    ? mul(whole(Math.max(ticks, effective.side === 'buy' ? limitTicks : ticks)), tickSize(rules), lotSize(rules))
    : value;
  const asked = context.slice_lots ?? Number(floor(askedInLots(request, size, rules)));
  assert.ok(effective.lots >= 1 && effective.lots <= asked && effective.lots <= rules.max_lots);
  assert.ok(effective.lots >= rules.min_lots);
  assert.ok(
    compare(
      mul(whole(effective.lots), whole(ticks), tickSize(rules), lotSize(rules)),
      exact(rules.min_notional_usdt),
    ) >= 0,
  );
  const leverage = effective.leverage ?? 0;
  assert.ok(leverage >= 1 && leverage <= (request.requested_leverage ?? 1));
  const slippage = exact(effective.max_slippage_bps ?? 0);
  for (const bound of listBounds(context, policy, null, factors, rules, effective.side, BigInt(leverage)))
    assert.ok(compare(notional, bound.value) <= 0, `above ${bound.code}`);
  if (own !== null)
    for (const bound of listBounds(context, policy, own, factors, rules, effective.side, BigInt(leverage)))
      assert.ok(compare(notional, bound.value) <= 0, `above ${bound.code} of the agent`);
  const margin = marginBound(context, policy, rules, BigInt(leverage), slippage);
  assert.ok(compare(notional, margin.value) <= 0, 'above the free margin');
  assert.ok(BigInt(leverage) <= leverageCap(policy, null, factors.symbol, rules, effective.side));
  assert.equal(effective.reduce_only, false);
  const quantity = Number(effective.quantity) * (rules.lot_scale / rules.lot_mantissa);
  assert.equal(Math.round(quantity), effective.lots);
}

test('SAE-M5: the slices add up to the order, each at least what the venue takes, and no more of them than tokens', () => {
  forAll([cases], RUNS, (drawn) => {
    const { effective, constraints } = decideCase(drawn);
    const { rules } = drawn.context.market;
    if (effective === null || effective.action !== 'open' || rules === null) return;
    const parts = constraints.staging_plan.map(({ quantity }) =>
      Math.round((Number(quantity) * rules.lot_scale) / rules.lot_mantissa),
    );
    assert.equal(
      parts.reduce((a, b) => a + b, 0),
      effective.lots,
    );
    assert.deepEqual(
      constraints.staging_plan.map(({ slice }) => slice),
      parts.map((_, index) => index),
    );
    const price =
      ((effective.price_ticks ?? 0) * rules.tick_mantissa * rules.lot_mantissa) / (rules.tick_scale * rules.lot_scale);
    if (parts.length > 1)
      for (const lots of parts)
        assert.ok(lots >= rules.min_lots && lots * price >= rules.min_notional_usdt - 1e-9, `slice of ${lots} lots`);
    if (drawn.context.phase === 'parent')
      assert.ok(parts.length <= constraints.order_rate_cap - drawn.context.pacing.account_sends);
  });
});

const EXITING = cases.map((drawn): Case => {
  const { context, request } = drawn;
  const side = request.side ?? 'sell';
  const position = side === 'sell' ? { long_lots: 7, short_lots: 0 } : { long_lots: 0, short_lots: 7 };
  return {
    ...drawn,
    request: { ...request, account: 'main', reduce_only: request.intent === 'open', venue: 'paper' },
    context: {
      ...context,
      // What a person approved is an opening: decided again as an exit it is stale.
      ...(context.approval === undefined ? {} : { approval: { ...context.approval, grant: null } }),
      // Of exits those that rest are refused for their number, and parts that close now.
      ...(context.holding === undefined ? {} : { holding: { ...context.holding, open_exits: 9 } }),
      agent: { ...context.agent, resting_exits: 0, share_lots: side === 'sell' ? 7 : -7, symbol_resting_exits: 0 },
      exposure: { ...context.exposure, ...position },
      market: { ...context.market, rules: context.market.rules ?? buildCase().context.market.rules },
    },
  };
});
const withState = (drawn: Case, state: 'active' | 'reducing' | 'halted', origin = drawn.request.origin): Case => ({
  ...drawn,
  request: { ...drawn.request, origin },
  context: { ...drawn.context, state: { layer: 'operator', reason: null, scope: 'account', state } },
});

test('SAE-OOS-STATE: an exit passes in `reducing` whatever else is wrong, reduce-only and at most the position [EX-1 EX-2 PK-59 PK-99 PK-169 PK-4 TD-7 TD-27 TD-45 TF-2 TF-3]', () => {
  forAll([EXITING, fc.boolean(), fc.boolean()], RUNS, (drawn, isBlind, hasAccount) => {
    const { context } = drawn;
    const blind = {
      ask: null,
      bid: null,
      mark: null,
      mark_at_ms: null,
      quote_at_ms: null,
      sigma: null,
      funding_rate_8h: null,
    };
    const seen: Case = {
      ...drawn,
      context: {
        ...context,
        account: hasAccount ? context.account : null,
        // Of exits that rest an agent has only so many.
        agent: drawn.request.order_type === 'limit' ? { ...context.agent, resting_exits: 0 } : context.agent,
        market: isBlind ? { ...context.market, ...blind } : context.market,
        schema_violation: 'args',
        duplicate_of: 'd1',
      },
    };
    for (const state of ['active', 'reducing'] as const) {
      const { decision, effective, reasons } = decideCase(withState(seen, state));
      assert.notEqual(decision, 'BLOCK', JSON.stringify(reasons));
      assert.ok(effective !== null && effective.action === 'exit' && effective.reduce_only);
      assert.ok(Number.isInteger(effective.lots) && effective.lots >= 1 && effective.lots <= 7);
      assert.equal(effective.side, drawn.request.side ?? 'sell');
      assert.ok(effective.price_ticks === null || effective.price_ticks > 0);
    }
  });
});

test('SAE-OOS-STATE: `halted` refuses the exits of agents and lets those of the operator pass [AN-46]', () => {
  forAll([EXITING], { ...RUNS, numRuns: 400 }, (drawn) => {
    const agent = decideCase(withState(drawn, 'halted', 'agent'));
    assert.equal(agent.decision, 'BLOCK');
    assert.ok(codesOf(agent).includes('STATE_HALTED'));
    assert.notEqual(decideCase(withState(drawn, 'halted', 'operator')).decision, 'BLOCK');
  });
});

test('an exit is never larger than what was asked, but for the least that the venue takes', () => {
  const tick = { tick_mantissa: 1, tick_scale: 10, lot_mantissa: 1, lot_scale: 1, min_notional_usdt: 5, min_lots: 1 };
  forAll(
    [fc.integer({ min: 100, max: 900 }), fc.integer({ min: 10, max: 5000 })],
    { numRuns: 300, seed: 7, includeErrorInReport: true },
    (hundredths, usdt) => {
      const mark = hundredths / 100;
      const drawn = buildCase({
        request: { side: 'sell', intent: 'close', requested_notional: usdt },
        context: {
          market: { mark, bid: mark, ask: mark, rules: tick },
          exposure: { long_lots: 100_000, long_units: 1e9 },
          agent: { share_lots: 100_000 },
        },
      });
      const { effective } = decideCase(drawn);
      assert.ok(effective !== null && effective.action !== 'cancel');
      assert.ok(effective.lots * mark <= usdt + 1e-9, `${effective.lots} lots at ${mark} for ${usdt} USDT`);
    },
  );
});

test('SAE-AUDIT: rule 13 never finds a fault, since nothing before it makes one', () => {
  forAll([cases], RUNS, (drawn) => {
    assert.ok(!codesOf(decideCase(drawn)).includes('INTERNAL_RECHECK'));
  });
});

test('an ask is not BLOCKed without a verdict that denies, and not LIMITed without one that tightens', () => {
  forAll([cases], RUNS, (drawn) => {
    const { decision, verdicts, reasons, effective } = decideCase(drawn);
    const outcomes = new Set(verdicts.map((verdict) => verdict.outcome));
    if (decision === 'BLOCK') assert.ok(outcomes.has('deny') && reasons.length > 0 && effective === null);
    if (decision === 'LIMIT') assert.ok(outcomes.has('tighten') && reasons.length > 0);
    if (decision === 'ALLOW') assert.deepEqual(reasons, []);
    assert.ok(LOOSENESS[decision] >= 0);
  });
});
