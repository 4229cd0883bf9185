import { at, type Breach } from '../breach.ts';
import type { Decision, History } from '../history.ts';

/** Of floating point, as a share of a price. */
const ROUNDING = 1e-9;

/**
 * An exit's bound is counted from the middle of the book that its decision saw: it goes no further, and one that nobody
 * has bound reaches the quote that it trades against. [EX-40 EX-41]
 */
export function findBoundBreaches({ decisions }: History): readonly Breach[] {
  return [...decisions.values()].flatMap((decision) => judge(decision));
}

function judge({ atMs, event, id, symbol }: Decision): readonly Breach[] {
  const { context, decision, request } = event;
  const { effective } = decision;
  if (effective?.action !== 'exit' || request.order_type === 'limit' || effective.side === null) return [];
  const { ask, bid, mark, quote_at_ms: quotedAt, rules } = context.market;
  // An old book says nothing; the venue's price band about the mark holds back what is far from it.
  if (ask === null || bid === null || mark === null || rules === null || context.now_ms - (quotedAt ?? 0) > 5_000)
    return [];
  const { max_slippage_bps: bps } = request;
  const middle = (ask + bid) / 2;
  // A price is written in ticks, so that none may lie between a bound and the quote.
  const tick = rules.tick_mantissa / rules.tick_scale / middle;
  const [quote, sign] = effective.side === 'sell' ? [bid, -1] : [ask, 1];
  const price = effective.limit_price === null ? null : Number(effective.limit_price);
  const what = `${id} (${effective.side} ${symbol}) at ${at(atMs)}, quotes ${bid} and ${ask}, price ${price ?? 'MARKET'}`;
  if (bps !== null && (price === null || (sign * (price - middle)) / middle > bps / 1e4 + tick))
    return [{ code: 'bound/further', detail: `${what}: bound ${bps} bps from the middle` }];
  const isBound = bps !== null && (sign * (quote - middle)) / middle > bps / 1e4 - tick;
  return !isBound && price !== null && (sign * (quote - price)) / middle > ROUNDING
    ? [{ code: 'bound/short', detail: `${what}: it does not reach the quote` }]
    : [];
}
