import type { GateParts } from './parts.ts';
import { everyLiveOrder, isTerminal } from './state/orders.ts';

/** What is left at the venue when the daemon stops: unsent slices go, opening orders unless left, stops stay. */
export async function leaveVenue(
  { core, canceler, slices }: GateParts,
  options: { readonly leaveOrders: boolean },
): Promise<void> {
  const before = [...everyLiveOrder(core.state.orders)];
  slices.dropUnsent('the daemon stops', () => true);
  if (!options.leaveOrders) {
    const cancels = canceler.cancelMatching(null, (order) => !order.foreign && !order.reduceOnly, 'the daemon stops');
    await Promise.race([cancels.catch(() => undefined), core.ports.time.delay(1000)]);
  }
  await core.settled().catch(() => undefined);
  const ended = before.filter((order) => isTerminal(order.status));
  const left = before.filter((order) => !isTerminal(order.status));
  const positions = [...core.state.positions.values()].filter((position) => position.lots !== 0);
  core.ports.log.info(
    {
      ended: ended.map((order) => order.clientOrderId),
      left: left.map((order) => ({ order: order.clientOrderId, symbol: order.symbol, protective: order.protective })),
      positions: positions.map((position) => position.symbol),
    },
    `the daemon stops: ${ended.length} orders ended, ${left.length} left at the venue, ${positions.length} positions held`,
  );
}
