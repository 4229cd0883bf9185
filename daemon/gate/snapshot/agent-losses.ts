import type { LossesView } from '../../core/context.ts';
import { DAY_MS } from '../state/account-days.ts';
import type { GateState } from '../state/gate-state.ts';
import type { OrderState } from '../state/orders.ts';
import type { LiveInputs } from './inputs.ts';

/** Days before today that the loss of a week takes in. */
const WEEK_DAYS = 6;

/**
 * What an agent has lost of its own: realised at its own cost, fees, funding, and the change of what its share is worth. A
 * day begins with the account's first reading of it, which values what was held then; until that one, it is still the day
 * before. Fills whose trades are not read yet count at their worst.
 */
export function viewLosses(state: GateState, inputs: LiveInputs, agent: string): LossesView {
  const { accounts } = state;
  const today = accounts.openDayMs;
  // Nothing was read yet, so nothing was traded here.
  if (today === null) return { day_usdt: 0, week_usdt: 0 };
  const heldUsdt = valueHeld(state, inputs, agent);
  const unreadUsdt = worstOfUnread(state, inputs, agent);
  if (heldUsdt === null || unreadUsdt === null) return { day_usdt: null, week_usdt: null };
  const lossSince = (fromMs: number): number => {
    let openingUsdt = 0;
    const openedMs = accounts.days.firstOpened(fromMs) ?? today;
    for (const usdt of accounts.openingOf(openedMs, state.rules).get(agent)?.values() ?? []) openingUsdt += usdt;
    const resultUsdt = accounts.days.resultOf(agent, fromMs, Math.max(inputs.nowMs, today));
    // Not -0, which no record holds.
    return 0 - (resultUsdt + heldUsdt - openingUsdt) + unreadUsdt;
  };
  return { day_usdt: lossSince(today), week_usdt: lossSince(today - WEEK_DAYS * DAY_MS) };
}

/** Unrealised profit of all that the agent holds, USDT; null: a mark or a lot size is missing. */
function valueHeld({ account, accounts, rules }: GateState, inputs: LiveInputs, agent: string): number | null {
  let usdt = 0;
  for (const [symbol, { shares }] of accounts.books) {
    if ((shares.get(agent) ?? 0) === 0) continue;
    const mark = markOf(account, inputs, symbol);
    const found = mark === undefined ? undefined : accounts.unrealised(symbol, mark, rules.get(symbol)).get(agent);
    if (found === undefined) return null;
    usdt += found;
  }
  return usdt;
}

function markOf(account: GateState['account'], inputs: LiveInputs, symbol: string): number | undefined {
  const recorded = account?.positions.find((position) => position.symbol === symbol)?.mark_price;
  return inputs.symbols.get(symbol)?.mark ?? recorded;
}

/**
 * What fills of the agent may have cost of which the trades cannot be read yet, USDT: against the mark, at the price that
 * the venue told of the order or else at its bound, and the fee that is known or else the taker's. A gain counts once it
 * is read. Null: a mark, a price or a lot size is missing.
 */
function worstOfUnread(state: GateState, inputs: LiveInputs, agent: string): number | null {
  const { account, rules } = state;
  let usdt = 0;
  for (const order of unreadOf(state, agent)) {
    const lots = order.executedLots - order.tradedLots;
    const known = rules.get(order.symbol);
    const mark = markOf(account, inputs, order.symbol);
    if (known === undefined || mark === undefined) return null;
    const bound = order.priceTicks === null ? null : (order.priceTicks * known.tickMantissa) / known.tickScale;
    const price = order.untoldUsdt > 0 ? order.untoldUsdt / lots : bound;
    if (price === null) return null;
    const worseBy = order.side === 'buy' ? price - mark : mark - price;
    const base = (lots * known.lotMantissa) / known.lotScale;
    usdt += base * (Math.max(0, worseBy) + price * known.takerFee);
  }
  return usdt;
}

/** Orders of an agent of which more is executed than trades tell. */
export function* unreadOf({ orders }: GateState, agent: string): Generator<OrderState> {
  // What left the maps of objects has no trade to come.
  for (const order of orders.all.held.values()) {
    if (order.agent !== agent || order.foreign || order.kind !== 'regular') continue;
    if (order.executedLots > order.tradedLots) yield order;
  }
}
