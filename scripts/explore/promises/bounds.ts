import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import type { Decision } from '../records.ts';

/** Of floating point, as a share of a price. */
const ROUNDING = 1e-9;
/** `exits.resume_ms` of a policy without it. */
const RESUME_MS = 300_000;
/** The gate counts by its own clock, which is off by less until an answer has told it the time, ms. */
const CLOCK_MS = 250;
/** No rung filled it, or its price was out of the exchange's band. */
const PRICE_IS_OVER = /ladder|max_slippage_bps|PERCENT_PRICE|mark price multiplier|price can't be (higher|lower) than/i;

/**
 * An exit's bound is counted from the middle of the book that its decision saw: it goes no further, and one that nobody
 * has bound reaches the quote that it trades against. [EX-40 EX-41]
 */
export function findBoundBreaches(history: History): readonly Breach[] {
  return [...[...history.decisions.values()].flatMap((decision) => judge(history, decision)), ...findGivenUp(history)];
}

/**
 * An exit that closes now and that its caller has bound goes on within that, for `exits.resume_ms`: neither ladder nor band
 * ends it before.
 */
function findGivenUp({ decisions, events, plan }: History): readonly Breach[] {
  const resumeMs = Number(plan.setup.policy?.['exits.resume_ms'] ?? RESUME_MS);
  return events.flatMap(({ atMs, event }) => {
    if (event.kind !== 'exit_target' || event.payload.action !== 'ended') return [];
    const { decision_id: id, detail } = event.payload;
    const asked = decisions.get(id);
    const bps = asked?.event.request.max_slippage_bps ?? null;
    if (
      asked === undefined ||
      bps === null ||
      asked.event.decision.effective?.time_in_force === 'GTC' ||
      !PRICE_IS_OVER.test(detail)
    )
      return [];
    if (atMs >= asked.atMs + resumeMs - CLOCK_MS) return [];
    return [{ code: 'bound/given-up', detail: `${id}, bound to ${bps} bps, ends at ${at(atMs)}: ${detail}` }];
  });
}

/**
 * No exit goes further than its bound, and one without a bound reaches the quote.
 * @except its caller has named a price
 * @except the quote is older than the policy takes (`market.freshness.quote_ms`)
 */
function judge({ world }: History, { atMs, event, id, symbol }: Decision): readonly Breach[] {
  const { context, decision, request } = event;
  const { effective } = decision;
  if (effective?.action !== 'exit' || request.order_type === 'limit' || effective.side === null) return [];
  const { ask, bid, mark, quote_at_ms: quotedAt, rules } = context.market;
  // The venue's price band about the mark holds back what is far from it.
  if (ask === null || bid === null || mark === null || rules === null) return [];
  const { policy } = world.policies.find((each) => each.policy.hash === decision.policy_hash) ?? {};
  if (context.now_ms - (quotedAt ?? 0) > (policy?.spec.market.freshness.quote_ms ?? 0)) return [];
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
