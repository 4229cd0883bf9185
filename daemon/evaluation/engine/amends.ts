import { isTerminal, type OrderState } from '../../gate/state/orders.ts';
import type { ScopeJudge } from '../facts/judging.ts';
import type { MarketClock } from './clock.ts';
import type { GateDoor } from './door.ts';
import type { Fill, ReplayExchange } from './exchange.ts';
import type { InstantMarks } from './instant-marks.ts';
import type { Asked } from './tally.ts';

export interface AmendParts {
  readonly door: GateDoor;
  readonly exchange: ReplayExchange;
  readonly clock: MarketClock;
  readonly judge: ScopeJudge;
}
export interface AmendOutcome {
  readonly taken: boolean;
  /** What crossed the book at its new price. */
  readonly fill: Fill | null;
}
const NOTHING: AmendOutcome = { taken: false, fill: null };

/** Sends a permitted amend; the judge hears of it before it is sent, and of the old form again when it is refused. */
export function amendOrder(
  { exchange, door, judge, clock }: AmendParts,
  marks: InstantMarks,
  order: OrderState,
  asked: Asked | null,
): AmendOutcome {
  const { amend } = order;
  if (amend === null || isTerminal(order.status)) return NOTHING;
  const tell = (lots: number, priceTicks: number): void =>
    judge.amend({
      orderId: order.clientOrderId,
      askId: asked?.askId ?? -1,
      atMs: clock.nowMs,
      lots,
      priceTicks,
      marks: marks.now(),
    });
  tell(amend.lots, amend.priceTicks);
  const before = { lots: order.lots, priceTicks: order.priceTicks ?? 0 };
  const outcome = exchange.amend(order.clientOrderId, amend.lots, amend.priceTicks);
  door.append('order_intent', {
    action: outcome.taken ? 'amended' : 'amend_failed',
    client_order_id: order.clientOrderId,
    lots: amend.lots,
    price_ticks: amend.priceTicks,
    reason: 'replay',
  });
  if (!outcome.taken) tell(before.lots, before.priceTicks);
  return outcome;
}
