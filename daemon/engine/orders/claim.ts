import type { ExecutionRequest, Origin, Side } from '../../core/request.ts';
import type { ExitEnd, OrderEvent } from '../records/decisions.ts';
import type { ExitCause } from '../tables/rank.ts';
import { isAtVenue, isCanceled, isLost, isRefused, neverRests } from '../tables/status.ts';
import { type OrderState, remainingE8 } from './order.ts';

/** Reason of a cancel that only makes room for another exit: the claim rests again as soon as there is room. */
export const MAKES_ROOM = 'makes room for an exit';
/** The same where it gives its place to one that the venue's limit on open orders was in the way of. */
export const GIVES_PLACE = 'gives its place to an exit: the venue takes no more open orders';
/** As the first, in records of before. */
export const BEYOND_SHARE = "beyond what is left of its agent's share";
/** Reason of a cancel by an operator who gives the symbol to another agent: the claim is over with it. */
export const GIVEN_AWAY = 'an operator gives the symbol to another agent';
/** What the execution of a claim says that ended because nothing is held any more. */
export const NOTHING_LEFT = 'nothing is left of what it was to close';

/**
 * A right to have held lots closed (DESIGN 12.2): whose, how many, now or at a price. After it was asked for, nothing
 * in it changes but its cancel and its end; an amended exit is a new claim under the same decision. Each claim sends its
 * own orders. What it has closed, and where it stands on the ladder, follows from them. Sizes in lots.
 */
export interface Claim {
  readonly decisionId: string;
  /** Seq of the record that asked for it, or that amended it. */
  seq: number;
  /** The caller; of an operator's and the gate's, whoever asked. */
  readonly agent: string;
  readonly origin: Origin;
  readonly cause: ExitCause;
  readonly symbol: string;
  readonly side: Side;
  /** It closes all that its caller may close, including what earlier openings still fill. */
  readonly isWhole: boolean;
  /** By `t`, as its end is. */
  readonly openedAtMs: number;
  /** The order that its decision planned: sent at once, or waiting. */
  readonly first: OrderState;
  /** It closes now, or it rests at its own price. */
  wants: 'now' | 'rest';
  askedE8: number;
  /** Its orders, oldest first. */
  orders: OrderState[];
  /** Of these, the ones that the gate itself asked back. */
  gaveWay: OrderState[];
  /** The last rung that was decided for it; -1: none. */
  rung: number;
  /** Its caller, or an operator, wants it gone. */
  isCanceled: boolean;
  /** A full close of its caller has taken its place while it was to close now. */
  isReplaced: boolean;
  /** What it had closed by its end, where a record says so; else its orders tell. */
  filledE8: number | null;
  end: { readonly reason: ExitEnd; readonly detail: string; readonly atMs: number } | null;
}

/** What a claim asks for, before a record says so. */
export type AskedClaim = Omit<Claim, 'first'>;

/** Lots that it has closed. */
export function closedE8({ filledE8, orders }: Pick<Claim, 'filledE8' | 'orders'>): number {
  let quantityE8 = 0;
  for (const { executedE8 } of orders) quantityE8 += executedE8;
  return Math.max(quantityE8, filledE8 ?? 0);
}
/** Lots that its orders may still close. */
export function onWayE8(
  { orders }: Pick<Claim, 'orders'>,
  isCounted: (order: OrderState) => boolean = () => true,
): number {
  let quantityE8 = 0;
  for (const order of orders) if (isAtVenue(order) && isCounted(order)) quantityE8 += remainingE8(order);
  return quantityE8;
}
/** An order of it may still fill. */
export function isLive({ orders }: Pick<Claim, 'orders'>): boolean {
  return orders.some(isAtVenue);
}
/** What became of it perhaps nobody will ever tell; at the venue it is not. */
export function isLostForGood(order: OrderState): boolean {
  return isLost(order) && neverRests(order);
}

/** A full close takes the place of its caller's older claims that close now. */
export function isBefore(older: AskedClaim, whole: AskedClaim): boolean {
  return (
    older !== whole &&
    whole.isWhole &&
    older.wants === 'now' &&
    older.origin === whole.origin &&
    older.agent === whole.agent &&
    older.symbol === whole.symbol &&
    older.side === whole.side &&
    older.seq < whole.seq
  );
}

export type IsHalted = (symbol: string, agent: string) => boolean;
/**
 * What a cancel takes back: by the id of one of its orders, or all of its caller's (`cancel_all`), of which in
 * `halted` an agent's goes on. Nothing that was asked for since record `seq`.
 */
export function meantBy(
  open: Iterable<Claim>,
  request: Pick<ExecutionRequest, 'agent' | 'client_order_id' | 'origin' | 'symbol'>,
  seq: number,
  isHalted: IsHalted,
): readonly Claim[] {
  const { agent, client_order_id: id, origin, symbol } = request;
  const isOperators = origin === 'operator';
  return [...open].filter((claim) => {
    if (claim.origin === 'gate' || claim.seq > seq) return false;
    if (!isOperators && (claim.origin !== 'agent' || claim.agent !== agent)) return false;
    if (id !== null) return claim.orders.some(({ clientOrderId }) => clientOrderId === id);
    if (symbol !== null && symbol !== claim.symbol) return false;
    return isOperators || !isHalted(claim.symbol, claim.agent);
  });
}

/** It never reached the venue: nobody wanted that. */
export function wasNotPlaced(order: OrderState): boolean {
  if (order.executedE8 > 0) return false;
  return isRefused(order) || (isCanceled(order) && order.venueOrderId === null);
}

/** How a claim that rests has ended with its last order; null: it has not, and rests again. */
export function endOfRest(
  claim: Claim,
  order: OrderState,
  { evidence }: OrderEvent,
  wasDue: () => boolean,
): { readonly reason: ExitEnd; readonly detail: string; readonly isReported: boolean } | null {
  if (closedE8(claim) >= claim.askedE8) return { reason: 'filled', detail: '', isReported: false };
  if (claim.isCanceled)
    return { reason: 'canceled', detail: order.detail ?? 'canceled by its caller', isReported: false };
  if (evidence?.kind === 'operator' || (evidence?.kind === 'unsent' && order.sentAtMs === null))
    return { reason: 'canceled', detail: order.detail ?? 'canceled', isReported: false };
  if (wasDue() || claim.gaveWay.includes(order) || wasNotPlaced(order)) return null;
  return { reason: 'canceled', detail: `it was ended at the venue (${order.status})`, isReported: true };
}
