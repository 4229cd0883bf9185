import type { AgentRequest } from '../../daemon/evaluation/facts/agents.ts';
import type { AskFacts, OrderFacts } from '../../daemon/evaluation/facts/judging.ts';
import type { ReplayInstrument } from '../../daemon/evaluation/facts/markets.ts';
import { createJudge, type MarketJudge } from '../../daemon/evaluation/judge/judge.ts';
import { type JudgeScope, readScope } from '../../daemon/evaluation/judge/scope.ts';

export const BAR_MS = 900_000;
/** One lot of every symbol is worth 50 USDT at its price. */
export const PRICES = { BTCUSDT: 50_000, ETHUSDT: 2_500, SOLUSDT: 100 } as const;
export type TestSymbol = keyof typeof PRICES;
export const SYMBOLS = Object.keys(PRICES) as TestSymbol[];
export const LOT_USDT = 50;

export function instrumentOf(symbol: TestSymbol): ReplayInstrument {
  const lot = { BTCUSDT: [1, 1000], ETHUSDT: [2, 100], SOLUSDT: [5, 10] }[symbol] as [number, number];
  return {
    symbol,
    tickMantissa: 1,
    tickScale: 10,
    lotMantissa: lot[0],
    lotScale: lot[1],
    minLots: 1,
    maxLots: 100_000,
    minNotionalUsdt: 100,
    takerFee: 0.0004,
    makerFee: 0.0002,
    brackets: [
      { initialLeverage: 125, notionalFloor: 0, notionalCap: 50_000, maintenanceRate: 0.004, cum: 0 },
      { initialLeverage: 50, notionalFloor: 50_000, notionalCap: 1e9, maintenanceRate: 0.005, cum: 50 },
    ],
  };
}

/** The shipped scope with parts replaced. */
export function scopeWith(change: (scope: JudgeScope) => Partial<JudgeScope>): JudgeScope {
  const scope = readScope();
  return { ...scope, ...change(scope) };
}
/** A scope in which nothing binds but what a test sets. */
export function looseScope(parts: {
  readonly budgets?: Partial<JudgeScope['budgets']>;
  readonly account?: Partial<JudgeScope['account']>;
  readonly temporal?: Partial<JudgeScope['temporal']>;
  readonly cooldowns?: boolean;
}): JudgeScope {
  return scopeWith((scope) => {
    const { calm, volatile, extreme } = scope.market.regimes;
    const idle = parts.cooldowns === true ? {} : { cooldown_ms: 0 };
    return {
      budgets: {
        ...scope.budgets,
        leverage: 125,
        order_notional_usdt: 1e9,
        symbol_notional_usdt: 1e9,
        gross_notional_usdt: 1e9,
        order_rate: { max: 1_000_000, window_ms: 60_000 },
        slippage_bps: 5000,
        concurrent_positions: 1000,
        turnover_usdt_per_day: 1e12,
        fees_usdt_per_day: 1e9,
        ...parts.budgets,
      },
      market: {
        ...scope.market,
        regimes: { calm, volatile: { ...volatile, ...idle }, extreme: { ...extreme, ...idle } },
      },
      account: {
        drawdown: { window_ms: scope.account.drawdown.window_ms, tiers: [] },
        daily_loss: { tiers: [] },
        margin_ratio: { tiers: [] },
        concentration: { share: 0.99, floor_usdt: 1e12 },
        min_liquidation_distance: 0.001,
        ...parts.account,
      },
      temporal: { ...scope.temporal, flip_interval_ms: 1, ...parts.temporal },
    };
  });
}

/** Moves of the last bars by the regime they lead to, when most of the past moved by 0.001. */
const TAIL = { calm: 0.0004, volatile: 0.0012, extreme: 0.0024 } as const;
export type TestRegime = keyof typeof TAIL;
export const HISTORY_BARS = 460;

/** Closes that swing between a price and a little above it, the last one at the price. */
export function closesOf(price: number, regime: TestRegime): number[] {
  return Array.from({ length: HISTORY_BARS }, (_, i) => {
    const swing = i < HISTORY_BARS - 60 ? 0.001 : TAIL[regime];
    return i % 2 === 0 ? price * (1 + swing) : price;
  });
}

export interface Bench {
  readonly judge: MarketJudge;
  /** First instant after the history. */
  readonly startMs: number;
  marks: Map<string, number | null>;
  ask(request: Partial<AgentRequest>, atMs: number, askId?: number): ReturnType<MarketJudge['ask']>;
  order(order: Partial<OrderFacts>, atMs: number): string;
  fill(orderId: string, lots: number, atMs: number, price?: number, feeUsdt?: number): readonly string[];
  /** Sends an order that fills at once at the mark; the rules that it broke. */
  trade(symbol: TestSymbol, lots: number, atMs: number, more?: Partial<OrderFacts>): readonly string[];
  equity(equityUsdt: number, atMs: number, maintenanceMarginUsdt?: number): void;
}

const REQUEST: AgentRequest = {
  tool: 'place_order',
  venue: 'paper',
  account: 'main',
  symbol: 'BTCUSDT',
  intent: 'open',
  side: 'buy',
  requestedNotional: 500,
  requestedLeverage: 1,
  orderType: 'market',
  limitPrice: null,
  maxSlippageBps: null,
  fraction: null,
  clientOrderId: null,
  reduceOnly: false,
  afterDecisionId: null,
};

/** A judge that has seen the history and an account of 10,000 USDT; the history's last bar closes at 00:00 UTC. */
export function openBench(scope: JudgeScope, regime: TestRegime = 'calm', equityUsdt = 10_000): Bench {
  const judge = createJudge({
    scope,
    instruments: SYMBOLS.map(instrumentOf),
    barMs: BAR_MS,
    startEquityUsdt: equityUsdt,
  });
  const startMs = 20 * 86_400_000;
  for (const symbol of SYMBOLS)
    for (const [i, close] of closesOf(PRICES[symbol], regime).entries())
      judge.bar(symbol, startMs - (HISTORY_BARS - i) * BAR_MS, close, 1000);
  const marks = new Map<string, number | null>(SYMBOLS.map((symbol) => [symbol, PRICES[symbol]]));
  let orders = 0;
  let asks = 0;
  const bench: Bench = {
    judge,
    startMs,
    marks,
    ask(request, atMs, askId = asks++) {
      const facts: AskFacts = {
        askId,
        atMs,
        origin: 'strategy',
        episode: null,
        intention: 'one',
        agent: 'agent',
        request: { ...REQUEST, ...request },
        marks: bench.marks,
      };
      return judge.ask(facts);
    },
    order(order, atMs) {
      const orderId = order.orderId ?? `order-${orders++}`;
      judge.order({
        askId: -1,
        symbol: 'BTCUSDT',
        venue: 'paper',
        account: 'main',
        side: 'buy',
        lots: 1,
        priceTicks: null,
        leverage: 1,
        maxSlippageBps: null,
        reduceOnly: false,
        timeInForce: 'IOC',
        slice: 0,
        marks: bench.marks,
        ...order,
        atMs,
        orderId,
      });
      return orderId;
    },
    fill(orderId, lots, atMs, price = PRICES.BTCUSDT, feeUsdt = 0) {
      return judge.fill({ orderId, atMs, lots, price, feeUsdt }).rules;
    },
    trade(symbol, lots, atMs, more = {}) {
      const side = lots > 0 ? 'buy' : 'sell';
      const orderId = bench.order({ symbol, side, lots: Math.abs(lots), ...more }, atMs);
      const rules = bench.fill(orderId, Math.abs(lots), atMs, bench.marks.get(symbol) ?? PRICES[symbol]);
      judge.orderEnded(orderId, atMs);
      return rules;
    },
    equity(equityNow, atMs, maintenanceMarginUsdt = 0) {
      judge.account({ atMs, equityUsdt: equityNow, maintenanceMarginUsdt, initialMarginUsdt: 0 });
    },
  };
  return bench;
}
