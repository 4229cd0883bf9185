import type { PolicyKeys, Setup } from '../plan.ts';
import type { Random } from '../random.ts';
import { ABSOLUTE, ACCOUNT_KEYS, DAILY_LOSSES, JUMPS, OWN_TRADERS, RATES, UNKNOWN_SKILLS } from './account-keys.ts';
import type { Piece } from './draw.ts';
import { as, boundOf, type DrawnKeys, type KeyDraw, keys, own, tiersOf } from './key-draws.ts';
import { CHANGES, FALLS, LARGEST, OLD, SHRINKS } from './scenes.ts';
import {
  AGES,
  AMENDS,
  APPROVED,
  aboutUsdt,
  BARS,
  BORROWS,
  BOTH,
  CLAIMS,
  EQUALS,
  ESCALATES,
  FLIPS,
  LARGE,
  LOSSES,
  MANY,
  REPEATS,
  REVENGES,
  SEEN,
  SPENDS,
  signalsOf,
  WAITS,
  WIDE,
} from './words.ts';

type Regime = 'calm' | 'volatile' | 'extreme';
/** In which the market is in that regime. */
const REGIMES: { readonly [regime in Regime]: PolicyKeys } = {
  calm: { 'market.volatility.min_history_bars': 20 },
  volatile: { 'market.volatility.min_history_bars': 200 },
  extreme: { 'market.funding.extreme': 0.00001 },
};

const REGIME_FIGURES: { readonly [regime in Regime]: readonly [leverage: number | string, rate: number] } = {
  calm: ['1/3', 0.2],
  volatile: ['1/3', 0.4],
  extreme: [0.4, 0.45],
};

function regimeKeys(regime: Regime): readonly KeyDraw[] {
  const row = (draw: (random: Random) => PolicyKeys, ...pieces: readonly Piece[]): KeyDraw =>
    keys(
      (random) => ({
        ...(random.chance(0.8) ? REGIMES[regime] : {}),
        ...Object.fromEntries(
          Object.entries(draw(random)).map(([key, value]) => [`market.regimes.${regime}.${key}`, value]),
        ),
      }),
      ...pieces,
    );
  // Other figures than the default policy's, which mean the same.
  const [leverage, rate] = REGIME_FIGURES[regime];
  return [
    row(() => ({ leverage }), BORROWS),
    row((random) => ({ notional: random.pick([0.1, '2/5']) }), LARGE),
    // As few as there may be beside the slices of the regime.
    keys(
      () => ({
        ...REGIMES[regime],
        'budgets.order_rate': { max: 13, window_ms: 60_000 },
        [`market.regimes.${regime}.order_rate`]: rate,
      }),
      MANY,
    ),
    row(() => ({ slippage: 0.2 }), WIDE),
    row((random) => ({ cooldown_ms: random.pick([2_000, 8_000]) }), MANY, SHRINKS),
    row((random) => ({ slices: random.pick([2, 3]) }), LARGE),
    row(() => ({ reduce_only: true }), MANY),
  ];
}

/** Funding is told with the mark, which is seldom a second old. */
const FUNDING = keys(() => ({ 'market.freshness.funding_ms': 200 }), WAITS);

/** How old an input may be. */
const FRESHNESS: readonly KeyDraw[] = [
  keys((random) => ({ 'market.freshness.mark_ms': random.pick([300, 1_200]) }), WAITS),
  keys((random) => ({ 'market.freshness.quote_ms': random.pick([300, 1_200]) }), WAITS),
  keys(() => ({ 'market.freshness.bars': 1, 'market.bar_ms': 60_000 }), BARS),
  keys((random) => ({ 'market.freshness.account_ms': random.pick([1_000, 4_000]) }), WAITS),
  FUNDING,
  keys((random) => ({ 'market.freshness.filters_ms': random.pick([1_000, 20_000]) }), WAITS),
  keys((random) => ({ 'market.freshness.clock_skew_ms': random.pick([5, 100]) }), AGES),
  keys((random) => ({ 'market.freshness.request_ms': random.pick([1, 1_000]) }), OLD),
];

function signalKeys(kind: 'injection' | 'narrative' | 'anomaly' | 'spend'): readonly KeyDraw[] {
  const rule = (draw: (random: Random) => object): KeyDraw =>
    keys((random) => ({ [`trust.signals.${kind}`]: { max_ttl_ms: 3_600_000, ...draw(random) } }), signalsOf(kind));
  return [
    rule(() => ({ reduce_only: true })),
    rule((random) => ({ multiplier: random.pick([0.05, '1/9']) })),
    rule(() => ({ reduce_only: true, max_ttl_ms: 5_000 })),
  ];
}

/** With other numbers of bars the market is in another regime. */
const MARKET: readonly KeyDraw[] = [
  keys((random) => ({ 'market.bar_ms': random.pick([60_000, 300_000]) }), MANY),
  keys(
    (random) => ({
      'market.volatility.baseline_bars': random.pick([10, 12, 15]),
      'market.volatility.min_history_bars': 20,
    }),
    LARGE,
  ),
  keys(
    (random) => ({
      'market.volatility.window_bars': random.pick([6, 10, 20]),
      'market.volatility.min_history_bars': 12,
      'market.volatility.volatile': 1.2,
      'market.volatility.extreme': 1.6,
    }),
    MANY,
  ),
  // A label that ended within the last bars.
  keys(
    (random) => ({
      'market.regime_hold_bars': random.pick([2, 6]),
      'market.volatility.volatile': 1.3,
      'market.volatility.min_history_bars': 12,
    }),
    LARGEST,
  ),
  keys(
    (random) => ({
      'market.liquidity': random.pick([
        { ema_bars: 2, below_quantile: 0.1, baseline_bars: 20 },
        { ema_bars: 5, below_quantile: 0.1, baseline_bars: 8 },
        { ema_bars: 3, below_quantile: 0.05, baseline_bars: 20 },
      ]),
      'market.volatility.min_history_bars': 8,
    }),
    LARGEST,
  ),
];

const SCOPES: readonly KeyDraw[] = [
  keys(() => ({ 'scope.tools': ['place_order', 'close_position', 'cancel_order', 'cancel_all'] }), CHANGES),
  keys(() => ({ 'scope.actions': ['open', 'close', 'cancel'] }), CHANGES),
  keys(() => ({ 'scope.symbols': ['BTCUSDT'] }), BOTH),
  keys(() => ({ 'scope.accounts': ['other'] }), WAITS),
];

/** What one agent may lose within a day and a week. */
const OWN_LOSSES: readonly KeyDraw[] = [
  own((random) => ({ loss: { day: tiersOf(random, [0.3, 2, 8], 'at_usdt') } }), FALLS, LOSSES),
  own((random) => ({ loss: { week: tiersOf(random, [0.3, 2, 8], 'at_usdt') } }), FALLS, LOSSES),
];

/** Parts of one agent's section. */
const OWN_KEYS: readonly KeyDraw[] = [
  own(
    (random) => ({
      'scope.tools': random.pick([
        ['close_position', 'cancel_order', 'cancel_all', 'place_order'],
        ['close_position', 'cancel_order', 'cancel_all', 'modify_order'],
      ]),
    }),
    AMENDS,
  ),
  own(
    (random) => ({
      'scope.actions': random.pick([
        ['open', 'close', 'cancel'],
        ['close', 'cancel', 'modify'],
      ]),
    }),
    AMENDS,
  ),
  own(() => ({ 'scope.venues': [] }), MANY),
  own((random) => ({ 'scope.symbols': [random.pick(['BTCUSDT', 'ETHUSDT'])] }), BOTH),
  own(() => ({ 'scope.accounts': [] }), MANY),
  own((random) => ({ 'budgets.order_notional_usdt': random.pick([120, 250]) }), MANY),
  own((random) => ({ 'budgets.symbol_notional_usdt': random.pick([200, 400]) }), MANY),
  own((random) => ({ 'budgets.gross_notional_usdt': random.pick([250, 500]) }), BOTH),
  own((random) => ({ 'budgets.slippage_bps': random.pick([3, 8]) }), WIDE),
  own((random) => ({ 'budgets.turnover_usdt_per_day': random.pick([500, 2_000]) }), SPENDS, LARGE),
  own((random) => ({ 'budgets.fees_usdt_per_day': random.pick([0.2, 0.8]) }), LARGE),
  own(() => ({ 'budgets.concurrent_positions': 1 }), BOTH),
  own(() => ({ 'budgets.leverage': 1 }), BORROWS),
  own((random) => ({ 'budgets.holding_time_ms': random.pick([8_000, 30_000]) }), WAITS),
  own(
    (random, setup) => ({ 'budgets.order_rate': { max: random.int(5, 7), window_ms: setup.orderWindowMs ?? 60_000 } }),
    MANY,
    MANY,
    SHRINKS,
  ),
  own((random) => ({ 'temporal.duplicate_window_ms': random.pick([5_000, 20_000]) }), EQUALS, SEEN),
  // What the account exempts one agent's section does not.
  keys(
    () => ({
      'temporal.duplicate_window_ms': 15_000,
      'temporal.duplicate_exempt': ['ETHUSDT'],
      'agents.beta.temporal.duplicate_exempt': [],
    }),
    as('beta', EQUALS),
    as('alpha', EQUALS),
  ),
  own((random) => ({ 'temporal.flip_interval_ms': random.pick([3_000, 20_000]) }), FLIPS),
  own(
    (random) => ({
      'temporal.breaker': {
        repeats: random.pick([2, 3]),
        window_ms: 60_000,
        cooldown_ms: 300_000,
      },
    }),
    REPEATS,
  ),
  own(
    (random) => ({ trader_state: { ...random.pick(OWN_TRADERS), multiplier: 0.3, enforce_block: random.chance(0.5) } }),
    REVENGES,
    ESCALATES,
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
  ...OWN_LOSSES,
];

const CHOICES: readonly KeyDraw[] = [
  ...ACCOUNT_KEYS,
  ...regimeKeys('calm'),
  ...regimeKeys('volatile'),
  ...regimeKeys('extreme'),
  ...FRESHNESS,
  ...signalKeys('injection'),
  ...signalKeys('narrative'),
  ...signalKeys('anomaly'),
  ...signalKeys('spend'),
  ...MARKET,
  ...SCOPES,
  ...OWN_KEYS,
];

/** Parts that bind seldom: a world in so many has one of them, whatever others have. */
const RARE: readonly KeyDraw[] = [FUNDING, ...signalKeys('anomaly').slice(0, 1)];
/** Parts that bind only where little else happens: as many worlds have one of them and no other, and begin with it. */
const ALONE: readonly KeyDraw[] = [
  ...DAILY_LOSSES,
  ...OWN_LOSSES,
  ...RATES,
  ...SCOPES.slice(0, 2),
  ...UNKNOWN_SKILLS,
  ...ABSOLUTE,
  ...JUMPS,
];
const RARE_EVERY = 25;
export function isRare(world: number): boolean {
  return world % RARE_EVERY === 1;
}
export function isAlone(world: number): boolean {
  return world % RARE_EVERY === 13;
}

/** One further in each round: else a part would have its turn in worlds of the same kinds alone. */
function pickInTurn<T>(parts: readonly T[], turn: number): T | undefined {
  return parts[(turn + Math.floor(turn / parts.length)) % parts.length];
}

/**
 * Up to four parts of the policy, and the pieces in which they are to bind; one of them in turn, so that of as many
 * worlds as there are parts none is left out. `world`: its seed.
 */
export function drawKeys(random: Random, setup: Setup, world: number): DrawnKeys {
  let drawn: PolicyKeys = {};
  const pieces: Piece[] = [];
  const rareTurn = Math.floor(world / RARE_EVERY);
  const turn = isRare(world)
    ? RARE[rareTurn % RARE.length]
    : isAlone(world)
      ? pickInTurn(ALONE, rareTurn)
      : pickInTurn(CHOICES, world);
  const others = isAlone(world) ? [] : Array.from({ length: random.int(0, 3) }, () => random.pick(CHOICES));
  for (const choice of [...(turn === undefined ? [] : [turn]), ...others]) {
    const { keys: more, pieces: binding } = choice(random, setup);
    // Of parts of their own: an agent's may only be tighter than the account's.
    if (partsOf(more).some((part) => partsOf(drawn).includes(part))) continue;
    drawn = { ...drawn, ...more };
    pieces.push(...binding);
  }
  if (!isAlone(world) && random.chance(SCHEMA_SHARE) && !partsOf(drawn).includes('tools')) {
    const most = random.pick([100, 250, 500]);
    drawn = { ...drawn, 'tools.place_order.args': boundOf(most) };
    pieces.push(aboutUsdt(most));
  }
  return { keys: drawn, pieces };
}

/** Of worlds in which a schema bounds what orders may ask for, and quantities are worth a little less and a little more. */
const SCHEMA_SHARE = 0.1;

function partsOf(of: PolicyKeys): readonly (string | undefined)[] {
  return Object.keys(of).map((path) => path.replace(/^agents\.[a-z]+\./, '').split('.')[0]);
}

/** A condition for approvals beside the one on the sum, in turn by the world's seed; every other world is of a kind. */
export function drawApprovalKeys(random: Random, { approvals }: Setup, world: number): DrawnKeys {
  if (approvals === undefined) return { keys: {}, pieces: [] };
  const sum = { notional_above_usdt: approvals.aboveUsdt };
  const others: readonly (readonly [object, ...Piece[]])[] = [
    [{ provenance_below: 0.4 }, CLAIMS],
    [{ capability_risk_above: 0.6 }, CLAIMS],
    [{ untraded_ms: random.pick([20_000, 60_000]) }, APPROVED],
    [{ agents: ['alpha', 'gamma'] }, as('alpha', MANY)],
    [{ venues: [random.pick(['paper', 'binance-demo', 'binance-demo'])] }, MANY],
    [{ request: { order_type: { in: ['limit'] } } }, AMENDS],
    [{ request: { requested_notional: { above: random.pick([100, 500]) } } }, MANY],
    [{ request: { max_slippage_bps: { below: random.pick([15, 25]) }, symbol: { in: ['ETHUSDT'] } } }, BOTH],
    [{ untraded_ms: random.pick([20_000, 60_000]) }, APPROVED],
  ];
  const [other, ...pieces] = pickInTurn(others, Math.floor(world / 2)) ?? [];
  return { keys: { 'approvals.when': other === undefined ? [sum] : [sum, other] }, pieces };
}
