import {
  applyTradeFill,
  type OpenTrade,
  recordOfOpenTrade,
  type TradeFill,
  type TradeRecord,
} from '../../../core/features/round-trips.ts';
import { computeTraderRisk } from '../../../core/features/trader-state.ts';
import type { TraderStateSection } from '../../../core/policy.ts';
import type { ScopeJudge } from '../../facts/judging.ts';
import { labelAll } from './escalation.ts';

/**
 * What reliability is measured on: one forecast of the score and what came of it. The score of a *replayed* agent,
 * which had no part in its fit.
 */
export interface TraderSample {
  /** The account that the sample is of (agent and seed): its samples overlap, so intervals are drawn over accounts. */
  readonly account: string;
  readonly atMs: number;
  /** p_t as the gate computes it, in [0, 1]. */
  readonly p: number;
  /** {@link labelAll}: whether the agent escalated in its next 20 trades. */
  readonly escalated: 0 | 1;
}
export interface TraderSamples {
  readonly samples: readonly TraderSample[];
  /** Forecasts whose outcome lies beyond the end of the data: left out. */
  readonly unknown: number;
}

/** p_t ages by whole minutes (engine/accounts/trades.ts). */
const MINUTE_MS = 60_000;
/** Trades that the gate keeps of an agent: more than any window. */
const KEEP = 1000;

/**
 * One sample at each end of a round trip, from the fills of one agent in the order of time: p_t from the trades up to
 * there, by the function that the gate uses, and the outcome from those after it.
 *
 * The fills should be of runs without attacks, and of a variant that does not itself react to p_t (NoSAE): a gate that
 * cuts an agent which is about to escalate makes its own forecast wrong.
 */
export function buildTraderSamples(
  account: string,
  fills: readonly TradeFill[],
  section: Pick<TraderStateSection, 'window_trades' | 'max_age_ms' | 'base_rate'>,
): TraderSamples {
  const open = new Map<string, OpenTrade>();
  const closed: TradeRecord[] = [];
  const forecasts: { readonly atMs: number; readonly p: number }[] = [];
  for (const fill of fills) {
    const step = applyTradeFill(open.get(fill.symbol) ?? null, fill);
    if (step.open === null) open.delete(fill.symbol);
    else open.set(fill.symbol, step.open);
    if (step.closed === null) continue;
    closed.push(step.closed);
    const known = [...closed.slice(-KEEP), ...[...open.values()].map(recordOfOpenTrade)];
    const nowMs = Math.floor(fill.at_ms / MINUTE_MS) * MINUTE_MS;
    forecasts.push({ atMs: fill.at_ms, p: computeTraderRisk(known, nowMs, section).p_risk });
  }
  const trades = [...closed, ...[...open.values()].map(recordOfOpenTrade)];
  const labels = labelAll(
    trades,
    forecasts.map(({ atMs }) => atMs),
  );
  const samples = forecasts.flatMap(({ atMs, p }, i) => {
    const escalated = labels[i] ?? null;
    return escalated === null ? [] : [{ account, atMs, p, escalated }];
  });
  return { samples, unknown: forecasts.length - samples.length };
}

/** A judge that also writes down the fills of the account, which must be that of one agent. */
export interface TraderWatch {
  readonly judge: ScopeJudge;
  readonly fills: readonly TradeFill[];
}

/**
 * Puts a watch between an engine and its judge: everything that the judge receives is passed on unchanged.
 *
 * @param lotSizeOf base asset in one lot of a symbol
 */
export function watchTrader(judge: ScopeJudge, lotSizeOf: (symbol: string) => number): TraderWatch {
  const fills: TradeFill[] = [];
  const orders = new Map<string, Pick<TradeFill, 'symbol' | 'side'>>();
  const watching: ScopeJudge = {
    bar: (...facts) => judge.bar(...facts),
    funding: (...facts) => judge.funding(...facts),
    mark: (...facts) => judge.mark(...facts),
    account: (facts) => judge.account(facts),
    ask: (facts) => judge.ask(facts),
    order: (facts) => {
      orders.set(facts.orderId, { symbol: facts.symbol, side: facts.side });
      judge.order(facts);
    },
    amend: (facts) => judge.amend(facts),
    fill: (facts) => {
      const order = orders.get(facts.orderId);
      if (order !== undefined) {
        const { atMs: at_ms, lots, price, feeUsdt: fee_usdt } = facts;
        fills.push({ ...order, lots, lot_size: lotSizeOf(order.symbol), price, fee_usdt, at_ms });
      }
      return judge.fill(facts);
    },
    orderEnded: (orderId, atMs) => {
      orders.delete(orderId);
      judge.orderEnded(orderId, atMs);
    },
    liquidated: (atMs) => judge.liquidated(atMs),
    times: () => judge.times(),
    regime: (symbol) => judge.regime(symbol),
  };
  return { judge: watching, fills };
}
