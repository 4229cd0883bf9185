import { decideByTheDocuments } from '../../../test/oracle/decide-oracle.ts';
import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { type Change, changesOf } from '../second/changes.ts';
import { type Fraction, isAbove, times } from '../second/exact.ts';
import { rawOf, type Spec } from '../second/raw.ts';

/** What holds of changes, and not of openings. */
const OF_CHANGES = /^SCOPE_(ACTION|TOOL)$/;

/**
 * A change that adds risk is permitted as a whole where what may still fill of it would be as a new opening, by the
 * second implementation, and refused otherwise (docs/architecture.md, BY-07).
 * @except people are asked
 * @except no price is known
 */
export function findAmendedOtherwise(history: History): readonly Breach[] {
  const raw = rawOf(history);
  return changesOf(raw).flatMap((change) => {
    const { decision } = change;
    const spec = raw.policyAt(decision.seq);
    const { market } = decision.event.context;
    if (spec === null || spec.approvals !== undefined || market.mark === null || !addsRisk(change, market.mark))
      return [];
    const wrong = judge(change, spec);
    if (wrong === null) return [];
    const detail = `${decision.id} about ${decision.event.request.client_order_id} at ${at(decision.atMs)}: ${wrong}`;
    return [{ code: 'amended-otherwise', detail }];
  });
}

const numberOf = ({ d, n }: Fraction): number => Number(n) / Number(d);

/** Larger, nearer to whoever takes it, or worth more at the worse of mark and limit. */
function addsRisk({ lots, oldPrice, order, price }: Change, mark: number): boolean {
  const left = lots - BigInt(order.filled_lots);
  if (order.reduce_only || left <= 0n) return false;
  const isNearer = order.side === 'buy' ? isAbove(price, oldPrice) : isAbove(oldPrice, price);
  if (lots > BigInt(order.lots) || isNearer) return true;
  const worth = (each: bigint, at: number): number => Number(each) * Math.max(mark, at);
  const before = worth(BigInt(order.lots - order.filled_lots), numberOf(oldPrice));
  return worth(left, numberOf(price)) > before;
}

function judge({ decision, lots, order, price, rules }: Change, spec: Spec): string | null {
  const { context, decision: decided, request } = decision.event;
  const left = lots - BigInt(order.filled_lots);
  const ticks = times(price, { n: BigInt(rules.tick_scale), d: BigInt(rules.tick_mantissa) });
  const asNew = {
    ...request,
    intent: 'open',
    side: order.side,
    order_type: 'limit',
    limit_price: numberOf(price),
    requested_notional: null,
    quantity: Number(left) * (rules.lot_mantissa / rules.lot_scale),
    max_slippage_bps: null,
    requested_leverage: 1,
    reduce_only: false,
  } as const;
  const asked = { ...context, duplicate_of: null, slice_lots: Number(left) };
  const found = decideByTheDocuments(asNew, asked, spec, decided.policy_hash);
  const isWhole = found.decision !== 'BLOCK' && found.lots === left && found.priceTicks === ticks.n / ticks.d;
  const isPermitted = decided.decision !== 'BLOCK';
  // Whether its agent may open is another question than whether it may change.
  if (isWhole === isPermitted || decided.reasons.some(({ code }) => OF_CHANGES.test(code))) return null;
  const why = isWhole ? decided.reasons.map(({ code }) => code) : [...found.deny, ...found.tighten];
  return `${isPermitted ? 'permitted' : 'refused'} for ${left} lots at ${ticks.n / ticks.d} ticks, ${found.decision} of ${found.lots} at ${found.priceTicks} by the documents (${why.join(', ')})`;
}
