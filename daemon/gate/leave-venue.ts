import { endedEvent } from '../engine/decide/order-records.ts';
import type { Countdowns } from '../engine/guard/countdowns.ts';
import { everyLiveOrder, isTerminal, type OrderState } from '../engine/orders/orders.ts';
import { hasGoodTill } from '../engine/sending/approval.ts';
import type { Canceler } from '../engine/sending/cancels.ts';
import type { OrderSender } from '../engine/sending/sender.ts';
import type { SliceRunner } from '../engine/sending/slices.ts';
import { ended } from './journal/driver.ts';
import type { GateCore } from './journal/journal.ts';

interface LeavingParts {
  readonly core: GateCore;
  readonly canceler: Canceler;
  readonly countdowns: Countdowns;
  readonly sender: OrderSender;
  readonly slices: SliceRunner;
}

/**
 * Cleans up when the daemon stops: drops unsent slices, cancels opening orders, keeps stops. Orders are left only where the
 * venue ends them by itself.
 */
export async function leaveVenue(
  { core, canceler, countdowns, sender, slices }: LeavingParts,
  options: { readonly leaveOrders: boolean },
): Promise<void> {
  const before = everyLiveOrder(core.state.orders);
  slices.dropUnsent('the daemon stops', () => true);
  // RISK: one that waits for its turn would be taken for sent by the next start, which closes its symbol until that is known.
  for (const order of before)
    if (!order.foreign && !order.reduceOnly && sender.isUnsent(order))
      sender.record(order, endedEvent(core, order, 'canceled', 'the daemon stops'));
  const isLeft = (order: OrderState): boolean => options.leaveOrders && hasGoodTill(order);
  const isMeant = (order: OrderState): boolean => !order.foreign && !order.reduceOnly && !isLeft(order);
  const cancels = canceler.cancelMatching(null, isMeant, 'the daemon stops').map(ended);
  const begun = Promise.allSettled([...cancels, core.run(countdowns.close())]);
  await Promise.race([begun, core.ports.time.delay(1000)]);
  await core.settled().catch(() => undefined);
  const over = before.filter(isTerminal);
  const left = before.filter((order) => !isTerminal(order));
  const positions = [...core.state.positions.values()].filter((position) => position.quantityE8 !== 0);
  core.ports.log.info(
    {
      ended: over.map((order) => order.clientOrderId),
      left: left.map((order) => ({ order: order.clientOrderId, symbol: order.symbol, protective: order.protective })),
      positions: positions.map((position) => position.symbol),
    },
    `the daemon stops: ${over.length} orders ended, ${left.length} left at the venue, ${positions.length} positions held`,
  );
}
