import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideWith } from './decision-fixture.ts';

test('SAE-TRUST: of several active signals the strictest wins, component by component', () => {
  const decision = decideWith({
    context: { trust: { signals: ['injection', 'narrative'] } },
    policy: {
      trust: {
        signals: {
          injection: { multiplier: { leverage: 0.5, notional: 0.4, order_rate: 1, slippage: 1 } },
          narrative: { multiplier: 0.5 },
        },
      },
    },
  });
  assert.deepEqual(decision.budget.trust, { leverage: 0.5, notional: 0.4, order_rate: 0.5, slippage: 0.5 });
});

test('SAE-TRUST: tiers of provenance and capability risk multiply, and a signal multiplies with them [PK-124 PK-126 PK-175]', () => {
  const decision = decideWith({ context: { trust: { token_skill_sha256: 'c'.repeat(64), signals: ['narrative'] } } });
  assert.deepEqual(decision.budget.trust, { leverage: 0.125, notional: 0.125, order_rate: 0.125, slippage: 0.125 });
});

test('SAE-U: all tiers of the account that are reached multiply, each from its level on [PK-105]', () => {
  const tiers = [
    { at: 0.05, multiplier: 0.5 },
    { at: 0.1, multiplier: 0.4 },
  ];
  const factorAt = (drawdown: number): number =>
    decideWith({ context: { account: { drawdown } }, policy: { account: { drawdown: { tiers } } } }).budget.account
      .notional;
  assert.deepEqual([0.0499, 0.05, 0.0999, 0.1].map(factorAt), [1, 0.5, 0.5, 0.2]);
});

test('SAE-M: gross and order rate use the smallest g among the symbols with exposure, also where regimes are in no order [PK-101 PK-167]', () => {
  const decision = decideWith({
    context: { exposure: { other_regime: 'extreme' }, market: { held_regime: 'volatile' } },
    policy: { market: { regimes: { volatile: { order_rate: 0.25, notional: 0.1 } } } },
  });
  assert.equal(decision.budget.budget.order_rate, 5);
  assert.ok(Math.abs(decision.budget.budget.gross_notional_usdt - 360) < 1e-9);
});

test('SAE-BUDGET: the order cap uses the g of the symbol, gross and order rate the strictest of all with exposure [PK-101 PK-166]', () => {
  const { budget } = decideWith({ context: { exposure: { other_regime: 'extreme' } } }).budget;
  assert.deepEqual([budget.order_notional_usdt, budget.symbol_notional_usdt], [1200, 2400]);
  assert.deepEqual([budget.gross_notional_usdt, budget.order_rate], [900, 8]);
});
