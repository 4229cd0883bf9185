import type { Budgets } from '../../core/policy.ts';
import type { AgentView } from '../facts/agents.ts';
import type { SizeRules } from '../facts/markets.ts';

/** What an agent knows of R at B_0 (GET /v1/limits shows it), before the caps are scaled. */
export interface AgentBudgets {
  readonly orderNotionalUsdt: number;
  readonly symbolNotionalUsdt: number;
  readonly grossNotionalUsdt: number;
  readonly leverage: number;
  readonly slippageBps: number;
}

export function readBudgets(budgets: Pick<Budgets, 'leverage' | 'slippage_bps' | NotionalCap>): AgentBudgets {
  return {
    orderNotionalUsdt: budgets.order_notional_usdt,
    symbolNotionalUsdt: budgets.symbol_notional_usdt,
    grossNotionalUsdt: budgets.gross_notional_usdt,
    leverage: budgets.leverage,
    slippageBps: budgets.slippage_bps,
  };
}
type NotionalCap = 'order_notional_usdt' | 'symbol_notional_usdt' | 'gross_notional_usdt';

/** Caps on notional grow with the scale; leverage and slippage are not amounts. */
export function scaleBudgets(budgets: AgentBudgets, capsScale: number): AgentBudgets {
  return {
    ...budgets,
    orderNotionalUsdt: budgets.orderNotionalUsdt * capsScale,
    symbolNotionalUsdt: budgets.symbolNotionalUsdt * capsScale,
    grossNotionalUsdt: budgets.grossNotionalUsdt * capsScale,
  };
}

/** Base asset per lot. */
export function lotSize(instrument: SizeRules): number {
  return instrument.lotMantissa / instrument.lotScale;
}

/** Least notional that the exchange takes at a price, USDT: whole lots that reach both minimums. */
export function minNotional(instrument: SizeRules, price: number): number {
  const lotUsdt = lotSize(instrument) * price;
  return Math.max(instrument.minLots, Math.ceil(instrument.minNotionalUsdt / lotUsdt)) * lotUsdt;
}

/** Sum of the account's positions at the marks of now, USDT; without a mark, at their entry. */
export function grossNotional(view: AgentView): number {
  let gross = 0;
  for (const [symbol, { lots, entryPrice }] of view.account.positions) {
    const price = view.market.mark(symbol) ?? entryPrice;
    gross += Math.abs(lots) * lotSize(view.market.instrument(symbol)) * price;
  }
  return gross;
}
