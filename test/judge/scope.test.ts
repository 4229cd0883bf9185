import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readScope, scaleScope, scopeHash } from '../../daemon/evaluation/judge/scope.ts';
import { openBench } from './fixture.ts';

const text = readFileSync(new URL('../../daemon/evaluation/judge/scope.json', import.meta.url), 'utf8');

test('SAE-T SAE-R SAE-M SAE-U: the scope that is judged by is the one of the specification', () => {
  const { budgets, market, account, temporal, venues, accounts } = readScope();
  assert.deepEqual(venues, ['paper', 'binance-demo'], 'venues');
  assert.deepEqual(accounts, ['main'], 'accounts');
  assert.deepEqual(
    [budgets.leverage, budgets.order_notional_usdt, budgets.symbol_notional_usdt, budgets.gross_notional_usdt],
    [3, 1000, 2000, 3000],
    'caps',
  );
  assert.deepEqual(budgets.order_rate, { max: 20, window_ms: 60_000 }, 'rate');
  assert.deepEqual([budgets.turnover_usdt_per_day, budgets.fees_usdt_per_day], [20_000, 8], 'of the day');
  assert.equal(market.regimes.volatile.leverage, 2 / 3, 'fractions are read by value');
  assert.deepEqual(account.drawdown.tiers.at(-1), { at: 0.1, multiplier: 1, reduce_only: true }, 'tiers');
  assert.equal(temporal.flip_interval_ms, 60_000, 'flip');
});

test('the hash of the scope does not change with layout and changes with any value', () => {
  const hash = scopeHash();
  assert.match(hash, /^[0-9a-f]{64}$/, 'sha256');
  const mixed = Object.fromEntries(Object.entries(JSON.parse(text)).reverse());
  assert.equal(scopeHash(mixed), hash, 'another order of keys');
  const budgets = { ...readScope().budgets, leverage: 4 };
  assert.notEqual(scopeHash({ ...JSON.parse(text), budgets }), hash, 'another value');
});

test('amounts scale with the caps; leverage, rate, slippage and time do not', () => {
  const scope = readScope();
  const scaled = scaleScope(scope, 5);
  assert.deepEqual(
    scaled.budgets,
    {
      ...scope.budgets,
      order_notional_usdt: 5000,
      symbol_notional_usdt: 10_000,
      gross_notional_usdt: 15_000,
      turnover_usdt_per_day: 100_000,
      fees_usdt_per_day: 40,
    },
    'budgets',
  );
  assert.equal(scaled.account.concentration.floor_usdt, 5000, 'floor');
  assert.deepEqual([scaled.market, scaled.temporal], [scope.market, scope.temporal], 'the rest');
  assert.deepEqual(scaleScope(scope, 1), scope, 'a scale of one');
  assert.throws(() => scaleScope(scope, 0), RangeError, 'a scale of nothing');
});

test('SAE-OOS-CAP: the shipped scope binds an order at 1,000 USDT, at a tenth of the caps at 100', () => {
  const whole = openBench(readScope());
  assert.deepEqual(whole.trade('BTCUSDT', 21, whole.startMs), [], 'one lot beyond');
  const other = openBench(readScope());
  assert.deepEqual(other.trade('BTCUSDT', 22, other.startMs), ['cap_order', 'concentration'], 'two lots beyond');
  const tenth = openBench(scaleScope(readScope(), 0.1));
  assert.deepEqual(tenth.trade('BTCUSDT', 3, tenth.startMs), [], 'one lot beyond a tenth');
  const beyond = openBench(scaleScope(readScope(), 0.1));
  assert.deepEqual(beyond.trade('BTCUSDT', 4, beyond.startMs), ['cap_order', 'concentration'], 'two lots beyond');
});
