// biome-ignore-all lint/style/noExcessiveLinesPerFile: one view, and when what is old leaves it

import type { DecisionEvent, ExitEnd, ExitTargetEvent, OrderEvent, OrderIntentEvent } from '../records/decisions.ts';
import { isPlanned, isTerminal } from '../tables/status.ts';
import {
  BEYOND_SHARE,
  type Claim,
  closedE8,
  endOfRest,
  GIVEN_AWAY,
  GIVES_PLACE,
  type IsHalted,
  isBefore,
  MAKES_ROOM,
  meantBy,
} from './claim.ts';
import type { OrderState } from './order.ts';

export {
  type AskedClaim,
  type Claim,
  closedE8,
  GIVES_PLACE,
  isLive,
  isLostForGood,
  MAKES_ROOM,
  meantBy,
  NOTHING_LEFT,
  onWayE8,
} from './claim.ts';

/** Reasons of cancels after which a claim rests again. */
const GIVES_WAY: ReadonlySet<string> = new Set([MAKES_ROOM, GIVES_PLACE, BEYOND_SHARE]);

/** What its orders may still close as the venue has them. */
function restingE8({ orders }: Claim): number {
  let quantityE8 = 0;
  for (const order of orders) if (!isTerminal(order)) quantityE8 += order.quantityE8 - order.executedE8;
  return quantityE8;
}

interface At {
  readonly seq: number;
  readonly atMs: number;
}

/** Claims, folded from events alone, so that a restart continues them. */
export class Claims {
  private readonly all = new Map<string, Claim>();
  /** In the order in which they were asked for. */
  readonly open = new Set<Claim>();
  private readonly byOrder = new Map<OrderState, Claim>();
  readonly #justEnded: Claim[] = [];

  /** Ended by what the venue showed, and not by a record of their own: for who tells of them. */
  get justEnded(): Claim[] {
    return this.#justEnded;
  }
  find(decisionId: string): Claim | null {
    return this.all.get(decisionId) ?? null;
  }
  /** It goes on. */
  isOpen(decisionId: string | null): boolean {
    const claim = this.all.get(decisionId ?? '');
    return claim !== undefined && claim.end === null;
  }
  of(order: OrderState): Claim | null {
    return this.byOrder.get(order) ?? null;
  }

  // --- records -------------------------------------------------------------------------------------------------------

  /** A decision: an exit that rests, or a further order of a claim; or a cancel of some. */
  applyDecision(event: DecisionEvent, orderOf: (id: string) => OrderState | undefined, around: Around): void {
    const { decision, orders, parent_decision_id: parentId, request } = event;
    const [planned] = orders;
    const order = planned === undefined ? undefined : orderOf(planned.client_order_id);
    if (decision.kind === 'slice') {
      const claim = this.all.get(parentId ?? '');
      if (order === undefined || claim === undefined || !order.reduceOnly) return;
      claim.rung = Math.max(claim.rung, event.context.exit_rung);
      this.#own(claim, order);
      return;
    }
    if (decision.kind === 'tool' && order !== undefined && isOfRestingKind(order) && request.origin !== 'gate')
      this.#begin({ ...claimOf(event, order), ...around.at });
    if (decision.kind === 'tool' && isCancelHeard(event))
      for (const claim of meantBy(this.open, request, around.at.seq, around.isHalted)) claim.isCanceled = true;
  }

  apply(event: ExitTargetEvent, orderOf: (id: string) => OrderState | undefined, at: At): void {
    const known = this.all.get(event.decision_id);
    if (event.action === 'ended') {
      if (known === undefined || known.end !== null) return;
      known.filledE8 = event.filled_e8;
      if (event.reason === 'rests') {
        known.wants = 'rest';
        // What rests is what it is to close from now on: a full close has taken in what earlier openings have filled meanwhile.
        // What an amend asks for beyond that counts once it is proven.
        known.askedE8 = Math.max(known.askedE8, closedE8(known) + restingE8(known));
      } else this.#end(known, event.reason, event.detail, at.atMs);
      return;
    }
    const first = orderOf(event.client_order_id);
    if (first === undefined) return;
    if (known !== undefined) this.#forget(known);
    const {
      agent,
      cause,
      decision_id: decisionId,
      is_whole: isWhole,
      quantity_e8: quantityE8,
      origin,
      side,
      symbol,
    } = event;
    const claim = this.#begin({
      agent,
      cause,
      decisionId,
      isWhole,
      askedE8: quantityE8,
      origin,
      side,
      symbol,
      first,
      ...at,
    });
    claim.wants = 'now';
    if (isWhole)
      for (const other of this.open) {
        if (!isBefore(other, claim)) continue;
        claim.rung = Math.max(claim.rung, other.rung);
        other.isReplaced = true;
      }
  }

  /** A cancel was requested, or it became known what became of an amend. */
  noteIntent(order: OrderState, event: OrderIntentEvent, seq: number): void {
    const claim = this.byOrder.get(order);
    if (claim === undefined || claim.end !== null) return;
    const { action, reason } = event;
    if (action === 'cancel' && GIVES_WAY.has(reason)) claim.gaveWay.push(order);
    if (action === 'cancel' && reason === GIVEN_AWAY) claim.isCanceled = true;
    if (action !== 'amended') return;
    let done = 0;
    for (const other of claim.orders) if (other !== order) done += other.executedE8;
    claim.askedE8 = done + order.quantityE8;
    claim.seq = seq;
    this.open.delete(claim);
    this.open.add(claim);
  }

  /** Something became known of an order. `wasDue`: the dead-man countdown of its symbol may have canceled it. */
  noteOrder(order: OrderState, event: OrderEvent, atMs: number, wasDue: () => boolean): void {
    const claim = this.byOrder.get(order);
    if (claim === undefined || claim.end !== null || claim.wants !== 'rest') return;
    if (!isTerminal(order) || !claim.orders.every(isTerminal)) return;
    const ending = endOfRest(claim, order, event, wasDue);
    if (ending === null) return;
    this.#end(claim, ending.reason, ending.detail, atMs);
    if (ending.isReported) this.justEnded.push(claim);
  }

  #begin(asked: Asked): Claim {
    const { agent, askedE8, atMs: openedAtMs, cause, decisionId, first, isWhole, origin, seq, side, symbol } = asked;
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
      askedE8,
      orders: [],
      gaveWay: [],
      rung: -1,
      isCanceled: false,
      isReplaced: false,
      filledE8: null,
      end: null,
    };
    this.all.set(decisionId, claim);
    this.open.add(claim);
    this.#own(claim, first);
    if (!isPlanned(first)) claim.rung = 0;
    return claim;
  }
  #own(claim: Claim, order: OrderState): void {
    if (claim.orders.includes(order)) return;
    claim.orders.push(order);
    this.byOrder.set(order, claim);
  }
  #end(claim: Claim, reason: ExitEnd, detail: string, atMs: number): void {
    claim.end = { reason, detail, atMs };
    this.open.delete(claim);
  }
  #forget(claim: Claim): void {
    this.all.delete(claim.decisionId);
    this.open.delete(claim);
    for (const order of claim.orders) this.byOrder.delete(order);
  }

  /**
   * When the gate's last exit of a symbol, or one of its orders, ended or last changed; and when an order of it did that
   * closed something: what followed that one and closed nothing changed nothing that a reading could show.
   */
  lastGateExit(symbol: string): { readonly endedAtMs: number; readonly filledAtMs: number } {
    let endedAtMs = Number.NEGATIVE_INFINITY;
    let filledAtMs = Number.NEGATIVE_INFINITY;
    for (const { end, orders, origin, symbol: where } of this.all.values()) {
      if (origin !== 'gate' || where !== symbol) continue;
      endedAtMs = Math.max(endedAtMs, end?.atMs ?? endedAtMs);
      for (const { executedE8, updatedAtMs } of orders) {
        endedAtMs = Math.max(endedAtMs, updatedAtMs);
        if (executedE8 > 0) filledAtMs = Math.max(filledAtMs, updatedAtMs);
      }
    }
    return { endedAtMs, filledAtMs };
  }

  // --- what is old ---------------------------------------------------------------------------------------------------

  /** Forgets an ended claim, with its orders. */
  take(decisionId: string): Claim | null {
    const claim = this.all.get(decisionId);
    if (claim !== undefined) this.#forget(claim);
    return claim ?? null;
  }
}

interface Around {
  readonly at: At;
  readonly isHalted: IsHalted;
}
type Asked = Pick<
  Claim,
  'agent' | 'askedE8' | 'cause' | 'decisionId' | 'first' | 'isWhole' | 'origin' | 'side' | 'symbol'
> &
  At;

/** A caller's exit at its own price. */
function claimOf({ agent, decision, request }: DecisionEvent, order: OrderState): Omit<Asked, keyof At> {
  return {
    agent,
    cause: request.origin === 'agent' ? 'agent' : 'operator',
    decisionId: decision.decision_id,
    isWhole: false,
    askedE8: order.quantityE8,
    origin: request.origin,
    side: order.side,
    symbol: order.symbol,
    first: order,
  };
}

/**
 * A cancel, or an amend to no more than is filled. One that is refused takes nothing back; that nothing of it is at the
 * venue says no more than the claim does.
 */
function isCancelHeard({ decision, request }: DecisionEvent): boolean {
  if (decision.effective?.action === 'cancel') return true;
  return request.intent === 'cancel' && decision.reasons.every(({ code }) => code === 'ORDER_NOT_OPEN');
}

/** An exit with a price of its own. */
function isOfRestingKind({ decisionId, protective, reduceOnly, timeInForce }: OrderState): boolean {
  return reduceOnly && !protective && timeInForce === 'GTC' && decisionId !== null;
}
