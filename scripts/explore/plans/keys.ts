import type { PolicyKeys, Setup } from '../plan.ts';
import type { Random } from '../random.ts';
import { ACCOUNT_KEYS } from './account-keys.ts';
import type { Piece } from './draw.ts';
import { AGENTS, type KeyDraw, keys, own, tiersOf } from './key-draws.ts';
import { BORROWS, BOTH, EQUALS, FLIPS, LOSSES, MANY, SIGNALS, WAITS, WIDE } from './words.ts';

const REGIME_KEYS: readonly KeyDraw[] = (['calm', 'volatile', 'extreme'] as const).map((regime) =>
  keys(
    (random) => {
      const path = `market.regimes.${regime}`;
      return random.weighted<PolicyKeys>([
        [1, { [`${path}.leverage`]: '1/3' }],
        [1, { [`${path}.notional`]: random.pick([0.1, '2/5']) }],
        [1, { [`${path}.order_rate`]: 0.5, 'budgets.order_rate': { max: 13, window_ms: 60_000 } }],
        [1, { [`${path}.slippage`]: 0.2 }],
        [1, { [`${path}.cooldown_ms`]: random.pick([2_000, 8_000]) }],
        [1, { [`${path}.slices`]: random.pick([2, 3]) }],
        [1, { [`${path}.reduce_only`]: true }],
      ]);
    },
    MANY,
    BORROWS,
    WIDE,
  ),
);

/** Parts of one agent's section. */
const OWN_KEYS: readonly KeyDraw[] = [
  own(
    (random, setup) => ({ 'budgets.order_rate': { max: random.int(5, 7), window_ms: setup.orderWindowMs ?? 60_000 } }),
    MANY,
    MANY,
  ),
  own((random) => ({ 'temporal.duplicate_window_ms': random.pick([5_000, 20_000]) }), EQUALS),
  keys(
    (random) => ({
      'temporal.duplicate_window_ms': 15_000,
      'temporal.duplicate_exempt': ['BTCUSDT', 'ETHUSDT'],
      [`agents.${random.pick(AGENTS)}.temporal.duplicate_exempt`]: [],
    }),
    EQUALS,
  ),
  own((random) => ({ 'temporal.flip_interval_ms': random.pick([3_000, 20_000]) }), FLIPS),
  own(
    (random) => ({ 'temporal.breaker': { repeats: random.pick([2, 3]), window_ms: 60_000, cooldown_ms: 300_000 } }),
    EQUALS,
    MANY,
  ),
  own(
    (random) => ({
      'trader_state.base_rate': random.pick([0.1, 0.6]),
      'trader_state.limit_at': random.pick([0.05, 0.3]),
      'trader_state.block_at': random.pick([0.4, 0.6]),
      'trader_state.multiplier': 0.3,
      'trader_state.enforce_block': random.chance(0.5),
    }),
    LOSSES,
  ),
  own(
    (random) => ({
      schedule: {
        utc_offset: random.pick(['+00:00', '+01:00']),
        hours: [{ days: random.pick([['mon'], ['tue', 'wed']]), from: '00:00', to: random.pick(['00:11', '01:12']) }],
      },
    }),
    WAITS,
  ),
  own(
    (random) => ({
      loss: { [random.pick(['day', 'week'])]: tiersOf(random, [0.5, 3, 12], 'at_usdt') },
    }),
    LOSSES,
  ),
];

const CHOOSING: readonly KeyDraw[] = [
  ...REGIME_KEYS,
  keys(
    (random) =>
      random.pick<PolicyKeys>([
        { 'scope.tools': ['place_order', 'close_position', 'cancel_order', 'cancel_all'] },
        { 'scope.actions': ['open', 'close', 'cancel'] },
        { 'scope.venues': ['paper'] },
        { 'scope.symbols': ['BTCUSDT'] },
        { 'scope.accounts': ['other'] },
      ]),
    WAITS,
    BOTH,
  ),
  keys(
    (random) =>
      random.pick<PolicyKeys>([
        { 'market.freshness.mark_ms': random.pick([300, 1_200]) },
        { 'market.freshness.quote_ms': random.pick([300, 1_200]) },
        { 'market.freshness.account_ms': random.pick([1_000, 4_000]) },
        { 'market.freshness.funding_ms': random.pick([1_000, 20_000]) },
        { 'market.freshness.filters_ms': random.pick([1_000, 60_000]) },
        { 'market.freshness.clock_skew_ms': random.pick([5, 50]) },
        { 'market.freshness.request_ms': random.pick([1, 1_000]) },
      ]),
    WAITS,
  ),
  keys(
    (random) => {
      const kind = random.pick(['injection', 'narrative', 'anomaly', 'spend']);
      const path = `trust.signals.${kind}`;
      return {
        [path]: random.chance(0.5)
          ? { reduce_only: true, max_ttl_ms: 3_600_000 }
          : { multiplier: random.pick([0.1, '1/3']), max_ttl_ms: 3_600_000 },
        ...(random.chance(0.3) ? { [`${path}.max_ttl_ms`]: 5_000 } : {}),
      };
    },
    SIGNALS,
    SIGNALS,
  ),
  keys(
    (random) =>
      random.pick<PolicyKeys>([
        { 'market.bar_ms': 300_000 },
        { 'market.volatility.baseline_bars': 8, 'market.volatility.min_history_bars': 20 },
        { 'market.volatility.window_bars': 20, 'market.volatility.min_history_bars': 20 },
        { 'market.regime_hold_bars': 6 },
        { 'market.liquidity': { ema_bars: 2, below_quantile: 0.5, baseline_bars: 8 } },
        { 'market.liquidity': { ema_bars: 20, below_quantile: 0.9, baseline_bars: 12 } },
      ]),
    MANY,
  ),
  own(
    (random) =>
      random.pick<PolicyKeys>([
        { 'scope.tools': ['close_position', 'cancel_order', 'cancel_all', 'place_order'] },
        { 'scope.actions': ['open', 'close', 'cancel'] },
        { 'scope.venues': [] },
        { 'scope.symbols': ['ETHUSDT'] },
        { 'scope.accounts': [] },
      ]),
    BOTH,
  ),
  own(
    (random) =>
      random.pick<PolicyKeys>([
        { 'budgets.order_notional_usdt': random.pick([120, 250]) },
        { 'budgets.symbol_notional_usdt': random.pick([200, 400]) },
        { 'budgets.gross_notional_usdt': random.pick([250, 500]) },
        { 'budgets.slippage_bps': random.pick([3, 8]) },
        { 'budgets.turnover_usdt_per_day': random.pick([500, 2_000]) },
        { 'budgets.fees_usdt_per_day': random.pick([0.2, 0.8]) },
        { 'budgets.concurrent_positions': 1 },
        { 'budgets.leverage': 1 },
        { 'budgets.holding_time_ms': random.pick([8_000, 30_000]) },
      ]),
    BOTH,
    MANY,
    BORROWS,
    WAITS,
  ),
];

const CHOICES = [
  ...[...ACCOUNT_KEYS, ...OWN_KEYS].map((choice) => [1, choice] as const),
  ...CHOOSING.map((choice) => [4, choice] as const),
];

/** Up to four parts of the policy, and the pieces in which they are to bind. */
export function drawKeys(
  random: Random,
  setup: Setup,
): { readonly keys: PolicyKeys; readonly pieces: readonly Piece[] } {
  let drawn: PolicyKeys = {};
  const pieces: Piece[] = [];
  for (let count = random.int(1, 4); count > 0; count -= 1) {
    const choice = random.weighted(CHOICES);
    const more = choice.draw(random, setup);
    // Of parts of their own: an agent's may only be tighter than the account's.
    if (partsOf(more).some((part) => partsOf(drawn).includes(part))) continue;
    drawn = { ...drawn, ...more };
    pieces.push(...choice.pieces);
  }
  return { keys: drawn, pieces };
}

function partsOf(of: PolicyKeys): readonly (string | undefined)[] {
  return Object.keys(of).map((path) => path.replace(/^agents\.[a-z]+\./, '').split('.')[0]);
}

/** Conditions for approvals beside the one on the sum. */
export function drawApprovalKeys(random: Random, { approvals }: Setup): PolicyKeys {
  if (approvals === undefined) return {};
  const sum = { notional_above_usdt: approvals.aboveUsdt };
  const other = random.pick<object>([
    { untraded_ms: random.pick([5_000, 60_000]) },
    { provenance_below: 0.6, agents: ['alpha'] },
    { capability_risk_above: 0.4, agents: ['beta'] },
    { agents: ['alpha', 'gamma'] },
    { venues: ['paper'], agents: ['gamma'] },
    { request: { order_type: { in: ['limit'] } } },
    { request: { requested_notional: { above: 500 } } },
    { request: { max_slippage_bps: { below: 25 }, symbol: { in: ['ETHUSDT'] } } },
  ]);
  return { 'approvals.when': [sum, other] };
}
