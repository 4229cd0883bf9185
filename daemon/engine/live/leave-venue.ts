import type { LiveCore } from '../flow/core.ts';
import { allOver, type Flow, onDisk, within } from '../flow/step.ts';
import type { Countdowns } from '../guard/countdowns.ts';
import { everyLiveOrder, isTerminal, type OrderState } from '../orders/orders.ts';
import { hasGoodTill } from '../sending/approval.ts';
import type { Canceler } from '../sending/cancels.ts';
import type { OrderProof } from '../sending/order-proof.ts';
import type { OrderSender } from '../sending/sender.ts';

/** How long a stop waits for what it has asked of the venue, wall ms. */
const LEAVES_WITHIN_MS = 1_000;

interface LeavingParts {
  readonly core: LiveCore;
  readonly canceler: Canceler;
  readonly countdowns: Countdowns;
  readonly proof: OrderProof;
  readonly sender: OrderSender;
}

/**
 * Cleans up when the daemon stops: drops unsent slices, cancels opening orders, keeps stops. Orders are left only where the
 * venue ends them by itself.
 */
export function* leaveVenue(
  { core, canceler, countdowns, proof, sender }: LeavingParts,
  options: { readonly leaveOrders: boolean },
): Flow<void> {
  const before = everyLiveOrder(core.state.orders);
  canceler.dropUnsent('the daemon stops', () => true);
  // RISK: one that waits for its turn would be taken for sent by the next start, which closes its symbol until that is known.
  for (const order of before)
    if (!order.foreign && !order.reduceOnly && sender.isUnsent(order)) proof.end(order, 'the daemon stops');
  const isLeft = (order: OrderState): boolean => options.leaveOrders && hasGoodTill(order);
  const isMeant = (order: OrderState): boolean => !order.foreign && !order.reduceOnly && !isLeft(order);
  const cancels = canceler.cancelMatching(null, isMeant, 'the daemon stops');
  const started = core.begin(allOver([...cancels, core.begin(countdowns.close())]));
  yield* within(LEAVES_WITHIN_MS, started, 'inTime');
  yield* allOver([core.begin(onDisk())]);
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
