import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { ownE8Of } from '../../daemon/engine/orders/holding.ts';
import { fromE8 } from '../../daemon/engine/records/units.ts';
import type { GateState } from '../../daemon/engine/state/gate-state.ts';
import type { AgentRequest } from '../../daemon/evaluation/facts/agents.ts';
import type { MarketData, ReplayInstrument, SymbolBars } from '../../daemon/evaluation/facts/markets.ts';
import { Draws } from '../../daemon/evaluation/intents/draws.ts';
import {
  buildCancel,
  buildClose,
  buildClosingOrder,
  buildModify,
  buildOpening,
} from '../../daemon/evaluation/intents/requests.ts';
import { applyEdits } from '../../daemon/evaluation/setup/mutations/edits.ts';
import { loadVariant } from '../../daemon/evaluation/setup/variants.ts';
import { hashPolicy } from '../../daemon/policy/parse.ts';
import { INSTRUMENT } from '../replay/engine/instrument.ts';
import type { VenueTemper } from './venue.ts';

export const START_MS = 1_760_000_400_000;
export const BAR_MS = 60_000;
const BARS = 7;
/** 0.001, in units of 1e-8. */
const LOT_E8 = 1e5;
/** As many closed bars as the features of the policy rest on. */
const WARMUP_BARS = 37;

/** What an agent asks for; what it names is looked up when it asks. */
export type Wish =
  | { readonly kind: 'open'; readonly side: 'buy' | 'sell'; readonly usdt: number; readonly limitBps: number | null }
  | { readonly kind: 'close'; readonly fraction: number; readonly slippageBps: number | null }
  | { readonly kind: 'take_profit'; readonly bps: number; readonly part: number }
  | { readonly kind: 'amend'; readonly which: number; readonly bps: number; readonly times: number }
  | { readonly kind: 'cancel'; readonly which: number }
  | { readonly kind: 'cancel_all'; readonly isEverywhere: boolean }
  | { readonly kind: 'misuse'; readonly how: 'symbol' | 'leverage' | 'cross' };
export interface Step {
  /** Since the start. */
  readonly atMs: number;
  readonly agent: string;
  readonly symbol: string;
  readonly wish: Wish;
}
export interface WorldPlan {
  readonly seed: number;
  readonly market: MarketData;
  readonly policy: { readonly spec: IntendedPolicySpec; readonly hash: string };
  readonly agents: readonly string[];
  readonly temper: VenueTemper;
  /** By time; no two at one instant. */
  readonly steps: readonly Step[];
}

/** In whole numbers and per cent. */
class WorldDraws extends Draws {
  override chance(percent: number): boolean {
    return super.chance(percent / 100);
  }
}

const PRICES = { BTCUSDT: 60_000, ETHUSDT: 3_000 } as const;

export function planWorld(seed: number): WorldPlan {
  const draws = new WorldDraws(seed, 'world');
  // Several agents in one symbol, who open on one side and leave take-profits: what one does shows in what others may.
  const isCrowd = draws.chance(25);
  const symbols = !isCrowd && draws.chance(35) ? (['BTCUSDT', 'ETHUSDT'] as const) : (['BTCUSDT'] as const);
  const agents = ['alpha', 'beta', 'gamma'].slice(0, isCrowd ? draws.pick([2, 3]) : draws.pick([1, 2, 2, 3]));
  const maxLots = draws.chance(25) ? draws.int(8, 30) : 100_000;
  const roughness = draws.pick([1, 1, 4, 12]);
  const market: MarketData = {
    barMs: BAR_MS,
    startMs: START_MS,
    endMs: START_MS + BARS * BAR_MS,
    symbols: symbols.map((symbol) => drawBars(draws, instrumentOf(symbol, maxLots), PRICES[symbol], roughness)),
    inputs: [],
  };
  return {
    seed,
    market,
    policy: drawPolicy(draws, symbols, drawLossTiers(seed)),
    agents,
    temper: drawTemper(draws),
    steps: drawSteps(draws, agents, symbols, isCrowd),
  };
}

function instrumentOf(symbol: keyof typeof PRICES, maxLots: number): ReplayInstrument {
  const isBtc = symbol === 'BTCUSDT';
  return {
    ...INSTRUMENT,
    symbol,
    tickScale: isBtc ? 10 : 100,
    maxLots: isBtc ? maxLots : maxLots * 20,
    minNotionalUsdt: 5,
  };
}

/** Quiet history, then bars whose moves are `roughness` times as large, some of them jumps. */
function drawBars(draws: WorldDraws, instrument: ReplayInstrument, from: number, roughness: number): SymbolBars {
  const count = WARMUP_BARS + BARS;
  const column = () => new Float64Array(count);
  const [openMs, open, high, low, close, volume] = [column(), column(), column(), column(), column(), column()];
  const tick = instrument.tickMantissa / instrument.tickScale;
  const round = (price: number): number => Number((Math.round(price / tick) * tick).toFixed(2));
  let price = from;
  for (let i = 0; i < count; i++) {
    const isJudged = i >= WARMUP_BARS;
    const scale = isJudged ? roughness * (draws.chance(15) ? 8 : 1) : 1;
    const move = (draws.unit() - 0.5) * 0.0012 * scale;
    openMs[i] = START_MS + (i - WARMUP_BARS) * BAR_MS;
    open[i] = round(price);
    const end = round(price * (1 + move));
    close[i] = end;
    high[i] = round(Math.max(price, end) * (1 + draws.unit() * 0.0006 * scale));
    low[i] = round(Math.min(price, end) * (1 - draws.unit() * 0.0006 * scale));
    volume[i] = draws.int(300, 900);
    price = end;
  }
  return { instrument, openMs, open, high, low, close, volume, funding: [], gaps: [] };
}

let base: IntendedPolicySpec | null = null;

/** In a quarter of the worlds what an order costs may reach a tier of the account, which the next move leaves. */
function drawLossTiers(seed: number): readonly object[] | null {
  const draws = new WorldDraws(seed, 'losses');
  if (!draws.chance(25)) return null;
  const halves = { at: draws.pick([0.00002, 0.0001]), multiplier: 0.5 };
  const ends = { at: draws.pick([0.00015, 0.0003, 0.001]), reduce_only: true };
  return draws.chance(50) ? [ends] : [halves, ends];
}

function drawPolicy(
  draws: WorldDraws,
  symbols: readonly string[],
  lossTiers: readonly object[] | null,
): WorldPlan['policy'] {
  base ??= loadVariant('Holdfast').spec;
  const cap = draws.pick([1_000, 3_000, 8_000]);
  const regimes = (['calm', 'volatile', 'extreme'] as const).map((name) => `market.regimes.${name}`);
  const spec = applyEdits(base, {
    'scope.symbols': [...symbols],
    ...(lossTiers === null ? {} : { 'account.daily_loss': { tiers: lossTiers } }),
    'budgets.leverage': draws.pick([2, 3, 5]),
    'budgets.order_notional_usdt': cap,
    'budgets.symbol_notional_usdt': cap * draws.pick([1, 2, 4]),
    'budgets.gross_notional_usdt': cap * draws.pick([2, 4, 6]),
    'budgets.order_rate': { max: draws.pick([6, 60]), window_ms: 60_000 },
    'budgets.slippage_bps': 40,
    'budgets.holding_time_ms': draws.chance(10) ? 120_000 : 259_200_000,
    'budgets.concurrent_positions': 2,
    'budgets.turnover_usdt_per_day': 10_000_000,
    'budgets.fees_usdt_per_day': 10_000,
    'market.bar_ms': BAR_MS,
    'market.regime_hold_bars': draws.pick([1, 2]),
    'market.volatility.window_bars': 6,
    'market.volatility.baseline_bars': 30,
    'market.volatility.min_history_bars': draws.chance(90) ? 20 : 200,
    'market.volatility.volatile': 2.5,
    'market.volatility.extreme': 4,
    'market.liquidity.ema_bars': 6,
    'market.liquidity.baseline_bars': 30,
    ...Object.fromEntries(
      regimes.flatMap((regime) => [
        [`${regime}.cooldown_ms`, draws.pick([0, 0, 5_000])],
        [`${regime}.slices`, draws.pick([1, 2, 4])],
      ]),
    ),
    'temporal.duplicate_window_ms': 1_000,
    'temporal.flip_interval_ms': draws.pick([1, 20_000]),
    'temporal.breaker': { repeats: draws.pick([2, 8]), window_ms: 60_000, cooldown_ms: 60_000 },
    staging: { spacing_ms: draws.pick([700, 2_000, 9_000]), ttl_ms: draws.pick([3_000, 60_000]) },
    standing: {
      resting_ttl_ms: draws.pick([30_000, 3_600_000]),
      on_breach: draws.pick(['hold', 'cancel_opening', 'reduce', 'reduce']),
    },
    exits: {
      ...base.exits,
      scope: draws.pick(['own', 'own', 'account']),
      ladder_bps: draws.pick([
        [20, 60, 150, 300],
        [10, 40],
      ]),
      step_ms: draws.pick([410, 2_530]),
      rate: { max: draws.pick([1, 2, 30]), window_ms: draws.pick([5_030, 60_050]) },
    },
    protection: { required: draws.chance(50), stop_bps: draws.pick([20, 80, 300]) },
  });
  return { spec, hash: hashPolicy(spec) };
}

function drawTemper(draws: WorldDraws): VenueTemper {
  const isRough = draws.chance(60);
  return {
    rejectsOpening: isRough ? draws.int(0, 30) : 0,
    rejectsExit: isRough ? draws.int(0, 40) : 0,
    rejectsStop: isRough ? draws.int(0, 30) : 0,
    rejectsAmend: isRough ? draws.int(0, 40) : 0,
    fillsPart: draws.int(0, 40),
    fillsNone: draws.int(0, 30),
    expiresResting: isRough ? draws.int(0, 20) : 0,
  };
}

/** Turns of trading, with bursts of what attackers do: repeats, floods, crossing and misuse. */
function drawSteps(
  draws: WorldDraws,
  agents: readonly string[],
  symbols: readonly string[],
  isCrowd: boolean,
): readonly Step[] {
  const steps: Step[] = [];
  const count = draws.int(12, 26);
  let atMs = draws.int(1_000, 6_000);
  for (let i = 0; i < count && atMs < BARS * BAR_MS - 20_000; i++) {
    const agent = draws.pick(agents);
    const symbol = draws.pick(symbols);
    const wish = isCrowd ? drawCrowdWish(draws, i) : drawWish(draws, i);
    const times = draws.chance(8) ? draws.int(3, 8) : 1;
    for (let k = 0; k < times; k++) {
      // Each at a place of its own within a tenth of a second, and so are the timers that it sets.
      steps.push({ atMs: Math.floor(atMs / 100) * 100 + ((steps.length * 7 + 3) % 97), agent, symbol, wish });
      atMs += times > 1 ? draws.pick([100, 300, 1_100]) : 0;
    }
    atMs += draws.pick([100, 900, 3_000, 12_000, 30_000, 45_000]);
  }
  return steps;
}

function drawCrowdWish(draws: WorldDraws, nr: number): Wish {
  const what = nr < 3 ? 0 : draws.int(0, 99);
  if (what < 35) return { kind: 'open', side: 'buy', usdt: draws.pick([700, 1_500, 5_000]), limitBps: null };
  if (what < 70) return { kind: 'take_profit', bps: draws.pick([8, 30, 60]), part: draws.pick([1, 1, 0.5]) };
  if (what < 80) return { kind: 'close', fraction: draws.pick([1, 0.5, 0.3]), slippageBps: null };
  return drawWish(draws, nr);
}

function drawWish(draws: WorldDraws, nr: number): Wish {
  const what = nr < 2 ? 0 : draws.int(0, 99);
  if (what < 34)
    return {
      kind: 'open',
      side: draws.chance(75) ? 'buy' : 'sell',
      usdt: draws.pick([60, 200, 700, 1_500, 5_000]),
      limitBps: draws.chance(45) ? draws.pick([-25, -8, -3, 5]) : null,
    };
  if (what < 56)
    return { kind: 'close', fraction: draws.pick([1, 1, 0.5, 0.3]), slippageBps: draws.pick([null, null, 15, 100]) };
  if (what < 72) return { kind: 'take_profit', bps: draws.pick([3, 8, 30, -5]), part: draws.pick([1, 0.5]) };
  if (what < 82)
    return { kind: 'amend', which: draws.int(0, 3), bps: draws.pick([-6, -2, 2, 6]), times: draws.pick([1, 0.5, 2]) };
  if (what < 88) return { kind: 'cancel', which: draws.int(0, 3) };
  if (what < 92) return { kind: 'cancel_all', isEverywhere: draws.chance(50) };
  return { kind: 'misuse', how: draws.pick(['symbol', 'leverage', 'cross']) };
}

/** What the agent sends now, by what it can see: the mark, its own live orders, what it holds. */
export function requestOf({ agent, symbol, wish }: Step, state: GateState, mark: number): AgentRequest {
  const tickScale = symbol === 'BTCUSDT' ? 10 : 100;
  const priceAt = (bps: number): number => Math.round(mark * (1 + bps / 1e4) * tickScale) / tickScale;
  const held = ownE8Of(state.positions.get(symbol), agent);
  const own = [...(state.orders.live.get(symbol) ?? [])].filter(
    (order) => order.agent === agent && !order.protective && order.status !== 'pending_send',
  );
  const chosen = (which: number): string => own[which % Math.max(1, own.length)]?.clientOrderId ?? 'hf000000-none-0-0';
  switch (wish.kind) {
    case 'open': {
      const { limitBps, side, usdt: notionalUsdt } = wish;
      const limitPrice = limitBps === null ? null : priceAt(side === 'buy' ? limitBps : -limitBps);
      return buildOpening({ symbol, side, notionalUsdt, leverage: 2, slippageBps: 30, limitPrice });
    }
    case 'close':
      return buildClose(symbol, wish.fraction, wish.slippageBps);
    case 'take_profit': {
      const side = held >= 0 ? 'sell' : 'buy';
      const lots = Math.max(1, Math.round((Math.abs(held) / LOT_E8) * wish.part));
      const notionalUsdt = Math.max(6, (lots / 1000) * mark);
      const limitPrice = priceAt(side === 'sell' ? wish.bps : -wish.bps);
      return buildClosingOrder({ symbol, side, notionalUsdt, leverage: 1, slippageBps: 100, limitPrice }, true);
    }
    case 'amend': {
      const id = chosen(wish.which);
      const order = state.orders.all.get(id);
      const price = order?.priceE8 == null ? mark : fromE8(order.priceE8);
      return buildModify(symbol, id, {
        limitPrice: Math.round(price * (1 + wish.bps / 1e4) * tickScale) / tickScale,
        requestedNotional: Math.max(6, fromE8(order?.quantityE8 ?? LOT_E8) * price * wish.times),
      });
    }
    case 'cancel':
      return buildCancel(symbol, chosen(wish.which));
    case 'cancel_all':
      return {
        ...buildCancel(symbol, ''),
        tool: 'cancel_all',
        clientOrderId: null,
        symbol: wish.isEverywhere ? null : symbol,
      };
    case 'misuse': {
      const isCross = wish.how === 'cross';
      return buildOpening({
        symbol: wish.how === 'symbol' ? 'DOGEUSDT' : symbol,
        side: isCross && held > 0 ? 'sell' : 'buy',
        notionalUsdt: isCross ? 3_000 : 100,
        leverage: wish.how === 'leverage' ? 100 : 1,
        slippageBps: 30,
      });
    }
  }
}
