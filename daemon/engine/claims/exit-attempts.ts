import { type Claim, GIVES_PLACE, isLive, isLostForGood, MAKES_ROOM } from '../orders/claims.ts';
import { liveOrders, type OrderState } from '../orders/orders.ts';
import { wasRefusedFor } from '../orders/recorded-cause.ts';
import type { ExitEnd } from '../records/decisions.ts';
import type { Rejection } from '../records/venue.ts';
import {
  isCanceled,
  isFilled,
  isNotPlaced,
  isRefused,
  isResting,
  isTerminal,
  isUnproven,
  neverRests,
} from '../tables/status.ts';
import { isBounded, RESUME_MS } from './claim-ends.ts';
import type { ExitHands } from './exit-hands.ts';
import { closingOf, findPlace, isMakingRoom, lacksRoom } from './exit-sizes.ts';
import { Tries } from './tries.ts';

/** After so many refusals for what rests beside it, an exit asks for the cancel of what no claim has as well. */
const REFUSED_FOR_OTHERS = 3;
/** After so long an order that was asked for its place is taken not to go, wall ms. */
const PLACE_GIVEN_MS = 5_000;

/** A place among the open orders that the venue takes of a symbol, for its exits that lack one. It takes one order. */
interface Place {
  /** Exits that were refused for want of it, in their order, until it has helped them, or they are over. */
  readonly waiting: Set<Claim>;
  /** Who has it, or is asked to give it: the next exit goes out once that has ended. Null: nobody does. */
  order: OrderState | null;
  askedAt: number;
  /** Each that was asked back. */
  readonly asked: Set<OrderState>;
}

/** Orders of claims that are under way, and what they met at the venue: when the next one may follow. */
export class ExitAttempts {
  readonly #hands: ExitHands;
  readonly #end: (claim: Claim, reason: ExitEnd, detail: string) => void;
  readonly #tries = new Map<string, Tries>();
  /** By symbol. */
  readonly #places = new Map<string, Place>();
  /** Orders whose end has not been taken in yet, with how the venue refused them. */
  readonly #working = new Map<OrderState, Rejection | null>();
  /** Of these, what they meet at the venue is not known yet. */
  readonly #carried = new Set<OrderState>();

  constructor(hands: ExitHands, end: (claim: Claim, reason: ExitEnd, detail: string) => void) {
    this.#hands = hands;
    this.#end = end;
  }

  get isIdle(): boolean {
    return this.#working.size === 0;
  }
  /** An order is being sent: nothing follows it before it is {@link take taken in}. */
  carry(order: OrderState): void {
    this.#working.set(order, null);
    this.#carried.add(order);
  }
  isCarried(order: OrderState): boolean {
    return this.#carried.has(order);
  }
  /** The venue refused an order that is being carried. */
  noteRefusal(order: OrderState, rejection: Rejection): void {
    this.#working.set(order, rejection);
  }
  /** What it met at the venue is known, as far as the answer told. */
  take(order: OrderState): void {
    this.#carried.delete(order);
  }
  /** Its orders of before a restart are under way. */
  follow({ orders }: Claim): void {
    for (const order of orders) if (!isTerminal(order)) this.#working.set(order, null);
  }

  known({ decisionId }: Claim): Tries | undefined {
    return this.#tries.get(decisionId);
  }
  of(claim: Claim): Tries {
    const known = this.known(claim);
    if (known !== undefined) return known;
    const tries = new Tries();
    this.#tries.set(claim.decisionId, tries);
    return tries;
  }
  /** It is over, or rests: then who waits for the place of its order asks for another. */
  forget(claim: Claim): void {
    this.#tries.delete(claim.decisionId);
    const place = this.#leavePlace(claim);
    const [next] = place?.waiting ?? [];
    if (place === undefined || next === undefined || place.order === null) return;
    if (!claim.orders.includes(place.order) || !isResting(place.order)) return;
    place.order = null;
    this.#makePlaceFor(next, this.of(next));
  }

  /**
   * There is a place for its next order. RISK: an order that never rests holds none once its answer is lost: what became of
   * it may never be told.
   */
  hasPlace(claim: Claim): boolean {
    const place = this.#places.get(claim.symbol);
    const order = place?.order ?? null;
    if (order === null || place?.waiting.has(claim) !== true) return false;
    return isTerminal(order) || (isUnproven(order) && neverRests(order));
  }
  /** Its order goes out: who waits for the place as well, waits for that order's end. */
  noteSent(claim: Claim, order: OrderState): void {
    const place = this.#places.get(claim.symbol);
    if (place === undefined || !this.hasPlace(claim)) return;
    place.order = order;
    place.askedAt = this.#hands.clock.wallMs();
  }

  takeEnds(): void {
    const { claims } = this.#hands.state;
    for (const [order, rejection] of this.#working) {
      if (this.#carried.has(order)) continue;
      const claim = claims.of(order);
      if (isTerminal(order)) {
        this.#working.delete(order);
        if (claim !== null && claim.end === null) this.#takeEnd(claim, order, rejection);
      } else if (claim?.origin === 'gate' && isLostForGood(order)) {
        // The gate sizes another one by what the account shows: both would close the same.
        this.#end(claim, 'lost', `what became of ${order.clientOrderId} is not known`);
      } else if (claim?.wants === 'rest' && isResting(order)) {
        this.#working.delete(order);
        this.of(claim).reset();
      }
    }
  }

  #takeEnd(claim: Claim, order: OrderState, rejection: Rejection | null): void {
    const tries = this.of(claim);
    const { clock, exits, state } = this.#hands;
    const now = clock.wallMs();
    const wasRefused = isRefused(order);
    if (!wasRefused || this.hasPlace(claim)) this.#leavePlace(claim);
    const isOutOfReach =
      wasRefusedFor(order, 'price_band') || (!wasRefused && order.venueOrderId !== null && order.executedE8 === 0);
    let mayGoOn = true;
    if (isOutOfReach && isBounded(claim) && claim.wants === 'now')
      tries.afterBounded(now, exits().step_ms, this.leftMs(claim) / clock.scale);
    else if (wasRefused) {
      const isCrowded = rejection?.cause === 'nothing_to_reduce';
      const isSparedForRoom = isCrowded && this.#isMakingRoom(claim) && !tries.isCrowdedFor(this.#resumeMs(), now);
      // RISK: one that never arrived was not refused. An exit that counted it would be lost where requests are.
      const isSpared = isNotPlaced(order) || isSparedForRoom;
      mayGoOn = tries.afterRefusal(rejection, now, clock.scale, isSpared);
      if (isCrowded) this.#makeRoomFor(claim, order, tries);
      if (rejection?.cause === 'order_limit') this.#makePlaceFor(claim, tries, order);
    } else if (isCanceled(order) && order.venueOrderId === null && !order.cancelRequested)
      mayGoOn = tries.afterRefusal(null, now, clock.scale);
    else if (claim.wants === 'rest') tries.reset();
    else if (isFilled(order)) mayGoOn = tries.afterPart();
    else if (order.venueOrderId !== null) tries.afterRung(now, exits().step_ms);
    if (mayGoOn || isLive(claim)) return;
    const isHeld = closingOf(state, claim.symbol, claim.side).all > 0;
    const why = wasRefused ? `the venue refused it: ${order.detail ?? 'no reason'}` : 'it went out in too many parts';
    if (isHeld) this.#end(claim, wasRefused ? 'rejected' : 'exhausted', why);
    tries.reset();
  }

  /** How much longer it goes on where its caller has bound it, domain ms. */
  leftMs({ openedAtMs }: Claim): number {
    const { clock, exits, state } = this.#hands;
    return openedAtMs + (exits().resume_ms ?? RESUME_MS) - state.time.atNow(clock.nowMs());
  }
  /** `exits.resume_ms`, wall ms. */
  #resumeMs(): number {
    const { clock, exits } = this.#hands;
    return (exits().resume_ms ?? RESUME_MS) / Math.max(1, clock.scale);
  }

  #lacksRoom({ side, symbol }: Claim, { quantityE8 }: OrderState): boolean {
    const closing = closingOf(this.#hands.state, symbol, side);
    // The lots that cover all of a position may be more than that.
    return lacksRoom(closing, Math.min(quantityE8, closing.all));
  }

  /** What was asked to make room for it is not proven gone. */
  #isMakingRoom({ side, symbol }: Claim): boolean {
    return isMakingRoom(closingOf(this.#hands.state, symbol, side));
  }

  /** The venue refused it for what rests beside it: it goes out again once that is gone; in the end what no claim has goes, too. */
  #makeRoomFor(claim: Claim, order: OrderState, tries: Tries): void {
    if (tries.crowded >= REFUSED_FOR_OTHERS)
      for (const other of liveOrders(this.#hands.state.orders, claim.symbol))
        if (
          this.#isUnclaimed(other) &&
          other.reduceOnly &&
          other.side === claim.side &&
          isResting(other) &&
          !other.cancelRequested
        )
          this.#hands.cancel(other, MAKES_ROOM);
    tries.awaitsRoom = this.#lacksRoom(claim, order);
  }

  /** No claim that goes on has it: somebody else's, or one of ours that is open after all. */
  #isUnclaimed(order: OrderState): boolean {
    const claim = this.#hands.state.claims.of(order);
    return order.foreign || (!order.protective && (claim === null || claim.end !== null));
  }

  /**
   * The venue takes no more open orders there. One at a time gives its place; what would rest waits, and takes nobody's. RISK:
   * a cancel that is refused, or never answered, gives none: after a while the next order is asked for its own.
   */
  #makePlaceFor(claim: Claim, tries: Tries, refused: OrderState | null = null): void {
    const { symbol, wants } = claim;
    tries.lacksPlace = true;
    if (wants === 'rest') return;
    const now = this.#hands.clock.wallMs();
    const place = this.#places.get(symbol) ?? { waiting: new Set(), order: null, askedAt: now, asked: new Set() };
    this.#places.set(symbol, place);
    place.waiting.add(claim);
    const { order: given } = place;
    // What was given and took its order did not help.
    if (given !== null && given !== refused && (isTerminal(given) || now - place.askedAt < PLACE_GIVEN_MS)) return;
    place.order = findPlace(this.#hands.state, symbol, place.asked);
    if (place.order === null) return;
    place.asked.add(place.order);
    place.askedAt = now;
    if (!place.order.cancelRequested) this.#hands.cancel(place.order, GIVES_PLACE);
  }
  /** It waits for no place any more: what is left of it is that of the others. */
  #leavePlace(claim: Claim): Place | undefined {
    const place = this.#places.get(claim.symbol);
    place?.waiting.delete(claim);
    if (place?.waiting.size === 0) this.#places.delete(claim.symbol);
    return place;
  }
  /** An exit that closes now wants a place at the venue: none of the symbol's that rest may take it. */
  isPlaceWanted(symbol: string): boolean {
    const now = this.#hands.clock.wallMs();
    for (const claim of this.#hands.state.claims.open)
      if (claim.symbol === symbol && claim.wants === 'now' && this.known(claim)?.wantsPlace(now) === true) return true;
    return false;
  }
}
