import { as, boundOf, DAY_MS, type KeyDraw, keys, rateOf, tierEffect, tiersOf } from './key-draws.ts';
import { BURSTS, CREDIT, FALLS, JOLTS, LARGEST, SHRINKS } from './scenes.ts';
import {
  BORROWS,
  BOTH,
  BOUNDED,
  CLAIMS,
  claimsOf,
  EQUALS,
  ESCALATES,
  FLIPS,
  FORGETS,
  LARGE,
  LATE,
  LOSSES,
  MANY,
  PROFITS,
  REPEATS,
  REVENGES,
  SEEN,
  SKILLS,
  SPENDS,
  THIN,
  WAITS,
  WIDE,
} from './words.ts';

/** Of the account: so little binds in worlds that hold some thousands of 100,000 USDT. */
const SHARES = [0.00003, 0.0001, 0.0004] as const;
/**
 * Of p_t: with them more or older trades say something else, and so do larger orders after a loss. The first starts
 * below its limit, the others above; one of whom nothing is known yet is beyond the last.
 */
const TRADERS = [
  { base_rate: 0.1, limit_at: 0.11, block_at: 0.12 },
  { base_rate: 0.6, limit_at: 0.56, block_at: 0.9 },
  { base_rate: 0.6, limit_at: 0.585, block_at: 0.9 },
  { base_rate: 0.6, limit_at: 0.585, block_at: 0.6 },
] as const;
/** Of those the ones that one agent may have beside the default policy. */
export const OWN_TRADERS = [TRADERS[0], { base_rate: 0.6, limit_at: 0.45, block_at: 0.6 }] as const;

/** Orders within a window. */
export const RATES: readonly KeyDraw[] = [
  keys(
    (random, setup) => ({
      'budgets.order_rate': rateOf(random, setup),
      'market.volatility.min_history_bars': 20,
    }),
    BURSTS,
    MANY,
    SHRINKS,
  ),
];

/** From volatilities on that are there, whatever came before. */
export const ABSOLUTE: readonly KeyDraw[] = [
  keys(
    (random) => ({
      'market.volatility.min_history_bars': 20,
      'market.volatility.absolute': random.pick([
        { volatile: 0.0005, extreme: 0.06 },
        { volatile: 0.0005, extreme: 0.001 },
      ]),
    }),
    LARGEST,
  ),
];

/** From moves on that every bar makes. */
export const JUMPS: readonly KeyDraw[] = [
  keys(
    (random) => ({ 'market.volatility.min_history_bars': 20, 'market.volatility.jump_sigma': random.pick([0.2, 1]) }),
    JOLTS,
    LARGEST,
  ),
];

/** From losses on that a world makes. */
export const DAILY_LOSSES: readonly KeyDraw[] = [
  keys((random) => ({ 'account.daily_loss.tiers': tiersOf(random, SHARES) }), FALLS, LOSSES),
];

/** What is trusted to a skill of which nothing is known. */
export const UNKNOWN_SKILLS: readonly KeyDraw[] = [
  keys(
    (random) => ({
      'trust.unknown_skill': random.pick([
        { provenance: 0.2, capability_risk: 0.5 },
        { provenance: 0.5, capability_risk: 0.9 },
      ]),
      'trust.tiers': [
        { provenance_below: 0.4, ...tierEffect(random) },
        { capability_risk_above: 0.7, ...tierEffect(random) },
      ],
    }),
    claimsOf([SKILLS[2]], [3_000, 4_500]),
    claimsOf([SKILLS[2]]),
  ),
];

/** Parts that are the account's. */
export const ACCOUNT_KEYS: readonly KeyDraw[] = [
  ...RATES,
  keys((random) => ({ 'budgets.holding_time_ms': random.pick([8_000, 30_000, 60_000]) }), WAITS),
  keys(() => ({ 'budgets.concurrent_positions': 1 }), BOTH),
  keys((random) => ({ 'budgets.turnover_usdt_per_day': random.pick([1_500, 4_000]) }), SPENDS, LARGE),
  keys((random) => ({ 'budgets.fees_usdt_per_day': random.pick([0.5, 1.5]) }), LARGE),
  keys(() => ({ 'budgets.fees_usdt_per_day': 0.5 }), LATE),
  keys((random) => ({ 'market.collar_bps': random.pick([2, 8]) }), WIDE),
  keys(
    (random) => ({
      'market.volatility.baseline_quantile': random.pick([0.1, 0.9]),
      'market.volatility.min_history_bars': 20,
      'market.volatility.volatile': random.pick([0.3, 0.8]),
      'market.volatility.extreme': random.pick([0.9, 1.2]),
    }),
    MANY,
  ),
  ...ABSOLUTE,
  ...JUMPS,
  keys(() => ({ 'market.volatility.min_history_bars': 20, 'market.funding.extreme': 0.00001 }), MANY),
  keys(
    (random) => ({
      'market.volatility.min_history_bars': 20,
      'market.liquidity.below_quantile': random.pick([0.5, 0.99]),
    }),
    MANY,
  ),
  keys(
    (random) => ({
      'account.drawdown.tiers': tiersOf(random, SHARES),
      'account.drawdown.window_ms': random.pick([5_000, 60_000, DAY_MS]),
    }),
    FALLS,
    LOSSES,
  ),
  ...DAILY_LOSSES,
  keys((random) => ({ 'account.margin_ratio.tiers': tiersOf(random, [0.002, 0.005]) }), CREDIT, LARGE),
  keys(
    (random) => ({ 'account.concentration': { share: random.pick([0.5, 0.7]), floor_usdt: random.pick([200, 700]) } }),
    BOTH,
  ),
  keys((random) => ({ 'account.min_liquidation_distance': random.pick([0.35, 0.6, 0.98]) }), BORROWS),
  keys((random) => ({ 'account.margin_buffer_usdt': random.pick([97_000, 99_000, 99_600]) }), LARGE),
  keys(
    (random) => ({
      'trust.default': random.pick([
        { provenance: 0.3, capability_risk: 0.5 },
        { provenance: 0.5, capability_risk: 0.8 },
      ]),
      'trust.tiers': [
        { provenance_below: 0.4, ...tierEffect(random) },
        { capability_risk_above: 0.7, ...tierEffect(random) },
      ],
    }),
    CLAIMS,
    LARGEST,
  ),
  ...UNKNOWN_SKILLS,
  keys(
    (random) => ({
      'trust.skills': [
        { name: 'known', sha256: SKILLS[0], provenance: random.pick([0.1, 0.9]), capability_risk: 0.2 },
        { name: 'risky', sha256: SKILLS[1], provenance: 0.9, capability_risk: random.pick([0.1, 0.9]) },
      ],
    }),
    claimsOf([SKILLS[0]]),
    claimsOf([SKILLS[1]]),
  ),
  keys(
    (random) => ({
      trader_state: {
        ...random.pick(TRADERS),
        multiplier: 0.3,
        enforce_block: false,
        window_trades: random.pick([1, 1, 200]),
        max_age_ms: DAY_MS,
      },
    }),
    REVENGES,
    ESCALATES,
  ),
  keys(
    (random) => ({
      trader_state: {
        ...random.pick([TRADERS[0], TRADERS[3]]),
        multiplier: 0.8,
        enforce_block: true,
        window_trades: 200,
        max_age_ms: DAY_MS,
      },
    }),
    ESCALATES,
    ESCALATES,
  ),
  // As old as they may be when they count no more.
  keys(
    (random) => ({
      trader_state: {
        ...random.pick([TRADERS[1], TRADERS[2]]),
        multiplier: 0.3,
        enforce_block: false,
        window_trades: 200,
        max_age_ms: 60_000,
      },
    }),
    FORGETS,
  ),
  keys(
    (random) => ({
      'temporal.duplicate_window_ms': random.pick([5_000, 20_000]),
      'temporal.duplicate_exempt': random.pick([[], ['ETHUSDT']]),
    }),
    as('alpha', EQUALS),
    as('beta', EQUALS),
    SEEN,
  ),
  keys((random) => ({ 'temporal.flip_interval_ms': random.pick([3_000, 20_000]) }), FLIPS),
  keys(
    (random) => ({
      'temporal.breaker': {
        repeats: random.pick([2, 3]),
        window_ms: random.pick([5_000, 60_000]),
        cooldown_ms: random.pick([2_000, 20_000]),
      },
    }),
    REPEATS,
  ),
  keys(
    (random) => ({ 'staging.ttl_ms': random.pick([500, 3_000]), 'staging.spacing_ms': random.pick([200, 2_000]) }),
    MANY,
  ),
  keys((random) => ({ 'standing.resting_ttl_ms': random.pick([2_000, 12_000, 40_000]) }), WAITS),
  keys((random) => ({ 'exits.resting': random.int(1, 2) }), PROFITS),
  keys((random) => ({ 'exits.resume_ms': random.pick([500, 4_000]) }), BOUNDED),
  keys(
    (random) => ({
      'exits.step_ms': random.pick([50, 2_000]),
      'exits.ladder_bps': random.pick([
        [1, 5, 40],
        [30, 200],
      ]),
    }),
    THIN,
  ),
  keys(
    (random) => ({ 'requests.refusals': { max: random.int(1, 4), window_ms: random.pick([2_000, 60_000]) } }),
    EQUALS,
  ),
  keys(
    (random) => ({
      'tools.place_order.args': random.pick([
        boundOf(250),
        { type: 'object', properties: { order_type: { enum: ['market'] } } },
      ]),
    }),
    MANY,
    WAITS,
  ),
];
