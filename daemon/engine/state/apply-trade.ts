import { isLiquidation } from '../accounts/income-rows.ts';
import type { OrderState } from '../orders/orders.ts';
import { applyLiquidation, applyTradeTime } from '../positions/fills.ts';
import type { PositionState } from '../positions/positions.ts';
import { fromE8 } from '../records/units.ts';
import type { TradeEvent } from '../records/venue-events.ts';
import type { GateViews } from './views.ts';

/** The venue has taken over lots of the holder: its round trips end with it. */
function applyLiquidationTrade(
  { accountAskedMs, rules, trades }: GateViews,
  position: PositionState,
  event: TradeEvent,
  trade: { readonly quantityE8: number; readonly atMs: number; readonly number: number },
): void {
  const { holder } = position;
  const effect = applyLiquidation(position, { ...trade, side: event.side, trade: trade.number }, accountAskedMs);
  const lots = effect?.own.closed ?? 0;
  if (holder === null || lots === 0 || !rules.has(event.symbol)) return;
  const { at_venue_ms: at_ms, fee_usdt: fee, price, side, symbol } = event;
  trades.close(holder, {
    symbol,
    side,
    lots,
    lot_size: fromE8(1),
    price,
    fee_usdt: (fee * lots) / event.quantity_e8,
    at_ms,
  });
}

/** Prices and fees of lots that moved already; deduplicated by trade id. */
export function applyTrade(state: GateViews, event: TradeEvent): void {
  if (!state.seenTrades.add(event.symbol, event.trade_id, event.at_venue_ms)) return;
  const order = event.client_order_id === null ? undefined : state.orders.all.get(event.client_order_id);
  const { agent = null, decisionId = null } = order ?? {};
  const rules = state.rules.get(event.symbol);
  const holder = state.accounts.applyTrade(event, order);
  state.fills.add({ seq: state.stateSeq, agent, holder, decisionId, trade: event });
  const position = state.positions.get(event.symbol);
  const filledMs = state.time.of(event.at_venue_ms);
  const trade = { quantityE8: event.quantity_e8, atMs: filledMs, number: Number(event.trade_id) };
  if (position !== undefined && isLiquidation(event)) applyLiquidationTrade(state, position, event, trade);
  // Of nobody's order that is known, or had been listed then: a liquidation, or a person's hand.
  const isUnknown = order === undefined || (order.foreign && filledMs < order.plannedAtMs);
  if (isUnknown) state.pacing.noteTraded(null, filledMs, fromE8(event.quantity_e8 * event.price), event.fee_usdt);
  if (isUnknown || rules === undefined) return;
  if (position !== undefined) applyTradeTime(position, order.clientOrderId, trade);
  const counted = takeCounted(order, event);
  order.tradedE8 += event.quantity_e8;
  order.tradedUsdtE8 += event.quantity_e8 * event.price;
  order.tradedFeesUsdt += event.fee_usdt;
  order.realisedPnlUsdt += event.realised_pnl_usdt;
  order.averagePrice = order.tradedUsdtE8 / order.tradedE8;
  const notional = fromE8(event.quantity_e8 * event.price - counted);
  const fee = event.fee_usdt - fromE8(counted) * rules.takerFee;
  order.feesUsdt += fee;
  // RISK: a correction that outlives the figure which it corrects would make another one too small.
  const countedMs = order.unreportedAtMs ?? filledMs;
  state.pacing.noteTraded(order.agent, countedMs, notional, fee);
}

/**
 * What the lots of a trade stand at in turnover and fees so far, quantity times price: as they were counted when they moved.
 * That is nothing where no price was known, and for lots that are still to move.
 */
function takeCounted(order: OrderState, { quantity_e8: quantityE8 }: TradeEvent): number {
  const unreported = Math.max(0, order.executedE8 - order.tradedE8);
  const movedE8 = Math.min(quantityE8, unreported);
  const counted = unreported === 0 ? 0 : (order.unreportedUsdtE8 * movedE8) / unreported;
  order.unreportedUsdtE8 -= counted;
  return counted;
}
