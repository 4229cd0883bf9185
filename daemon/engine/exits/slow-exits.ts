import { closingOf } from '../claims/exit-sizes.ts';
import type { EngineCore } from '../flow/core.ts';
import { type Claim, closedE8 } from '../orders/claims.ts';
import { isRejected, type OrderState } from '../orders/orders.ts';
import { formatQuantityE8 } from '../records/units.ts';
import { SlowWatch } from '../sending/slow-watch.ts';

/**
 * Exits that go on without closing anything; called in every round. RISK: what is lost on its way, or never answered,
 * ends no exit and is tried again and again; whoever asked for it, an operator who flattens or the gate that cuts, would
 * take it for done.
 */
export function watchExits(core: EngineCore): () => void {
  const slow = new SlowWatch<Claim>(core, {
    find: () => {
      const isLeftAlone = (core.ports.venue.leftAloneMs?.() ?? 0) > 0;
      const isHeldUp = (claim: Claim): boolean =>
        claim.wants === 'now' ? isLeftAlone || wasSent(claim) : isLostOnItsWay(claim);
      return [...core.state.claims.open].filter((claim) => isOwed(core, claim) && isHeldUp(claim));
    },
    groupOf: ({ origin, symbol }) => `${symbol} by ${origin}`,
    progressOf: closedE8,
    tell: (claim, seconds, others) => {
      const order = lastSent(claim);
      const last = wasSent(claim)
        ? `; its last order is ${order?.status} (${order?.detail ?? 'no reason'})`
        : '; the venue has asked to be left alone';
      const closed = formatQuantityE8(closedE8(claim), core.state.rules.get(claim.symbol));
      core.alert(
        'EXIT_STALLED',
        `exit ${claim.decisionId} has closed nothing for ${seconds} s and goes on, with ${closed} closed${last}${others}`,
        claim.symbol,
      );
    },
  });
  return () => slow.look();
}

function lastSent({ orders }: Claim): OrderState | undefined {
  return orders.findLast(({ sentAtMs }) => sentAtMs !== null);
}
/** What else waits for its rate, or for its turn, is not held up by the venue. */
function wasSent(claim: Claim): boolean {
  return lastSent(claim) !== undefined;
}
/** Of what is to rest no answer has shown anything, not even that it is refused. */
function isLostOnItsWay(claim: Claim): boolean {
  const last = lastSent(claim);
  return last !== undefined && last.acknowledgedAtMs === null && !isRejected(last);
}

function isOwed({ state }: EngineCore, claim: Claim): boolean {
  if (closingOf(state, claim.symbol, claim.side).all === 0) return false;
  return claim.isWhole || closedE8(claim) < claim.askedE8;
}
