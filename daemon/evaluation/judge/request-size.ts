import type { AgentRequest } from '../facts/agents.ts';
import type { SymbolBook } from './symbol-book.ts';

/** What a request amounts to at the exchange if it is executed as asked. */
export interface Sized {
  /** After the exchange's filters; 0: it could not take it. */
  readonly lots: number;
  /** Most that a lot may cost, USDT per unit; 0: no bound of its own. */
  readonly price: number;
}
const NOTHING: Sized = { lots: 0, price: 0 };

/**
 * Whole lots of a request in USDT, never more than was asked: a buy at market is floored at the worst price that the
 * request itself permits (`slippageBps` when it names none), a limit order at the worse of limit and mark.
 */
export function sizeOrder(book: SymbolBook, sign: number, request: AgentRequest, slippageBps: number): Sized {
  const { requestedNotional, orderType, limitPrice } = request;
  const isLimit = orderType === 'limit';
  if (requestedNotional === null || !(requestedNotional > 0) || book.mark <= 0) return NOTHING;
  if (isLimit && !(limitPrice !== null && limitPrice > 0)) return NOTHING;
  const slippage = (request.maxSlippageBps ?? slippageBps) / 1e4;
  const price = isLimit ? limitPrice! : sign > 0 ? book.mark * (1 + slippage) : 0;
  const lotUsdt = book.lotSize * Math.max(book.mark, price);
  const lots = Math.min(Math.floor(requestedNotional / lotUsdt + 1e-9), book.instrument.maxLots);
  return { lots: filtered(book, lots, isLimit ? price : book.mark, request.reduceOnly), price };
}

/** Lots after LOT_SIZE and MIN_NOTIONAL, from which reduce-only orders are exempt. */
export function filtered(book: SymbolBook, lots: number, price: number, isReducing: boolean): number {
  const { minLots, minNotionalUsdt } = book.instrument;
  if (!(lots >= minLots)) return 0;
  return isReducing || lots * book.lotSize * price >= minNotionalUsdt ? lots : 0;
}

/** Lots of closing a share of the position. */
export function sizeClose(book: SymbolBook, fraction: number | null): number {
  const held = Math.abs(book.lots);
  const share = fraction === null ? 1 : Math.min(1, Math.max(0, fraction));
  return filtered(book, Math.floor(held * share + 1e-9), book.mark, true);
}
