import { at, type Breach } from '../breach.ts';
import type { History } from '../history.ts';
import { findHoldingBreaches } from './holding.ts';

/** Beside the budgets: whose the symbol is, and what the venue takes of anybody. */
const BINDING = /^(SYMBOL_|STALE_|VENUE_|INVALID_|BELOW_|SCOPE_|NO_|RULES_|TOO_)/;

export const isShadow = ({ plan }: History): boolean => plan.setup.policy?.mode === 'shadow';

/**
 * Each answer says whether its decision was enforced. Of one that was not, and refused the size, the opening goes out as it
 * was asked for: no larger, and less than a lot smaller. [AN-26, PK-40]
 */
export function findShadowBreaches(history: History): readonly Breach[] {
  const inShadow = isShadow(history);
  return [...history.decisions.values()].flatMap(({ atMs, event, id, origin }): readonly Breach[] => {
    const { decision, orders, parent_decision_id: parent, request } = event;
    if (decision.enforced === inShadow)
      return [{ code: 'shadow/says', detail: `decision ${id} of ${at(atMs)} says enforced: ${decision.enforced}` }];
    const [order] = orders;
    const isOpening = origin === 'agent' && parent === null && request.intent === 'open';
    if (!inShadow || !isOpening || order === undefined || order.reduce_only || order.price_e8 === null) return [];
    const asked = request.requested_notional;
    if (asked === null || request.order_type !== 'limit') return [];
    const price = order.price_e8 / 1e8;
    const sent = orders.reduce((sum, each) => sum + each.quantity_e8 / 1e8, 0) * price;
    if (sent <= asked * 1.000001 && sent > asked - 2 * history.world.venue.lotUsdt(request.symbol ?? '')) return [];
    return [
      {
        code: 'shadow/other-size',
        detail: `decision ${id} of ${at(atMs)}: ${sent} USDT go out, asked for were ${asked}`,
      },
    ];
  });
}

/** Whose a symbol is counts all the same [PK-40]. */
export function findTaken(history: History): readonly Breach[] {
  return isShadow(history)
    ? findHoldingBreaches(history).filter(({ code }) => /^holder\/(two|reserved)$/.test(code))
    : [];
}

/** An opening that budgets alone refuse is executed [PK-40]. */
export function findEnforced(history: History): readonly Breach[] {
  if (!isShadow(history)) return [];
  return [...history.decisions.values()].flatMap(({ atMs, event, id, origin }): readonly Breach[] => {
    const { decision, orders, parent_decision_id: parent, request } = event;
    if (origin !== 'agent' || parent !== null || request.intent !== 'open' || orders.length > 0) return [];
    const codes = decision.reasons.map(({ code }) => code);
    if (codes.length === 0 || codes.some((code) => BINDING.test(code))) return [];
    return [{ code: 'shadow/enforced', detail: `decision ${id} of ${at(atMs)} sends nothing: ${codes.join(', ')}` }];
  });
}
