import type { ExecutionRequest } from '../request.ts';
import { type Names, numberOrNull, numberText, quoted, quotedOrNull, wordOrNull } from './scalars.ts';

/** `canonicalJson(request)` of SAE-REQ. @throws CanonicalJsonError when a figure is not finite */
export function writeRequest(request: ExecutionRequest): string {
  return (
    `{"account":${quoted(request.account)},"after_decision_id":${quotedOrNull(request.after_decision_id)}` +
    `,"agent":${quoted(request.agent)},"client_order_id":${quotedOrNull(request.client_order_id)}` +
    `,"fraction":${numberOrNull(request.fraction)},"intent":"${request.intent}"` +
    `,"limit_price":${numberOrNull(request.limit_price)}` +
    `,"max_slippage_bps":${numberOrNull(request.max_slippage_bps)}` +
    `,"order_type":${wordOrNull(request.order_type)},"origin":"${request.origin}"` +
    `,"reduce_only":${request.reduce_only},"request_id":${quotedOrNull(request.request_id)}` +
    `,"requested_leverage":${numberOrNull(request.requested_leverage)}` +
    `,"requested_notional":${numberOrNull(request.requested_notional)}` +
    `,"side":${wordOrNull(request.side)},"skill_sha256":${quotedOrNull(request.skill_sha256)}` +
    `,"strategy_id":${quotedOrNull(request.strategy_id)},"symbol":${quotedOrNull(request.symbol)}` +
    `,"timestamp_ms":${numberText(request.timestamp_ms)},"tool":"${request.tool}"` +
    `,"valid_until_ms":${numberOrNull(request.valid_until_ms)},"venue":${quoted(request.venue)}}`
  );
}

export const REQUEST_IS_WHOLE: Names<
  ExecutionRequest,
  | 'account'
  | 'after_decision_id'
  | 'agent'
  | 'client_order_id'
  | 'fraction'
  | 'intent'
  | 'limit_price'
  | 'max_slippage_bps'
  | 'order_type'
  | 'origin'
  | 'reduce_only'
  | 'request_id'
  | 'requested_leverage'
  | 'requested_notional'
  | 'side'
  | 'skill_sha256'
  | 'strategy_id'
  | 'symbol'
  | 'timestamp_ms'
  | 'tool'
  | 'valid_until_ms'
  | 'venue'
> = true;
