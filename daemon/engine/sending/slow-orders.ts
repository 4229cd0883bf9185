import type { EngineCore } from '../flow/core.ts';
import { everyLiveOrder, isResting, isUnknown, type OrderState } from '../orders/orders.ts';
import { SlowWatch } from './slow-watch.ts';

/** Live orders that stay as they should not be; called in every round. */
function watch(
  core: EngineCore,
  isWrong: (order: OrderState) => boolean,
  tell: (order: OrderState, seconds: number, others: string) => void,
): () => void {
  const slow = new SlowWatch<OrderState>(core, {
    find: () => everyLiveOrder(core.state.orders).filter(isWrong),
    groupOf: ({ symbol }) => symbol,
    tell,
  });
  return () => slow.look();
}

/**
 * Orders that stay although their cancel was asked for. RISK: the cancel is asked for again and again; whoever halted, or
 * tightened a cap, would take an order for gone that can still fill, and a stop of an old position would close the next.
 */
export function watchCancels(core: EngineCore): () => void {
  return watch(core, isStaying, (order, seconds, others) =>
    core.alert(
      'CANCEL_FAILED',
      `the cancel of ${order.clientOrderId} was asked for ${seconds} s ago, and it is ${order.status} (${order.cancelRefusal ?? 'no answer'}); it is asked for again${others}`,
      order.symbol,
    ),
  );
}
/** What is lost has an alert of its own. */
function isStaying(order: OrderState): boolean {
  return order.cancelRequested && (isResting(order) || isUnknown(order));
}

/**
 * Openings and changes of which no answer tells what became of them, as look-ups fail. RISK: what they have opened is
 * nobody's to close but an operator's. Exits and stops are told of by what they are for.
 */
export function watchUnknown(core: EngineCore): () => void {
  return watch(core, isUnknownOpening, (order, seconds, others) =>
    core.alert(
      'ORDER_UNKNOWN',
      `what became of ${order.amendSentByMs === null ? '' : 'the change of '}${order.clientOrderId} is not known for ${seconds} s (${order.detail ?? 'no answer'}): its symbol stays in reducing, and its agent cannot close what it may have opened${others}`,
      order.symbol,
    ),
  );
}
function isUnknownOpening(order: OrderState): boolean {
  return !order.reduceOnly && !order.cancelRequested && (isUnknown(order) || order.amendSentByMs !== null);
}
