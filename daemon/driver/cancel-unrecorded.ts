import { everyLiveOrder, isPlanned, type OrderState } from '../engine/orders/orders.ts';
import type { CancelOutcome } from '../engine/records/venue.ts';
import type { GateCore } from './driver.ts';

const ATTEMPTS = 3;

/**
 * The ledger records nothing more: opening orders at the venue are canceled anyway, as far as possible. Orders that
 * reduce stay there. The next start finds out their outcomes.
 */
export async function cancelUnrecorded(core: GateCore, pauseMs: number): Promise<void> {
  const cancel = async (order: OrderState): Promise<CancelOutcome['kind']> =>
    (await core.ports.venue.cancel(order.symbol, order.clientOrderId, order.kind)).kind;
  let left = everyLiveOrder(core.state.orders).filter(
    (order) => !order.foreign && !order.reduceOnly && !isPlanned(order),
  );
  for (let attempt = 0; attempt < ATTEMPTS && left.length > 0; attempt += 1) {
    // One that was on its way may have arrived meanwhile.
    if (attempt > 0) await core.ports.time.delay(pauseMs);
    const outcomes = await Promise.allSettled(left.map(cancel));
    left = left.filter((_, i) => {
      const outcome = outcomes[i];
      return outcome?.status !== 'fulfilled' || outcome.value !== 'canceled';
    });
  }
  core.ports.log.error(
    { left: left.map((order) => order.clientOrderId) },
    'the ledger cannot record: opening orders were canceled at the venue without a record',
  );
}
