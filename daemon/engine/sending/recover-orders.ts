import { isWaitingExit } from '../claims/exit-sizes.ts';
import type { EngineCore } from '../flow/core.ts';
import { unknownEvent } from '../orders/evidence.ts';
import { everyLiveOrder, isInFlight, isPlanned, isUnproven } from '../orders/orders.ts';
import type { OrderProof } from './order-proof.ts';
import type { Resolver } from './resolver.ts';

/**
 * Orders after a restart: unsent slices are dropped, exits that wait for their rate are kept, and orders that may have
 * been sent are unknown until the venue proves them. That they were sent by now is recorded once, so that another
 * restart does not wait longer.
 */
export function recoverOrders(core: EngineCore, proof: OrderProof, resolver: Resolver): void {
  for (const order of everyLiveOrder(core.state.orders)) {
    if (order.foreign || isWaitingExit(order)) continue;
    if (isPlanned(order)) proof.end(order, 'not sent: the daemon was restarted');
    else if (isInFlight(order))
      proof.record(order, unknownEvent(core, order, 'the daemon was restarted while it was being sent', core.nowMs()));
    if (order.amendSeq !== null) {
      const detail = 'the daemon was restarted while it was being changed';
      proof.noteAmendUnknown(order, order.amendSeq, detail, core.nowMs());
      resolver.resolve(order);
    }
    if (isUnproven(order)) resolver.resolve(order);
  }
}
