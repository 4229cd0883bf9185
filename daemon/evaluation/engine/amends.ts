import { isTerminal, type OrderState } from '../../engine/orders/orders.ts';
import type { Rejection } from '../../engine/records/venue.ts';
import type { ScopeJudge } from '../facts/judging.ts';
import type { MarketClock } from './clock.ts';
import type { GateDoor } from './door.ts';
import type { InstantMarks } from './instant-marks.ts';
import type { Asked } from './tally.ts';
import type { Amendment, ReplayVenue } from './venue.ts';

export interface AmendParts {
  readonly door: GateDoor;
  readonly exchange: ReplayVenue;
  readonly clock: MarketClock;
  readonly judge: ScopeJudge;
  /** The exchange did not take it; told before the other form is forgotten: it is what was refused. */
  readonly onRefused: (order: OrderState, rejection: Rejection) => void;
}
export interface AmendOutcome extends Amendment {
  /** Records that it was taken. */
  settle(): void;
}

/**
 * Sends a permitted amend; the judge hears of it before it is sent, and of the old form again when it is refused. Null:
 * there was nothing to send.
 */
export function amendOrder(
  { exchange, door, judge, clock, onRefused }: AmendParts,
  marks: InstantMarks,
  order: OrderState,
  asked: Asked | null,
): AmendOutcome | null {
  const { amend, amendSeq } = order;
  if (amend === null || isTerminal(order)) return null;
  const tell = (lots: number, priceTicks: number): void =>
    judge.amend({
      orderId: order.clientOrderId,
      askId: asked?.askId ?? -1,
      atMs: clock.nowMs,
      lots,
      priceTicks,
      marks: marks.now(),
    });
  const settle = (isTaken: boolean, reason: string): void => {
    door.append('order_intent', {
      action: isTaken ? 'amended' : 'amend_failed',
      ...(amendSeq === null ? {} : { amend_seq: amendSeq }),
      client_order_id: order.clientOrderId,
      quantity_e8: null,
      price_e8: null,
      reason,
    });
  };
  const symbol = clock.market.symbols.indexOf(order.symbol);
  const inSteps = (form: typeof amend) => ({
    lots: clock.grid.lots(symbol, form.quantityE8),
    priceTicks: clock.grid.ticks(symbol, form.priceE8),
  });
  const before = inSteps({ quantityE8: order.quantityE8, priceE8: order.priceE8 ?? 0 });
  const after = inSteps(amend);
  tell(after.lots, after.priceTicks);
  const outcome = exchange.amend(order.clientOrderId, after.lots, after.priceTicks);
  if (outcome.rejection !== null) {
    onRefused(order, outcome.rejection);
    settle(false, outcome.rejection.message);
    tell(before.lots, before.priceTicks);
  }
  return { ...outcome, settle: () => settle(true, 'accepted') };
}
