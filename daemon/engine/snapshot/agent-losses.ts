import type { LossesView } from '../../core/context.ts';
import { DAY_MS } from '../accounts/account-days.ts';
import { takeWaiting, type WaitingExit } from '../accounts/cost-fold.ts';
import { ownE8 } from '../orders/holding.ts';
import type { OrderState } from '../orders/orders.ts';
import { lotsOf } from '../positions/lots.ts';
import type { LiveInputs } from '../readings/inputs.ts';
import { fromE8 } from '../records/units.ts';
import type { GateViews } from '../state/views.ts';

/** Days before today that the loss of a week takes in. */
const WEEK_DAYS = 6;

/**
 * What an agent has lost of its own: realised at its own cost, fees, funding, and the change of what it holds is worth. A
 * day begins with the account's first reading of it, which values what was held then; until that one, it is still the day
 * before. Fills whose trades are not read yet count at their worst.
 */
export function viewLosses(state: GateViews, inputs: LiveInputs, agent: string): LossesView {
  const { accounts } = state;
  const today = accounts.openDayMs;
  // Nothing was read yet, so nothing was traded here.
  if (today === null) return { day_usdt: 0, week_usdt: 0 };
  const heldUsdt = valueHeld(state, inputs, agent);
  const unreadUsdt = worstOfUnread(state, inputs, agent);
  if (heldUsdt === null || unreadUsdt === null) return { day_usdt: null, week_usdt: null };
  const lossSince = (fromMs: number): number => {
    const openedMs = accounts.days.firstOpened(fromMs) ?? today;
    const openingUsdt = accounts.days.openingWithGiven(agent, openedMs);
    const resultUsdt = accounts.days.resultOf(agent, fromMs, Math.max(inputs.nowMs, today));
    // Not -0, which no record holds.
    return 0 - (resultUsdt + heldUsdt - openingUsdt) + unreadUsdt;
  };
  return { day_usdt: lossSince(today), week_usdt: lossSince(today - WEEK_DAYS * DAY_MS) };
}

/** Unrealised profit of all that the agent holds, USDT; null: a mark is missing. */
function valueHeld({ account, accounts }: GateViews, inputs: LiveInputs, agent: string): number | null {
  let usdt = 0;
  for (const [symbol, { held }] of accounts.books) {
    if (lotsOf(held.lots, agent) === 0) continue;
    const mark = markOf(account, inputs, symbol);
    const found = mark === undefined ? undefined : accounts.unrealised(symbol, mark).get(agent);
    if (found === undefined) return null;
    usdt += found;
  }
  return usdt;
}

function markOf(account: GateViews['account'], inputs: LiveInputs, symbol: string): number | undefined {
  const recorded = account?.positions.find((position) => position.symbol === symbol)?.mark_price;
  return inputs.symbols.get(symbol)?.mark ?? recorded;
}

/**
 * What fills may have cost of which the trades cannot be read yet, USDT: against the price at which an exit has closed
 * them, else against the mark, at the price that the venue told of the order or else at its bound, and the fee that is
 * known or else the taker's. A gain counts once it is read. Null: a mark, a price or the fee is missing.
 */
function worstOfUnread(state: GateViews, inputs: LiveInputs, agent: string): number | null {
  const { account, rules } = state;
  let usdt = 0;
  for (const { closed, order, quantityE8 } of unreadOf(state, agent)) {
    const known = rules.get(order.symbol);
    const mark = markOf(account, inputs, order.symbol);
    if (known === undefined || mark === undefined) return null;
    const boundE8 = order.priceE8 ?? order.triggerE8;
    const bound = boundE8 === null ? null : fromE8(boundE8);
    const price = order.unreportedUsdtE8 > 0 ? order.unreportedUsdtE8 / (order.executedE8 - order.tradedE8) : bound;
    if (price === null) return null;
    const worseThan = (other: number): number => Math.max(0, order.side === 'buy' ? price - other : other - price);
    let heldE8 = quantityE8;
    for (const { signedE8, trade } of closed) {
      const lotsE8 = Math.abs(signedE8);
      heldE8 -= lotsE8;
      usdt += fromE8(lotsE8) * worseThan(fromE8(trade.priceE8));
      if (trade.isBorne) usdt += fromE8((trade.feeE8 * lotsE8) / Math.abs(trade.quantityE8));
    }
    usdt += fromE8(heldE8) * worseThan(mark) + fromE8(quantityE8) * price * known.takerFee;
  }
  return usdt;
}

/** Lots of an agent that an order has moved and no trade tells of. */
export interface UnreadFill {
  readonly order: OrderState;
  readonly quantityE8: number;
  /** Of an opening: its parts that exits have closed, by trades that wait for its own. */
  readonly closed: readonly WaitingExit[];
}

/**
 * Of an agent's own orders, and of exits of others (an operator, the gate, a stop) that have taken of its lots: those at
 * most that it has lost by fills and not by trades.
 */
export function* unreadOf(state: GateViews, agent: string): Generator<UnreadFill> {
  const missing = new Map<string, number>();
  const others: OrderState[] = [];
  const waiting = new Map<string, readonly WaitingExit[]>();
  // What left the views has no trade to come.
  for (const order of state.orders.all.values()) {
    const { symbol } = order;
    const quantityE8 = order.executedE8 - order.tradedE8;
    if (order.foreign || quantityE8 === 0) continue;
    if (order.agent === agent && order.kind === 'regular') {
      const signedE8 = order.side === 'buy' ? quantityE8 : -quantityE8;
      const exits = waiting.get(symbol) ?? state.accounts.books.get(symbol)?.held.waiting ?? [];
      const openedE8 = order.reduceOnly || quantityE8 < 0 ? 0 : signedE8;
      const isAfter = ({ trade }: WaitingExit): boolean => state.time.of(trade.atMs) >= order.plannedAtMs;
      const { closed, waiting: left } = takeWaiting(exits, openedE8, isAfter);
      waiting.set(symbol, left);
      const closedE8 = closed.reduce((sum, part) => sum + part.signedE8, 0);
      // Less than none: a trade was read before the report of its order.
      missing.set(symbol, (missing.get(symbol) ?? missingOf(state, agent, symbol)) + signedE8 + closedE8);
      if (quantityE8 > 0) yield { order, quantityE8, closed };
    } else if (order.reduceOnly && order.agent !== agent && quantityE8 > 0) others.push(order);
  }
  for (const order of others) {
    const known = missing.get(order.symbol) ?? missingOf(state, agent, order.symbol);
    const toward = order.side === 'sell' ? 1 : -1;
    const quantityE8 = Math.min(order.executedE8 - order.tradedE8, Math.max(0, toward * known));
    if (quantityE8 === 0) continue;
    missing.set(order.symbol, known - toward * quantityE8);
    yield { order, quantityE8, closed: [] };
  }
}

/** Signed quantity, in units of 1e-8, that an agent holds by trades, and no more by fills. */
function missingOf({ accounts, positions }: GateViews, agent: string, symbol: string): number {
  const book = accounts.books.get(symbol);
  const byTrades = book === undefined ? 0 : lotsOf(book.held.lots, agent);
  const position = positions.get(symbol);
  return byTrades - (position?.holder === agent ? ownE8(position) : 0);
}
