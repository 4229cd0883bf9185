import type { Side } from '../../core/request.ts';
import { giveLots } from '../positions/fills.ts';
import { longE8, ownE8, type PositionState, shortE8, unownedE8 } from '../positions/positions.ts';
import type { PossibleFills } from '../positions/snapshot.ts';
import { isAtVenue, isPlanned, isResting } from '../tables/status.ts';
import type { Gift } from '../words.ts';
import { type OrderState, remainingE8 } from './order.ts';

export type { Holding } from '../positions/positions.ts';
export { ownE8, unownedE8 } from '../positions/positions.ts';

/**
 * Signed lots that the holder may close: what its fills opened, and what a reading shows beyond that of its openings whose
 * outcome is not known yet, less what exits have closed of these already. RISK: an exit is not refused since an answer is
 * late.
 */
export function closableE8(position: PositionState, live: ReadonlySet<OrderState>): number {
  const own = ownE8(position);
  const { disputedE8, holder, quantityE8 } = position;
  const { owedE8 } = position.book.lots;
  // What exits closed of these is in the count of fills, and in the reading.
  const beyond = disputedE8 === null ? 0 : disputedE8 - (quantityE8 - owedE8);
  if (holder === null || position.isContested || beyond === 0 || beyond * own < 0) return own;
  let most = 0;
  for (const order of live)
    if (!order.reduceOnly && order.agent === holder && (order.side === 'buy') === beyond > 0 && isAtVenue(order))
      most += remainingE8(order);
  const left = owedE8 * beyond < 0 ? Math.max(0, most - Math.abs(owedE8)) : most;
  return own + Math.sign(beyond) * Math.min(Math.abs(beyond), left);
}

/** Signed lots that an agent holds. */
export function ownE8Of(position: PositionState | undefined, agent: string): number {
  return position === undefined || position.holder !== agent ? 0 : ownE8(position);
}

/** Lots of the holder that a side would close; `agent` is somebody else: 0. */
export function ownOn(position: PositionState | undefined, side: Side, agent: string | null): number {
  if (position === undefined || position.holder === null || position.holder !== agent) return 0;
  return closedBy(side, ownE8(position));
}
/** Lots of the whole position that a side would close, the larger of fills and readings. */
export function heldOn(position: PositionState | undefined, side: Side): number {
  if (position === undefined) return 0;
  return side === 'sell' ? longE8(position) : shortE8(position);
}
/** Lots that a side would close, of so many signed ones. */
export function closedBy(side: Side, quantityE8: number): number {
  return Math.max(0, side === 'sell' ? quantityE8 : -quantityE8);
}

/**
 * Lots on the side that `side` closes that are proven to be held, and that the last reading of the account lacks.
 * `added`: what that reading may contain beyond the proven ones.
 */
export function lackingE8(position: PositionState | undefined, side: Side, added = 0): number {
  if (position === undefined || position.disputedE8 === null) return 0;
  return Math.max(0, closedBy(side, position.quantityE8) + added - closedBy(side, position.disputedE8));
}

/** An order that opens, and that no record of the holder explains: a person's, an operator's, of another ledger. */
export function isNobodys(order: OrderState, { holder }: PositionState): boolean {
  return !order.reduceOnly && (order.agent === null || order.origin !== 'agent' || order.agent !== holder);
}

/** Lots or orders that open stand there, and are nobody's. */
export function isBesideNobodys(position: PositionState, live: ReadonlySet<OrderState>): boolean {
  if (unownedE8(position) !== 0) return true;
  for (const order of live) if (isNobodys(order, position)) return true;
  return false;
}

/** A permitted opening of an agent was recorded. */
export function holdBy(position: PositionState, agent: string): void {
  if (position.isContested || position.holder === agent) return;
  if (position.holder === null) {
    position.holder = agent;
    return;
  }
  position.isContested = true;
  position.holder = null;
}

/**
 * An opening of an agent rests though it counted as ended: the symbol was not free. Where another agent holds it by now, or
 * where nobody's lots stand, the order is nobody's. (What has filled holds by its lots.)
 */
export function holdAgain(position: PositionState, { agent, origin, reduceOnly }: OrderState): void {
  if (position.holder !== null || position.isContested || position.quantityE8 !== 0) return;
  if (!reduceOnly && origin === 'agent') position.holder = agent;
}

/**
 * The symbol may have become free. `live`: its orders that can still fill; those of its holder, openings and exits,
 * keep it.
 */
export function freeIfFlat(position: PositionState, live: ReadonlySet<OrderState>, tMs: number): void {
  if (position.holder === null && !position.isContested && position.releases.length === 0) return;
  if (position.quantityE8 !== 0 || (position.disputedE8 ?? 0) !== 0 || position.doubt !== null) return;
  for (const order of live) {
    if (order.origin !== 'agent' || order.agent === null) continue;
    if (position.isContested || order.agent === position.holder) return;
  }
  position.holder = null;
  position.isContested = false;
  position.releases = position.releases.flatMap((release) => {
    const untilMs = release.untilMs ?? tMs + release.forMs;
    return tMs < untilMs ? [{ ...release, untilMs }] : [];
  });
}

/** Whatever is held is an agent's from here on, by an operator's word; or nobody's (null). */
export function giveTo(position: PositionState, gift: Gift): void {
  position.holder = gift.owner;
  position.isContested = false;
  position.releases = position.releases.filter(({ agent }) => agent !== gift.owner);
  giveLots(position, gift);
}
/** An operator takes it from its holder, once it is free. */
export function releaseFrom(position: PositionState, forMs: number): void {
  const { holder, releases } = position;
  if (holder === null) return;
  position.releases = [...releases.filter(({ agent }) => agent !== holder), { agent: holder, forMs, untilMs: null }];
}
/** Why an agent must not open there by a release: it stands. */
export function isReleasedFrom({ releases }: PositionState, agent: string, tMs: number): boolean {
  return releases.some((each) => each.agent === agent && (each.untilMs === null || tMs < each.untilMs));
}

/** What live orders may have filled without our knowing it yet; unsent slices cannot. */
export function possibleFills(orders: Iterable<OrderState>): PossibleFills {
  let unproven = false;
  let buyE8 = 0;
  let sellE8 = 0;
  let buysAll = false;
  let sellsAll = false;
  for (const order of orders) {
    if (isPlanned(order)) continue;
    if (!isResting(order)) unproven = true;
    const quantityE8 = Math.max(order.quantityE8, order.amend?.quantityE8 ?? 0) - order.executedE8;
    if (order.side === 'buy') buyE8 += quantityE8;
    else sellE8 += quantityE8;
    // Ours closes the position as it is when it fires; a foreign one without a quantity does so too.
    if (!order.protective && !(order.reduceOnly && order.quantityE8 === 0)) continue;
    if (order.side === 'buy') buysAll = true;
    else sellsAll = true;
  }
  return { unproven, buyE8, sellE8, buysAll, sellsAll };
}
