import { ownE8Of } from '../../daemon/engine/orders/holding.ts';
import { fromE8 } from '../../daemon/engine/records/units.ts';
import type { GateState } from '../../daemon/engine/state/gate-state.ts';
import type { AgentRequest } from '../../daemon/evaluation/facts/agents.ts';
import type { MarketData } from '../../daemon/evaluation/facts/markets.ts';
import { Draws } from '../../daemon/evaluation/intents/draws.ts';
import { buildCancel, buildClose, buildClosingOrder, buildModify, buildOpening } from '../../daemon/evaluation/intents/requests.ts'; // biome-ignore format: one list
import { buildSyntheticMarket } from '../../daemon/evaluation/market/synthetic.ts';
import type { RunSetup } from '../../daemon/evaluation/run/run.ts';
import { loadVariant } from '../../daemon/evaluation/setup/variants.ts';
import { hashPolicy } from '../../daemon/policy/parse.ts';
import { applyEdits } from '../replay/mutations/edits.ts';

export const BAR_MS = 60_000;
const BARS = 7;
const { spec: BASE } = loadVariant('Holdfast');

/** What an agent asks for; what it names is looked up when it asks. */
interface Step {
  /** Since the start; no two at one instant. */
  readonly atMs: number;
  readonly agent: string;
  request(state: GateState, mark: number): AgentRequest;
  readonly symbol: string;
}
export interface World {
  readonly seed: number;
  readonly market: MarketData;
  readonly policy: RunSetup['policy'];
  readonly agents: readonly string[];
  readonly steps: readonly Step[];
}

export function drawWorld(seed: number): World {
  const draws = new Draws(seed, 'world');
  const symbols = draws.chance(0.7) ? ['BTCUSDT'] : ['BTCUSDT', 'ETHUSDT'];
  const agents = ['alpha', 'beta', 'gamma'].slice(0, draws.pick([1, 2, 2, 3]));
  const spec = drawPolicy(draws, symbols);
  return {
    seed,
    market: buildSyntheticMarket({ seed, bars: BARS, warmupBars: 37, barMs: BAR_MS, symbols }),
    policy: { spec, hash: hashPolicy(spec) },
    agents,
    steps: drawSteps(draws, agents, symbols),
  };
}

function drawPolicy(draws: Draws, symbols: readonly string[]): RunSetup['policy']['spec'] {
  const cap = draws.pick([1_000, 3_000, 8_000]);
  const ends = { at: draws.pick([0.00015, 0.0003, 0.001]), reduce_only: true };
  const regimes = ['calm', 'volatile', 'extreme'].flatMap((name) => [
    [`market.regimes.${name}.cooldown_ms`, draws.pick([0, 0, 5_000])],
    [`market.regimes.${name}.slices`, draws.pick([1, 2, 4])],
  ]);
  return applyEdits(BASE, {
    ...Object.fromEntries(regimes),
    'scope.symbols': symbols,
    ...(draws.chance(0.25) ? { 'account.daily_loss': { tiers: [ends] } } : {}),
    'budgets.leverage': draws.pick([2, 3, 5]),
    'budgets.order_notional_usdt': cap,
    'budgets.symbol_notional_usdt': cap * draws.pick([1, 2, 4]),
    'budgets.gross_notional_usdt': cap * draws.pick([2, 4, 6]),
    'budgets.order_rate': { max: draws.pick([6, 60]), window_ms: 60_000 },
    'budgets.slippage_bps': 40,
    'budgets.holding_time_ms': draws.chance(0.1) ? 120_000 : 259_200_000,
    'budgets.turnover_usdt_per_day': 10_000_000,
    'budgets.fees_usdt_per_day': 10_000,
    'market.bar_ms': BAR_MS,
    'market.regime_hold_bars': draws.pick([1, 2]),
    'market.volatility': { ...BASE.market.volatility, window_bars: 6, baseline_bars: 30, min_history_bars: 20 },
    'market.liquidity': { ...BASE.market.liquidity, ema_bars: 6, baseline_bars: 30 },
    'temporal.duplicate_window_ms': 1_000,
    'temporal.flip_interval_ms': draws.pick([1, 20_000]),
    staging: { spacing_ms: draws.pick([700, 2_000, 9_000]), ttl_ms: draws.pick([3_000, 60_000]) },
    standing: {
      resting_ttl_ms: draws.pick([30_000, 3_600_000]),
      on_breach: draws.pick(['hold', 'cancel_opening', 'reduce', 'reduce']),
    },
    'exits.ladder_bps': draws.pick([[0.6, 2, 300], [10, 40]]), // biome-ignore format: two ladders
    'exits.step_ms': draws.pick([410, 2_530]),
    'exits.rate': { max: draws.pick([1, 2, 30]), window_ms: draws.pick([5_030, 60_050]) },
    protection: { required: draws.chance(0.5), stop_bps: draws.pick([20, 80, 300]) },
  });
}

function drawSteps(draws: Draws, agents: readonly string[], symbols: readonly string[]): readonly Step[] {
  const steps: Step[] = [];
  for (let atMs = draws.int(1_000, 6_000); atMs < BARS * BAR_MS - 20_000; ) {
    const [agent, symbol] = [draws.pick(agents), draws.pick(symbols)];
    const request = drawRequest(draws, agent, symbol);
    for (let times = draws.chance(0.08) ? draws.int(3, 8) : 1; times > 0; times -= 1) {
      // Each at a place of its own within a tenth of a second, and so are the timers that it sets.
      steps.push({ atMs: Math.floor(atMs / 100) * 100 + ((steps.length * 7 + 3) % 97), agent, symbol, request });
      atMs += times > 1 ? draws.pick([100, 300, 1_100]) : 0;
    }
    atMs += draws.pick([100, 900, 3_000, 12_000, 30_000, 45_000]);
  }
  return steps;
}

function drawRequest(draws: Draws, agent: string, symbol: string): Step['request'] {
  const scale = symbol === 'BTCUSDT' ? 10 : 100;
  const priceAt = (mark: number, bps: number): number => Math.round(mark * (1 + bps / 1e4) * scale) / scale;
  const which = draws.int(0, 3);
  const chosen = ({ orders }: GateState): string => {
    const own = [...(orders.live.get(symbol) ?? [])].filter((order) => order.agent === agent && !order.protective);
    return own[which % Math.max(1, own.length)]?.clientOrderId ?? 'hf000000-none-0-0';
  };
  const terms = { symbol, leverage: draws.pick([1, 2, 2, 100]), slippageBps: draws.pick([5, 30, 100]) };
  const bps = draws.pick([-25, -6, -2, 2, 6, 30]);
  const notionalUsdt = draws.pick([60, 200, 700, 1_500, 5_000]);
  const [fraction, boundBps] = [draws.pick([1, 1, 0.5, 0.3]), draws.pick([null, null, 1, 100])];
  const what = draws.int(0, 99);
  const side = draws.chance(0.75) ? 'buy' : 'sell';
  if (what < 25) return () => buildOpening({ ...terms, side, notionalUsdt });
  if (what < 45) return (_, mark) => buildOpening({ ...terms, side, notionalUsdt, limitPrice: priceAt(mark, bps) });
  if (what < 65) return () => buildClose(symbol, fraction, boundBps);
  if (what < 80)
    return ({ positions }, mark) => {
      const held = fromE8(ownE8Of(positions.get(symbol), agent));
      const limitPrice = priceAt(mark, Math.sign(held) * Math.abs(bps));
      const closing = { ...terms, side: held >= 0 ? 'sell' : 'buy', notionalUsdt: Math.abs(held) * mark + 6 } as const;
      return buildClosingOrder({ ...closing, limitPrice }, true);
    };
  if (what < 90)
    return (state, mark) => buildModify(symbol, chosen(state), { limitPrice: priceAt(mark, bps), requestedNotional: notionalUsdt }); // biome-ignore format: one line
  if (what < 96) return (state) => buildCancel(symbol, chosen(state));
  return () => ({ ...buildCancel(symbol, ''), tool: 'cancel_all', clientOrderId: null });
}
