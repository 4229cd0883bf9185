import type { ExecutionContext, OrderView } from '../context.ts';
import { writeAccount, writeAgent, writeState, writeTrust } from './account.ts';
import { writeExposure, writePacing } from './exposure.ts';
import { writeMarket } from './market.ts';
import { listText, type Names, numberOrNull, numberText, quoted, quotedOrNull } from './scalars.ts';

/** `canonicalJson(context)` of SAE-CTX. @throws CanonicalJsonError when a figure is not finite */
export function writeContext(context: ExecutionContext): string {
  return (
    `{"account":${context.account === null ? 'null' : writeAccount(context.account)}` +
    `,"account_name":${quoted(context.account_name)},"agent":${writeAgent(context.agent)}` +
    `,"clock_skew_ms":${numberOrNull(context.clock_skew_ms)},"duplicate_of":${quotedOrNull(context.duplicate_of)}` +
    (context.duplicate_until_ms === undefined
      ? ''
      : `,"duplicate_until_ms":${numberText(context.duplicate_until_ms)}`) +
    `,"exit_rung":${numberText(context.exit_rung)},"exposure":${writeExposure(context.exposure)}` +
    `,"leaving_order_ids":${listText(context.leaving_order_ids, quoted)},"market":${writeMarket(context.market)}` +
    `,"now_ms":${numberText(context.now_ms)},"order":${context.order === null ? 'null' : writeOrder(context.order)}` +
    `,"own_order_id":${quotedOrNull(context.own_order_id)},"pacing":${writePacing(context.pacing)}` +
    `,"parent_price_ticks":${numberOrNull(context.parent_price_ticks)},"phase":"${context.phase}"` +
    `,"schema_violation":${quotedOrNull(context.schema_violation)},"slice_lots":${numberOrNull(context.slice_lots)}` +
    `,"state":${writeState(context.state)},"trust":${writeTrust(context.trust)},"venue":${quoted(context.venue)}}`
  );
}

function writeOrder(order: OrderView): string {
  return (
    `{"agent":${quotedOrNull(order.agent)},"client_order_id":${quoted(order.client_order_id)}` +
    `,"filled_lots":${numberText(order.filled_lots)},"is_open":${order.is_open}` +
    `,"is_protective":${order.is_protective},"lots":${numberText(order.lots)},"order_type":"${order.order_type}"` +
    `,"price_ticks":${numberOrNull(order.price_ticks)},"reduce_only":${order.reduce_only}` +
    `,"side":"${order.side}","symbol":${quoted(order.symbol)}}`
  );
}

export const CONTEXT_IS_WHOLE: readonly [
  Names<
    ExecutionContext,
    | 'account'
    | 'account_name'
    | 'agent'
    | 'clock_skew_ms'
    | 'duplicate_of'
    | 'duplicate_until_ms'
    | 'exit_rung'
    | 'exposure'
    | 'leaving_order_ids'
    | 'market'
    | 'now_ms'
    | 'order'
    | 'own_order_id'
    | 'pacing'
    | 'parent_price_ticks'
    | 'phase'
    | 'schema_violation'
    | 'slice_lots'
    | 'state'
    | 'trust'
    | 'venue'
  >,
  Names<
    OrderView,
    | 'agent'
    | 'client_order_id'
    | 'filled_lots'
    | 'is_open'
    | 'is_protective'
    | 'lots'
    | 'order_type'
    | 'price_ticks'
    | 'reduce_only'
    | 'side'
    | 'symbol'
  >,
] = [true, true];
