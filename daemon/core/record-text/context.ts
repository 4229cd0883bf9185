import type { ExecutionContext, OrderView } from '../context.ts';
import { writeAccount, writeAgent, writeState, writeTrust } from './account.ts';
import { writeExposure, writePacing } from './exposure.ts';
import { writeMarket } from './market.ts';
import { listText, numberOrNull, numberText, quoted, quotedOrNull } from './scalars.ts';

/** The row of SAE-CTX (columns.ts), canonical JSON. @throws CanonicalJsonError when a figure is not finite */
export function writeContext(context: ExecutionContext): string {
  return (
    `[${context.account === null ? 'null' : writeAccount(context.account)}` +
    `,${quoted(context.account_name)},${writeAgent(context.agent)}` +
    `,${numberOrNull(context.clock_skew_ms)},${quotedOrNull(context.duplicate_of)}` +
    `,${numberText(context.exit_rung)},${writeExposure(context.exposure)}` +
    `,${listText(context.leaving_order_ids, quoted)},${writeMarket(context.market)}` +
    `,${numberText(context.now_ms)},${context.order === null ? 'null' : writeOrder(context.order)}` +
    `,${quotedOrNull(context.own_order_id)},${writePacing(context.pacing)}` +
    `,${numberOrNull(context.parent_price_ticks)},"${context.phase}"` +
    `,${quotedOrNull(context.schema_violation)},${numberOrNull(context.slice_lots)}` +
    `,${writeState(context.state)},${writeTrust(context.trust)},${quoted(context.venue)}` +
    (context.duplicate_until_ms === undefined ? ']' : `,${numberText(context.duplicate_until_ms)}]`)
  );
}

function writeOrder(order: OrderView): string {
  return (
    `[${quotedOrNull(order.agent)},${quoted(order.client_order_id)},${numberText(order.filled_lots)}` +
    `,${order.is_open},${order.is_protective},${numberText(order.lots)},"${order.order_type}"` +
    `,${numberOrNull(order.price_ticks)},${order.reduce_only},"${order.side}",${quoted(order.symbol)}]`
  );
}
