import type { ExecutionDecision } from '../../core/decision.ts';
import type { GateCore } from '../journal/journal.ts';
import type { OrderSender } from '../orders/sender.ts';
import { clientOrderId } from '../plan/order-ids.ts';
import { closeRequest, findStopTicks, planStop } from '../plan/stops.ts';
import { isTerminal, type OrderState } from '../state/orders.ts';
import type { PositionState } from '../state/positions.ts';
import { consider, recordDecision } from '../take-decision.ts';
import type { Rejection } from '../venue-port.ts';

/** A sent stop, and why the venue refused it. */
export interface SentStop {
  readonly order: OrderState;
  readonly rejection: Rejection | null;
}

/**
 * Decides, records and sends a stop for the whole position (closePosition, on the mark). Null: nothing was sent.
 * `held`: lots to protect. `isNews`: whether a decision is worth a record.
 */
export async function placeStop(
  core: GateCore,
  sender: OrderSender,
  position: PositionState,
  held: number,
  isNews: (decision: ExecutionDecision) => boolean,
): Promise<SentStop | null> {
  const { symbol } = position;
  const rules = core.state.rules.get(symbol);
  const entryPrice = findEntryPrice(core, position);
  if (rules === undefined || entryPrice <= 0) return null;
  const side = held > 0 ? 'sell' : 'buy';
  const ticks = findStopTicks(side, entryPrice, core.policySpec.protection.stop_bps, rules);
  const lots = Math.abs(held);
  const request = closeRequest(core.settings, symbol, side, 1, core.nowMs());
  const considered = consider(core, request, {
    phase: 'parent',
    venue: core.settings.venue,
    accountName: core.settings.account,
    tokenSkillSha256: null,
    schemaViolation: null,
    own: null,
    leaving: null,
    exitRung: 0,
    sliceLots: lots,
    parentPriceTicks: null,
    target: null,
  });
  if (!isNews(considered.decision)) return null;
  const id = clientOrderId(core.ids, considered.seq, 0, 0);
  const isExit = considered.acted.effective?.action === 'exit';
  const decided = recordDecision(core, considered, {
    kind: 'gate',
    route: 'stop',
    bodyHash: null,
    texts: {},
    parentDecisionId: null,
    orders: isExit ? [planStop(id, symbol, side, lots, ticks)] : [],
  });
  const [planned] = decided.event.orders;
  if (planned === undefined) return null;
  await decided.appended.committed;
  const order = core.state.orders.all.get(planned.client_order_id);
  if (order === undefined || isTerminal(order.status)) return null;
  const outcome = await sender.sendStop(order);
  return { order, rejection: outcome.kind === 'rejected' ? outcome.rejection : null };
}

/** From the position, or from what the venue shows where we know of none. */
function findEntryPrice(core: GateCore, position: PositionState): number {
  if (position.lots !== 0) return position.entryPrice;
  const shown = core.state.account?.positions.find((record) => record.symbol === position.symbol);
  return shown?.entry_price ?? 0;
}
