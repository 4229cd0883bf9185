import type { OrderReport } from '../facts/agents.ts';
import type { SizeRules } from '../facts/markets.ts';
import { lotSize } from '../intents/budgets.ts';
import type { BookOrder } from './books.ts';
import type { BookHistory } from './history.ts';
import type { ScriptView } from './script.ts';

/** Of a symbol whose filters the exchange does not tell. */
const NO_RULES: SizeRules = { lotMantissa: 1, lotScale: 1000, minLots: 1, minNotionalUsdt: 0 };

/** The account as the families of `attacks/` see it: from the exchange's books, as of their last reading. */
export function seeBooks(
  history: BookHistory,
  sizes: ReadonlyMap<string, SizeRules>,
  nowMs: number,
  barMs: number,
): ReturnType<ScriptView['seen']> {
  const { last } = history;
  const instrument = (symbol: string): SizeRules => sizes.get(symbol) ?? NO_RULES;
  const lotsOf = (symbol: string, quantity: number): number => Math.round(quantity / lotSize(instrument(symbol)));
  const mark = (symbol: string): number | null => last.positions.get(symbol)?.mark ?? null;
  const held = [...last.positions].filter(([, { quantity }]) => quantity !== 0);
  const report = (order: BookOrder): OrderReport => ({
    clientOrderId: order.clientOrderId,
    symbol: order.symbol,
    side: order.sign > 0 ? 'buy' : 'sell',
    lots: lotsOf(order.symbol, order.quantity),
    filledLots: lotsOf(order.symbol, order.executed),
    priceTicks: null,
    reduceOnly: order.isExit,
    isOpen: order.isOpen,
  });
  return {
    nowMs,
    // Bars are not read while the attack runs: its families ask for the last close only where there is no mark.
    market: { symbols: [...last.positions.keys()], barMs, instrument, mark, close: () => undefined },
    account: {
      equityUsdt: last.equityUsdt,
      positions: new Map(held.map(([symbol, { quantity }]) => [symbol, { lots: lotsOf(symbol, quantity) }])),
      openOrders: last.orders.filter(({ isOpen }) => isOpen).map(report),
    },
    isKnown: (clientOrderId) => last.orders.some((order) => order.clientOrderId === clientOrderId),
  };
}
