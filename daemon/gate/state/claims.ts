import type { Origin, Side } from '../../core/request.ts';
import type { DecisionEvent, ExitCause, ExitEnd, ExitTargetEvent, OrderEvent, OrderIntentEvent } from '../events.ts';
import { findPlaces, KEEP_ENDED_MS, type PlacesByRow } from './ended-orders.ts';
import { neverRests } from './evidence.ts';
import { remainingLots } from './exposure.ts';
import { keeps } from './keep.ts';
import { isTerminal, type OrderState } from './orders.ts';
import type { Redate } from './redate.ts';
import type { SettledOrders } from './settled-orders.ts';

/** Reason of a cancel that only makes room for another exit: the claim rests again as soon as there is room. */
export const MAKES_ROOM = 'makes room for an exit';
/** The same in records of before. */
const BEYOND_SHARE = "beyond what is left of its agent's share";
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
  readonly openedAtMs: number;
  /** The order that its decision planned: sent at once, or waiting. */
  readonly first: OrderState;
  /** It closes now, or it rests at its own price. */
  wants: 'now' | 'rest';
  askedLots: number;
  /** Its orders, oldest first. */
  orders: OrderState[];
  /** Of these, the ones that the gate itself asked back. */
  gaveWay: OrderState[];
  /** The last rung that was decided for it; -1: none. */
  rung: number;
  /** Its caller, or an operator, wants it gone. */
  isCanceled: boolean;
  /** What it had closed by its end, where a record says so; else its orders tell. */
  filledLots: number | null;
  end: { readonly reason: ExitEnd; readonly detail: string; readonly atMs: number } | null;
}

/** What a claim asks for, before a record says so. */
export type AskedClaim = Omit<Claim, 'first'>;

/** Lots that it has closed. */
export function closedLots({ filledLots, orders }: Pick<Claim, 'filledLots' | 'orders'>): number {
  let lots = 0;
  for (const { executedLots } of orders) lots += executedLots;
  return Math.max(lots, filledLots ?? 0);
}
/** Lots that its orders may still close. */
export function onWayLots(
  { orders }: Pick<Claim, 'orders'>,
  isCounted: (order: OrderState) => boolean = () => true,
): number {
  let lots = 0;
  for (const order of orders) if (mayFill(order) && isCounted(order)) lots += remainingLots(order);
  return lots;
}
/** An order of it may still fill. */
export function isLive({ orders }: Pick<Claim, 'orders'>): boolean {
  return orders.some(mayFill);
}
function mayFill({ status }: OrderState): boolean {
  return status !== 'pending_send' && !isTerminal(status);
}
/** The venue has not shown the order's outcome. */
export function isUnproven({ status }: OrderState): boolean {
  return status === 'unknown' || status === 'lost';
}
/** What became of it perhaps nobody will ever tell; at the venue it is not. */
export function isLostForGood(order: OrderState): boolean {
  return order.status === 'lost' && neverRests(order);
}

interface At {
  readonly seq: number;
  readonly atMs: number;
}

/** Claims, folded from events alone, so that a restart continues them. */
export class Claims {
  #all = new Map<string, Claim>();
  /** In the order in which they were asked for. */
  #open = new Set<Claim>();
  #byOrder = new Map<OrderState, Claim>();
  /** A number is that of the settled row whose claim it is. */
  #ended: (Claim | number)[] = [];
  #endedAtMs: number[] = [];
  readonly #settled: SettledOrders;
  /** Ended by what the venue showed, and not by a record of their own: for who tells of them. Not kept. */
  readonly justEnded: Claim[] = [];

  static {
    keeps(
      Claims,
      (view) => ({
        all: view.#all,
        open: view.#open,
        byOrder: view.#byOrder,
        ended: view.#ended,
        endedAtMs: view.#endedAtMs,
        settled: view.#settled,
      }),
      (kept) => {
        const made = new Claims(kept.settled);
        made.#all = kept.all;
        made.#open = kept.open;
        made.#byOrder = kept.byOrder;
        made.#ended = kept.ended;
        made.#endedAtMs = kept.endedAtMs;
        return made;
      },
    );
  }

  constructor(settled: SettledOrders) {
    this.#settled = settled;
  }

  /** Oldest first. */
  get open(): ReadonlySet<Claim> {
    return this.#open;
  }
  /** Of one that is settled, a frozen copy. */
  find(decisionId: string): Claim | null {
    const held = this.#all.get(decisionId);
    if (held !== undefined || this.#settled.isEmpty) return held ?? null;
    const row = this.#settled.find('decision', decisionId);
    return row === null || !this.#settled.hasClaim(row) ? null : this.#settled.read(row).claim;
  }
  /** One that is not settled. */
  held(decisionId: string): Claim | null {
    return this.#all.get(decisionId) ?? null;
  }
  of(order: OrderState): Claim | null {
    return this.#byOrder.get(order) ?? null;
  }
  /** It goes on. */
  isOpen(decisionId: string | null): boolean {
    const claim = this.#all.get(decisionId ?? '');
    return claim !== undefined && claim.end === null;
  }

  // --- records -------------------------------------------------------------------------------------------------------

  /** A decision: an exit that rests, or a further order of a claim; or a cancel of some. */
  applyDecision(event: DecisionEvent, orderOf: (id: string) => OrderState | undefined, around: Around): void {
    const { decision, orders, parent_decision_id: parentId, request } = event;
    const [planned] = orders;
    const order = planned === undefined ? undefined : orderOf(planned.client_order_id);
    if (decision.kind === 'slice') {
      const claim = this.#all.get(parentId ?? '');
      if (order === undefined || claim === undefined || !order.reduceOnly) return;
      claim.rung = Math.max(claim.rung, event.context.exit_rung);
      this.#own(claim, order);
      return;
    }
    if (decision.kind === 'tool' && order !== undefined && isOfRestingKind(order) && request.origin !== 'gate')
      this.#begin({ ...claimOf(event, order), ...around.at });
    if (decision.kind === 'tool' && request.intent === 'cancel' && isHeard(event))
      for (const claim of this.meantBy(request, around.at.seq, around.isHalted)) claim.isCanceled = true;
  }

  apply(event: ExitTargetEvent, orderOf: (id: string) => OrderState | undefined, at: At): void {
    const known = this.#all.get(event.decision_id);
    if (event.action === 'ended') {
      if (known === undefined || known.end !== null) return;
      known.filledLots = event.filled_lots;
      if (event.reason === 'rests') known.wants = 'rest';
      else this.#end(known, event.reason, event.detail, at.atMs);
      return;
    }
    const first = orderOf(event.client_order_id);
    if (first === undefined) return;
    if (known !== undefined) this.#forget(known);
    const { agent, cause, decision_id: decisionId, is_whole: isWhole, lots, origin, side, symbol } = event;
    const claim = this.#begin({
      agent,
      cause,
      decisionId,
      isWhole,
      askedLots: lots,
      origin,
      side,
      symbol,
      first,
      ...at,
    });
    claim.wants = 'now';
    if (isWhole)
      for (const other of this.#open) if (isBefore(other, claim)) claim.rung = Math.max(claim.rung, other.rung);
  }

  /** A cancel was requested, or it became known what became of an amend. */
  noteIntent(order: OrderState, event: OrderIntentEvent, seq: number): void {
    const claim = this.#byOrder.get(order);
    if (claim === undefined || claim.end !== null) return;
    const { action, reason } = event;
    if (action === 'cancel' && (reason === MAKES_ROOM || reason === BEYOND_SHARE)) claim.gaveWay.push(order);
    if (action === 'cancel' && reason === GIVEN_AWAY) claim.isCanceled = true;
    if (action !== 'amended') return;
    let done = 0;
    for (const other of claim.orders) if (other !== order) done += other.executedLots;
    claim.askedLots = done + order.lots;
    claim.seq = seq;
    this.#open.delete(claim);
    this.#open.add(claim);
  }

  /** Something became known of an order. */
  noteOrder(order: OrderState, event: OrderEvent, atMs: number): void {
    const claim = this.#byOrder.get(order);
    if (claim === undefined || claim.end !== null || claim.wants !== 'rest') return;
    if (!isTerminal(order.status) || claim.orders.some(({ status }) => !isTerminal(status))) return;
    const ending = endOfRest(claim, order, event);
    if (ending === null) return;
    this.#end(claim, ending.reason, ending.detail, atMs);
    if (ending.isTold) this.justEnded.push(claim);
  }

  #begin(asked: Asked): Claim {
    const { agent, askedLots, atMs: openedAtMs, cause, decisionId, first, isWhole, origin, seq, side, symbol } = asked;
    const claim: Claim = {
      decisionId,
      seq,
      agent,
      origin,
      cause,
      symbol,
      side,
      isWhole,
      openedAtMs,
      first,
      wants: 'rest',
      askedLots,
      orders: [],
      gaveWay: [],
      rung: -1,
      isCanceled: false,
      filledLots: null,
      end: null,
    };
    this.#all.set(decisionId, claim);
    this.#open.add(claim);
    this.#own(claim, first);
    if (first.status !== 'pending_send') claim.rung = 0;
    return claim;
  }
  #own(claim: Claim, order: OrderState): void {
    if (claim.orders.includes(order)) return;
    claim.orders.push(order);
    this.#byOrder.set(order, claim);
  }
  #end(claim: Claim, reason: ExitEnd, detail: string, atMs: number): void {
    claim.end = { reason, detail, atMs };
    this.#open.delete(claim);
    this.#ended.push(claim);
    this.#endedAtMs.push(atMs);
    // It stays for days, without room for more.
    claim.orders = claim.orders.slice();
  }
  #forget(claim: Claim): void {
    this.#all.delete(claim.decisionId);
    this.#open.delete(claim);
    for (const order of claim.orders) this.#byOrder.delete(order);
  }

  /**
   * What a cancel takes back: by the id of one of its orders, or all of its caller's (`cancel_all`), of which in
   * `halted` an agent's goes on. Nothing that was asked for since record `seq`.
   */
  meantBy(request: CancelRequest, seq: number, isHalted: Around['isHalted']): readonly Claim[] {
    const { agent, client_order_id: id, origin, symbol } = request;
    const isOperators = origin === 'operator';
    return [...this.#open].filter((claim) => {
      if (claim.origin === 'gate' || claim.seq > seq) return false;
      if (!isOperators && (claim.origin !== 'agent' || claim.agent !== agent)) return false;
      if (id !== null) return claim.orders.some(({ clientOrderId }) => clientOrderId === id);
      if (symbol !== null && symbol !== claim.symbol) return false;
      return isOperators || !isHalted(claim.symbol, claim.agent);
    });
  }

  /**
   * When the gate's last exit of a symbol, or one of its orders, ended or last changed; and when an order of it did that
   * closed something: what followed that one and closed nothing changed nothing that a reading could show.
   */
  lastGateExit(symbol: string): { readonly endedAtMs: number; readonly filledAtMs: number } {
    let endedAtMs = Number.NEGATIVE_INFINITY;
    let filledAtMs = Number.NEGATIVE_INFINITY;
    for (const { end, orders, origin, symbol: where } of this.#all.values()) {
      if (origin !== 'gate' || where !== symbol) continue;
      endedAtMs = Math.max(endedAtMs, end?.atMs ?? endedAtMs);
      for (const { executedLots, updatedAtMs } of orders) {
        endedAtMs = Math.max(endedAtMs, updatedAtMs);
        if (executedLots > 0) filledAtMs = Math.max(filledAtMs, updatedAtMs);
      }
    }
    return { endedAtMs, filledAtMs };
  }

  // --- what is old ---------------------------------------------------------------------------------------------------

  /** It has ended, and stands in a row from now on. */
  putAway(claim: Claim, row: number): void {
    this.#all.delete(claim.decisionId);
    for (const order of claim.orders) this.#byOrder.delete(order);
    // It ended a short while ago.
    this.#ended[this.#ended.lastIndexOf(claim)] = row;
  }
  bringBack(row: number, claim: Claim, places?: PlacesByRow): void {
    this.#all.set(claim.decisionId, claim);
    for (const order of claim.orders) this.#byOrder.set(order, claim);
    const place = places?.get(row)?.at(-1) ?? this.#ended.lastIndexOf(row);
    this.#ended[place] = claim;
  }
  placesByRow(): PlacesByRow {
    return findPlaces(this.#ended);
  }
  /** Ended claims go when their orders do. */
  dropOld(nowMs: number): void {
    while (this.#ended.length > 0 && this.#endedAtMs[0]! <= nowMs - KEEP_ENDED_MS) {
      const oldest = this.#ended.shift()!;
      this.#endedAtMs.shift();
      if (typeof oldest === 'number') {
        this.#settled.dropClaim(oldest);
        continue;
      }
      if (this.#all.get(oldest.decisionId) === oldest) this.#all.delete(oldest.decisionId);
      for (const order of oldest.orders) this.#byOrder.delete(order);
    }
  }

  redate(redate: Redate): void {
    for (const claim of this.#all.values()) {
      const opened: { openedAtMs: number } = claim;
      opened.openedAtMs = redate(opened.openedAtMs);
      if (claim.end !== null) claim.end = { ...claim.end, atMs: redate(claim.end.atMs) };
    }
    this.#endedAtMs = this.#endedAtMs.map(redate);
  }
  /** The unit of quantities has changed. */
  rescale(symbol: string, toNew: (lots: number) => number): void {
    for (const claim of this.#all.values()) {
      if (claim.symbol !== symbol) continue;
      claim.askedLots = toNew(claim.askedLots);
      if (claim.filledLots !== null) claim.filledLots = toNew(claim.filledLots);
    }
  }
}

type CancelRequest = Pick<DecisionEvent['request'], 'agent' | 'client_order_id' | 'origin' | 'symbol'>;
interface Around {
  readonly at: At;
  readonly isHalted: (symbol: string, agent: string) => boolean;
}
type Asked = Pick<
  Claim,
  'agent' | 'askedLots' | 'cause' | 'decisionId' | 'first' | 'isWhole' | 'origin' | 'side' | 'symbol'
> &
  At;

/** A caller's exit at its own price. */
function claimOf({ agent, decision, request }: DecisionEvent, order: OrderState): Omit<Asked, keyof At> {
  return {
    agent,
    cause: request.origin === 'agent' ? 'agent' : 'operator',
    decisionId: decision.decision_id,
    isWhole: false,
    askedLots: order.lots,
    origin: request.origin,
    side: order.side,
    symbol: order.symbol,
    first: order,
  };
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

/** One that is refused takes nothing back; that nothing of it is at the venue says no more than the claim does. */
function isHeard({ decision }: DecisionEvent): boolean {
  return decision.decision !== 'BLOCK' || decision.reasons.every(({ code }) => code === 'ORDER_NOT_OPEN');
}

/** An exit with a price of its own. */
function isOfRestingKind({ decisionId, protective, reduceOnly, timeInForce }: OrderState): boolean {
  return reduceOnly && !protective && timeInForce === 'GTC' && decisionId !== null;
}

/** It never reached the venue: nobody wanted that. */
export function wasNotPlaced({ executedLots, status, venueOrderId }: OrderState): boolean {
  if (executedLots > 0) return false;
  return status === 'not_placed' || status === 'rejected' || (status === 'canceled' && venueOrderId === null);
}

/** How a claim that rests has ended with its last order; null: it has not, and rests again. */
function endOfRest(
  claim: Claim,
  order: OrderState,
  { evidence }: OrderEvent,
): { readonly reason: ExitEnd; readonly detail: string; readonly isTold: boolean } | null {
  if (closedLots(claim) >= claim.askedLots) return { reason: 'filled', detail: '', isTold: false };
  if (claim.isCanceled) return { reason: 'canceled', detail: order.detail ?? 'canceled by its caller', isTold: false };
  if (evidence?.kind === 'operator' || (evidence?.kind === 'unsent' && order.sentAtMs === null))
    return { reason: 'canceled', detail: order.detail ?? 'canceled', isTold: false };
  if (claim.gaveWay.includes(order) || wasNotPlaced(order)) return null;
  return { reason: 'canceled', detail: `it was ended at the venue (${order.status})`, isTold: true };
}
