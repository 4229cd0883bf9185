import type { ExecutionRequest } from '../request.ts';
import { numberOrNull, numberText, quoted, quotedOrNull, wordOrNull } from './scalars.ts';

/** The row of SAE-REQ (columns.ts), canonical JSON. @throws CanonicalJsonError when a figure is not finite */
export function writeRequest(request: ExecutionRequest): string {
  return (
    `[${quoted(request.account)},${quotedOrNull(request.after_decision_id)},${quoted(request.agent)}` +
    `,${quotedOrNull(request.client_order_id)},${numberOrNull(request.fraction)},"${request.intent}"` +
    `,${numberOrNull(request.limit_price)},${numberOrNull(request.max_slippage_bps)}` +
    `,${wordOrNull(request.order_type)},"${request.origin}",${request.reduce_only}` +
    `,${quotedOrNull(request.request_id)},${numberOrNull(request.requested_leverage)}` +
    `,${numberOrNull(request.requested_notional)},${wordOrNull(request.side)}` +
    `,${quotedOrNull(request.skill_sha256)},${quotedOrNull(request.strategy_id)},${quotedOrNull(request.symbol)}` +
    `,${numberText(request.timestamp_ms)},"${request.tool}",${numberOrNull(request.valid_until_ms)}` +
    `,${quoted(request.venue)}]`
  );
}
