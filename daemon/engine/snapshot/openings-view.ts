import type { OpeningsView } from '../../core/context.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { liveOrders } from '../orders/orders.ts';
import { type Ask, isOther } from '../readings/inputs.ts';
import type { GateViews } from '../state/views.ts';

/** Open orders that Binance takes of an account in a symbol, where its filters do not say. */
export const MAX_ORDERS = 200;

/** Orders that open beside the decided one; undefined: there are none, or nothing is opened. */
export function viewOpenings(
  state: GateViews,
  { agent, intent }: ExecutionRequest,
  symbol: string,
  ask: Ask,
): OpeningsView | undefined {
  if (intent !== 'open' && intent !== 'modify') return undefined;
  let [own, all] = [0, 0];
  for (const order of liveOrders(state.orders, symbol)) {
    if (order.reduceOnly || order.protective || order.foreign || !isOther(order, ask)) continue;
    all += 1;
    if (order.agent === agent) own += 1;
  }
  return all === 0 ? undefined : { own, all, venue_limit: state.rules.get(symbol)?.maxOrders ?? MAX_ORDERS };
}
