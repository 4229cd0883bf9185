import { PLAIN_SETUP, type Setup } from '../plan.ts';
import { Random } from '../random.ts';
import { drawBegins, SMALL_USDT } from './account.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Of worlds in which one agent may borrow less than the others. */
const CAPPED_SHARE = 0.12;
/** Of worlds in which no symbol may be more than a share of all. */
const CONCENTRATED_SHARE = 0.12;
/** Of worlds in which a symbol is kept for one agent. */
const RESERVED_SHARE = 0.08;
/** Of worlds in which the exchange takes few open orders in a symbol, or the policy few openings of an agent. */
const CROWDED_SHARE = 0.1;

export function drawSetup(random: Random): Setup {
  return {
    ...PLAIN_SETUP,
    regime: random.chance(0.5) ? 'volatile' : 'calm',
    noise: random.weighted([
      [4, 0],
      [4, 1],
      [2, 2],
    ] as const),
    exitRate: random.weighted([
      [5, { max: 30, windowMs: 20_000 }],
      [3, { max: 2, windowMs: 10_000 }],
      [2, { max: 1, windowMs: 6_000 }],
      [0.4, { max: 300, windowMs: 20_000 }],
    ] as const),
    stopBps: random.chance(0.25) ? random.pick([60, 150, 300]) : null,
    onBreach: random.weighted([
      [6, 'cancel_opening'],
      [2, 'hold'],
      [2, 'reduce'],
    ] as const),
    caps: random.chance(0.8)
      ? { order: 5_000, symbol: 10_000, gross: 15_000 }
      : { order: 1_000, symbol: 1_500, gross: random.pick([1_200, 2_000]) },
    cooldownMs: random.chance(0.8) ? 0 : 4_000,
    settleMs: 30_000,
  };
}

/**
 * In some worlds one agent may borrow less than the others, a symbol is kept for one, none may be most of all, or few
 * orders may rest.
 */
export function withOwn(setup: Setup, seed: number): Setup {
  const reserve = new Random(seed, 'reserved');
  const crowd = new Random(seed, 'crowded');
  return {
    ...setup,
    ...(new Random(seed, 'capped').chance(CAPPED_SHARE) ? { capped: { agent: 'beta', leverage: 1 } } : {}),
    ...(reserve.chance(RESERVED_SHARE)
      ? {
          reserved: {
            agent: reserve.pick(['beta', 'gamma'] as const),
            symbol: reserve.pick(['BTCUSDT', 'ETHUSDT'] as const),
          },
        }
      : {}),
    ...(crowd.chance(CROWDED_SHARE) ? { maxOrders: crowd.pick([3, 4, 6, 9]) } : {}),
    ...(crowd.chance(CROWDED_SHARE) ? { maxOpenings: crowd.int(1, 3) } : {}),
    ...(new Random(seed, 'concentrated').chance(CONCENTRATED_SHARE)
      ? { concentration: { share: 0.7, floorUsdt: 700 } }
      : {}),
  };
}

function withApprovals(setup: Setup, random: Random): Setup {
  const aboveUsdt = random.pick([250, 500, 1_000]);
  return {
    ...setup,
    approvals: { aboveUsdt, windowMs: random.pick([20_000, 60_000, 120_000]), quorum: random.pick([1, 2]) },
  };
}

/** In every other world people approve with tokens and passkeys, which may be ended. */
export function withApprovers(setup: Setup, random: Random): Setup {
  const approved = withApprovals(setup, random);
  return random.chance(0.5) ? { ...approved, tokens: { each: 1 } } : approved;
}

export function withLimits(setup: Setup, random: Random): Setup {
  const fromMs = random.pick([1, 1, 2]) * MINUTE_MS;
  const closed = random.chance(0.7) ? { fromMs, toMs: fromMs + random.pick([1, 1, 60]) * MINUTE_MS } : null;
  return { ...setup, limits: { heartbeatMs: random.chance(0.7) ? random.pick([5_000, 12_000]) : null, closed } };
}

/** Sometimes with approvals: the end of a token ends what it asked people for. */
export function withTokens(setup: Setup, random: Random): Setup {
  const approved = setup.approvals === undefined && random.chance(0.25) ? withApprovals(setup, random) : setup;
  return { ...approved, tokens: { each: random.pick([1, 1, 2]) } };
}

/**
 * Windows that outlast what is counted one by one, positions that come near their liquidation price, and symbols of which
 * the exchange takes no single lot.
 */
export function withRarities(setup: Setup, random: Random): Setup {
  return {
    ...setup,
    ...(random.chance(0.3) ? { orderWindowMs: random.pick([HOUR_MS, 50 * HOUR_MS, 240 * HOUR_MS]) } : {}),
    ...(random.chance(0.3) ? { minLiquidationDistance: 0.3, onBreach: 'reduce' } : {}),
    ...(random.chance(0.2) ? { smallestLots: random.int(2, 3) } : {}),
  };
}

/** Stops in most worlds: they are written in the exchange's steps, too. */
export function withSteps(setup: Setup, random: Random): Setup {
  return random.chance(0.6) ? { ...setup, stopBps: random.pick([60, 150, 300]) } : setup;
}

/** A small account, of which losses are a larger part, and stops in most worlds. */
export function withAccount(setup: Setup, random: Random): Setup {
  const isUnreported = random.chance(0.4);
  return {
    ...setup,
    stopBps: isUnreported || random.chance(0.4) ? random.pick([60, 150, 300]) : null,
    account: {
      balanceUsdt: random.pick([8_000, 20_000, SMALL_USDT, 100_000]),
      begins: drawBegins(random),
      isUnreported,
    },
  };
}
