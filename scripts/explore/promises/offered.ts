import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import type { CallRecord, Decision } from '../records.ts';

/** One lot at the dearest, USDT: what rounding may take. */
const LOT_USDT = 100;
/** Of what these say, `get_limits` knows nothing: they are of one request alone. */
const OF_THE_REQUEST = /^(?:DUPLICATE|APPROVAL|PARENT|STALE_REQUEST|DEADLINE|BELOW_MINIMUM|SCHEMA_ARGS|LOT_ROUNDING)/;

/**
 * What `get_limits` says of a side just before an order is asked for there: within it the order is not cut down, beyond it
 * the order is not sent as asked, and what blocks the side blocks the order.
 * @except the request says more than that
 */
export function findOfferBreaches(history: History): readonly Breach[] {
  const reported = new Set<string>();
  return history.world.calls.flatMap((call) => {
    const decision = history.decisionOf(call);
    // Something was recorded in between; or the call repeats one that has its decision.
    if (decision === null || decision.seq !== call.askedAtSeq + 1 || reported.has(decision.id)) return [];
    reported.add(decision.id);
    const detail = findContradiction(call, decision);
    return detail === null
      ? []
      : [{ code: detail[0], detail: `${decision.id} at ${at(call.askedAtMs)}: ${detail[1]}` }];
  });
}

function findContradiction({ args, limits }: CallRecord, { event }: Decision): readonly [string, string] | null {
  const { requested_leverage: leverage, requested_notional: asked, side } = args;
  if (limits === null) return null;
  const { blocked_by: blocks, bound_by: bound, remaining_usdt: left } = limits.opening[side === 'buy' ? 'buy' : 'sell'];
  const slippage = limits.budgets.find(({ component }) => component === 'slippage_bps');
  const { decision: verdict, reasons } = event.decision;
  const codes = reasons.map(({ code }) => code);
  const said = `${left} USDT are left to ${String(side)} (${bound}; ${blocks.join(', ') || 'nothing'} blocks); ${String(asked)} are asked for: ${verdict} ${codes.join(', ')}`;
  // At the largest size: a smaller order may need nobody.
  if (blocks.includes('APPROVAL_REQUIRED')) return null;
  if (blocks.length > 0) return verdict === 'BLOCK' ? null : ['offer/blocked', said];
  if (Number(asked) > left + LOT_USDT) return verdict === 'ALLOW' ? ['offer/beyond', said] : null;
  const isWithin =
    Number(asked) <= left &&
    Number(leverage) <= limits.leverage_cap &&
    Number(args.max_slippage_bps) <= (slippage?.limit ?? 0);
  if (!isWithin || verdict === 'ALLOW' || codes.some((code) => OF_THE_REQUEST.test(code))) return null;
  return ['offer/within', said];
}
