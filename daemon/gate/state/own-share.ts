import type { Side } from '../../core/request.ts';
import { type CountedOrder, remainingLots } from './exposure.ts';
import { heldOn } from './held-lots.ts';
import type { OrderState } from './order.ts';
import type { PositionState } from './positions.ts';

/** The exchange's times may be so much earlier than domain time for being of another clock, ms. */
const CLOCKS_APART_MS = 1_000;

/** What of an order says whether a reading may show its fills. */
type Movement = CountedOrder & Pick<OrderState, 'agent' | 'foreign' | 'sentAtMs' | 'status'>;

/** Openings of one agent that a reading of the account may show before their own reports. */
interface Openings {
  lots: number;
  /** When the first of them was sent. */
  sinceMs: number;
}

/**
 * Signed lots of a position that are an agent's own: its share, and what a reading of the account shows beyond all that
 * is proven where only its openings can have filled it. RISK: nobody else's order may explain as much, a person's at the
 * exchange included, and the reading must be of after the agent's order. What a person bought in the same moments looks
 * the same, so it is never more than the agent has ordered, nor than the reading shows.
 */
export function ownShare(position: PositionState | undefined, orders: Iterable<Movement>, agent: string): number {
  const share = position?.shares.get(agent) ?? 0;
  const shown = position?.disputedLots ?? null;
  if (position === undefined || shown === null || shown === position.lots) return share;
  const direction = Math.sign(shown - position.lots);
  const { byAgent, allLots } = findOpenings(position, orders, direction);
  const beyond = Math.abs(shown - position.lots);
  const held = share * direction;
  let own = held;
  for (const [name, openings] of byAgent) {
    // RISK: what others' orders may have filled is not this one's.
    const explained = Math.min(openings.lots, Math.max(0, beyond - (allLots - openings.lots)));
    own +=
      name === agent
        ? Math.max(0, explained - closedBeyond(position, name, openings.sinceMs, direction))
        : Math.min(explained, takenFrom(position, agent, name, openings.sinceMs, direction));
  }
  return direction * Math.max(held, Math.min(own, Math.max(0, shown * direction)));
}

/** Lots on a side that are an agent's own ({@link ownShare}). */
export function ownLots(
  position: PositionState | undefined,
  orders: Iterable<Movement>,
  side: Side,
  agent: string,
): number {
  const share = ownShare(position, orders, agent);
  return Math.max(0, side === 'sell' ? share : -share);
}

/**
 * Lots that may be there to be closed on a side: of the position (`whose` null), or of an agent's own. What is proven
 * counts, whatever a reading shows.
 */
export function closableOn(
  position: PositionState | undefined,
  orders: Iterable<Movement>,
  side: Side,
  whose: string | null,
): number {
  const held = heldOn(position, side, whose);
  return whose === null ? held : Math.max(held, ownLots(position, orders, side, whose));
}

/** `allLots`: of all orders that may have moved the position that way, the openings included. */
function findOpenings(
  position: PositionState,
  orders: Iterable<Movement>,
  direction: number,
): { readonly byAgent: ReadonlyMap<string, Openings>; readonly allLots: number } {
  const byAgent = new Map<string, Openings>();
  let allLots = 0;
  for (const order of orders) {
    if (order.status === 'pending_send' || (order.side === 'buy' ? 1 : -1) !== direction) continue;
    const lots = remainingLots(order);
    allLots += lots;
    const { agent, foreign, reduceOnly, sentAtMs } = order;
    if (agent === null || foreign || reduceOnly || sentAtMs === null || !isReadAfter(position, sentAtMs)) continue;
    const known = byAgent.get(agent) ?? { lots: 0, sinceMs: sentAtMs };
    byAgent.set(agent, { lots: known.lots + lots, sinceMs: Math.min(known.sinceMs, sentAtMs) });
  }
  return { byAgent, allLots };
}

/** The reading first showed it in an answer to a question of after the order was sent, and of after that itself. */
function isReadAfter({ disputedSinceMs, readAtMs }: PositionState, sentAtMs: number): boolean {
  if (disputedSinceMs === null || disputedSinceMs < sentAtMs) return false;
  return readAtMs === null || readAtMs >= sentAtMs - CLOCKS_APART_MS;
}

/** Lots that an agent's exits have closed since then, and that were charged to others, for its share was not known. */
function closedBeyond({ fills }: PositionState, agent: string, sinceMs: number, direction: number): number {
  let lots = 0;
  for (let at = fills.length - 1; at >= 0 && fills[at]!.atMs >= sinceMs - CLOCKS_APART_MS; at -= 1) {
    const fill = fills[at]!;
    if (fill.agent !== agent) continue;
    lots -= fill.signed * direction;
    for (const change of fill.changes) if (change.agent === agent) lots += change.lots * direction;
  }
  return Math.max(0, lots);
}

/** Of those, what was charged to that agent: it is its own still. */
function takenFrom({ fills }: PositionState, agent: string, by: string, sinceMs: number, direction: number): number {
  let lots = 0;
  for (let at = fills.length - 1; at >= 0 && fills[at]!.atMs >= sinceMs - CLOCKS_APART_MS; at -= 1) {
    const fill = fills[at]!;
    if (fill.agent !== by) continue;
    for (const change of fill.changes) if (change.agent === agent) lots -= change.lots * direction;
  }
  return Math.max(0, lots);
}
