// biome-ignore-all lint/style/noExcessiveLinesPerFile: one pass: each step reads what the others left
/**
 * What of all exits goes out when, and which of them are over: the one way in which claims are carried on, by the daemon
 * and by a replay alike (SAE-SAME-CODE). It records and sends nothing itself, and reads no clock but the one it is handed.
 */
import type { SizedAction } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { stateInForce } from '../callers/layers.ts';
import { type AskedClaim, type Claim, closedE8, isLive, MAKES_ROOM, onWayE8 } from '../orders/claims.ts';
import { isPlanned, isResting, type OrderState } from '../orders/orders.ts';
import type { ExitEnd } from '../records/decisions.ts';
import { formatQuantityE8, fromE8, lotE8 } from '../records/units.ts';
import { rankOf } from '../tables/rank.ts';
import { claimAsked } from './asked-claim.ts';
import { findEnding, isNothingLeft, nextRung, rungsOf } from './claim-ends.ts';
import { ExitAttempts } from './exit-attempts.ts';
import type { ExitHands } from './exit-hands.ts';
import type { ExitForm } from './exit-request.ts';
import {
  closingOf,
  type Desired,
  desiredOf,
  hasRoom,
  lacksRoom,
  maxRestingE8,
  minE8,
  nextE8,
  ordersBeyond,
  restE8,
  waitsForReading,
  writableE8,
} from './exit-sizes.ts';

/** Why a claim ends that did not close all that it was to close: told by an alert. */
const REPORTED: ReadonlySet<ExitEnd> = new Set(['exhausted', 'rejected', 'halted', 'lost', 'dropped']);
/** How long an exit waits for room where reduceOnly keeps it inside its caller's lots, wall ms. */
const ROOM_WITHIN_MS = 1_000;
/** Reason of a cancel of the other orders of an exit of which one was canceled. */
const CANCELED = 'its exit is canceled';

export class ExitPump {
  readonly #hands: ExitHands;
  readonly attempts: ExitAttempts;
  /** What claims should have, by side and symbol, as long as nothing has changed. */
  readonly #desired = new Map<string, readonly Desired[]>();
  /** Since when a claim waits for room, wall ms. */
  readonly #roomSince = new Map<Claim, number>();
  /** Of before a restart: nothing is sent for them before it is known what is held. */
  #held: ReadonlySet<Claim> = new Set();

  constructor(hands: ExitHands) {
    this.#hands = hands;
    this.attempts = new ExitAttempts(hands, (claim, reason, detail) => this.end(claim, reason, detail));
    // Of before: whoever was to be told has been.
    hands.state.claims.justEnded.length = 0;
  }

  // --- what is asked for -----------------------------------------------------------------------------------------

  /** Time that the order of a decision waits unsent, ms; 0: it goes out at once, since it is its turn and there is room. */
  planDelay(request: ExecutionRequest, effective: SizedAction): number {
    const { pace, state } = this.#hands;
    const { agent, origin } = request;
    const rests = effective.time_in_force === 'GTC';
    if (rests && this.attempts.isPlaceWanted(request.symbol ?? '')) return 1;
    const waitMs = pace.waitMs(origin, agent, true, rests);
    if (waitMs > 0) return Math.max(1, Math.ceil(waitMs));
    const rules = state.rules.get(request.symbol ?? '');
    if (rules === undefined) return 1;
    const claim = claimAsked(request, effective, rules);
    const closing = closingOf(state, claim.symbol, claim.side);
    const open = [...state.claims.open].filter(({ side, symbol }) => side === claim.side && symbol === claim.symbol);
    const desired = desiredOf(state, closing, [...open, claim], this.#isStopped).find((one) => one.claim === claim);
    if (desired === undefined) return 1;
    const asked = Math.min(claim.askedE8, Math.max(closing.own, origin === 'operator' ? closing.all : 0));
    const may = rests ? restE8(state, closing, desired, lotE8(rules)) : nextE8(state, closing, desired);
    if (may < asked || (origin !== 'operator' && !hasRoom(closing, asked))) return 1;
    pace.note(agent);
    return 0;
  }

  /** Ends what has nothing at the venue. */
  cancelClaims(isConcerned: (claim: Claim) => boolean, detail: string): void {
    for (const claim of [...this.#hands.state.claims.open])
      if (isConcerned(claim) && !isLive(claim)) this.end(claim, 'canceled', detail);
  }

  /**
   * An exit of the gate in that symbol has lots to close, also between two of its orders, or an order that lives. One that
   * only waits until it is known whether its lots are still held closes nothing now.
   */
  isGateExiting(symbol: string): boolean {
    const { state } = this.#hands;
    for (const claim of state.claims.open)
      if (claim.origin === 'gate' && claim.symbol === symbol && !this.#held.has(claim))
        if (isLive(claim) || (closingOf(state, symbol, claim.side).own > 0 && !waitsForReading(state, claim)))
          return true;
    return false;
  }

  /** Nothing is left of what a claim that closes now was to close. */
  isClosed(claim: Claim): boolean {
    const { all, own } = closingOf(this.#hands.state, claim.symbol, claim.side);
    const isNoneHeld = (claim.origin === 'operator' ? all : own) === 0;
    return isNoneHeld || (!claim.isWhole && closedE8(claim) >= claim.askedE8);
  }

  // --- after a restart -------------------------------------------------------------------------------------------

  /** Nothing follows these before they are released. */
  hold(claims: Iterable<Claim>): void {
    this.#held = new Set(claims);
  }
  /** They go on from where their records say that they are, but for those that stay `held`. */
  release(held: readonly Claim[]): void {
    for (const claim of this.#held) if (!held.includes(claim)) this.attempts.follow(claim);
    this.#held = new Set(held);
  }

  // --- one order -------------------------------------------------------------------------------------------------

  /** What does not wait for the proof still leaves the venue its time. */
  pauseAfter(order: OrderState): void {
    const claim = this.#hands.state.claims.of(order);
    if (claim !== null) this.attempts.of(claim).afterRung(this.#hands.clock.wallMs(), this.#hands.exits().step_ms);
  }

  // --- the pass --------------------------------------------------------------------------------------------------

  /** Everything that may go out, planned anew of one state: to be called whenever something has changed. */
  pass(): void {
    const { claims } = this.#hands.state;
    this.#desired.clear();
    this.#tellEnded();
    if (claims.open.size === 0 && this.attempts.isIdle) return;
    this.attempts.takeEnds();
    this.#endOver();
    if (claims.open.size === 0) return;
    this.#cancelBeyond();
    this.#sendInTurn();
  }

  #isActive(claim: Claim): boolean {
    return claim.end === null && !this.#held.has(claim);
  }

  /** In `halted` only an operator closes; what was sent is resolved all the same, and what rests stays. */
  readonly #isStopped = (claim: AskedClaim): boolean => claim.wants === 'now' && this.#isHalted(claim);
  #isHalted({ agent, origin, symbol }: AskedClaim): boolean {
    const { clock, state } = this.#hands;
    if (origin === 'operator' || state.layers.size === 0) return false;
    return stateInForce(state.layers, state.time.atNow(clock.nowMs()), symbol, agent).state === 'halted';
  }

  #endOver(): void {
    const { state } = this.#hands;
    const rungs = this.#hands.exits().ladder_bps.length;
    for (const claim of [...state.claims.open]) {
      if (!this.#isActive(claim)) continue;
      const isLate = this.attempts.leftMs(claim) <= 0;
      const ending = findEnding(state, claim, { rungs, isLate, isStopped: this.#isHalted(claim) });
      if (ending !== null) this.end(claim, ending.reason, ending.detail);
    }
  }

  /**
   * What rests beyond what its claim should have goes: its claim is canceled, or it rests again when there is room. Its
   * answer may hang long after a list has shown that it rests.
   */
  #cancelBeyond(): void {
    const seen = new Set<string>();
    for (const { side, symbol } of this.#hands.state.claims.open) {
      if (seen.has(`${side} ${symbol}`)) continue;
      seen.add(`${side} ${symbol}`);
      const planned = this.#desiredOf(symbol, side);
      const closing = closingOf(this.#hands.state, symbol, side);
      // RISK: hundreds of cancels would hold up an operator's exit; only the venue says what conflicts with it.
      if (
        planned.some(
          ({ claim }) => claim.origin === 'operator' && claim.orders.some((one) => this.attempts.isCarried(one)),
        )
      )
        continue;
      for (const desired of planned) {
        if (desired.claim.wants !== 'rest' || desired.onWay <= maxRestingE8(this.#hands.state, closing, desired))
          continue;
        for (const order of ordersBeyond(desired))
          if (!order.cancelRequested && (isResting(order) || !this.attempts.isCarried(order)))
            this.#hands.cancel(order, desired.claim.isCanceled ? CANCELED : MAKES_ROOM);
      }
    }
    this.#desired.clear();
  }

  /** The same until something goes out, or is canceled. */
  #desiredOf(symbol: string, side: Claim['side']): readonly Desired[] {
    const key = `${side} ${symbol}`;
    const known = this.#desired.get(key);
    if (known !== undefined) return known;
    const { state } = this.#hands;
    const claims = [...state.claims.open].filter((claim) => claim.side === side && claim.symbol === symbol);
    const desired = desiredOf(state, closingOf(state, symbol, side), claims, this.#isStopped);
    this.#desired.set(key, desired);
    return desired;
  }

  /**
   * What closes now before what rests; operator, stop, cut, then the agents in turn, who was served longest ago first.
   * RISK: what one sends is on its way when the next is sized, so each is planned when it is its turn.
   */
  #sendInTurn(): void {
    const { pace, state } = this.#hands;
    const turnOf = (claim: Claim): readonly number[] => [
      claim.wants === 'now' ? 0 : 1,
      rankOf(claim),
      pace.servedAt(claim.agent),
      claim.seq,
    ];
    const inTurn = (claims: readonly Claim[]): Claim[] =>
      claims
        .map((claim) => ({ claim, turn: turnOf(claim) }))
        .sort((a, b) => compare(b.turn, a.turn))
        .map(({ claim }) => claim);
    // The next one last; in order as long as nobody is served.
    let left = inTurn([...state.claims.open].filter((claim) => this.#isActive(claim) && !isAtRest(claim)));
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const servedAt = pace.servedAt(next.agent);
      try {
        if (this.#isActive(next)) this.#consider(next);
      } catch (error) {
        this.#hands.onDefect(error, next.symbol);
      }
      if (pace.servedAt(next.agent) !== servedAt) left = inTurn(left);
    }
  }

  #consider(claim: Claim): void {
    // What its last order met at the venue is still being taken in.
    if (claim.orders.some((order) => this.attempts.isCarried(order))) return;
    const { clock, pace, state, wakeAt } = this.#hands;
    const closing = closingOf(state, claim.symbol, claim.side);
    const desired = this.#desiredOf(claim.symbol, claim.side).find((one) => one.claim === claim);
    const quantityE8 = desired === undefined ? 0 : this.#nextE8(closing, desired);
    const tries = this.attempts.known(claim);
    if (quantityE8 <= 0) {
      this.#roomSince.delete(claim);
      // Without an order to send it wants no place.
      if (tries !== undefined) tries.lacksPlace = false;
      return;
    }
    const now = clock.wallMs();
    if (claim.wants === 'rest' && this.attempts.isPlaceWanted(claim.symbol)) return;
    const isRoom = hasRoom(closing, quantityE8);
    const isRoomMade = tries?.awaitsRoom === true && !lacksRoom(closing, quantityE8);
    const isFree = isRoomMade || this.attempts.hasPlace(claim);
    const dueAt = tries?.dueAt(isFree) ?? now;
    if (now < dueAt) {
      wakeAt(dueAt);
      return;
    }
    if (claim.wants === 'now' && claim.origin !== 'operator' && !isRoom && this.#waitsForRoom(claim, closing.isBeside))
      return;
    const isFirst = claim.orders.every(({ sentAtMs }) => sentAtMs === null);
    const waitMs = pace.waitMs(claim.origin, claim.agent, isFirst, claim.wants === 'rest');
    if (waitMs > 0) {
      wakeAt(now + waitMs);
      return;
    }
    if (isFree) tries?.noteFree(now);
    this.#send(claim, quantityE8, now);
  }

  #nextE8(closing: ReturnType<typeof closingOf>, desired: Desired): number {
    const { exits, state } = this.#hands;
    const { claim } = desired;
    const rules = state.rules.get(claim.symbol);
    if (claim.wants === 'rest') {
      if (this.#isHalted(claim)) return 0;
      return writableE8(closing, restE8(state, closing, desired, minE8(rules)), rules);
    }
    const rungs = rungsOf(claim, exits().ladder_bps.length);
    return nextRung(claim, rungs) < rungs ? writableE8(closing, nextE8(state, closing, desired), rules) : 0;
  }

  /** RISK: an answer that hangs must not hold up an exit; where others' lots stand beside, both together would close those. */
  #waitsForRoom(claim: Claim, isBeside: boolean): boolean {
    const now = this.#hands.clock.wallMs();
    const since = this.#roomSince.get(claim) ?? now;
    this.#roomSince.set(claim, since);
    if (!isBeside && now - since >= ROOM_WITHIN_MS) return false;
    this.#hands.wakeAt(isBeside ? now + ROOM_WITHIN_MS : since + ROOM_WITHIN_MS);
    return true;
  }

  #send(claim: Claim, quantityE8: number, now: number): void {
    this.#roomSince.delete(claim);
    const { first } = claim;
    const isWaiting = isPlanned(first);
    const rungs = rungsOf(claim, this.#hands.exits().ladder_bps.length);
    const form: ExitForm =
      claim.wants === 'rest'
        ? { quantityE8, rung: 0, own: isWaiting ? first : null, limitPrice: this.#priceOf(claim) }
        : { quantityE8, rung: nextRung(claim, rungs), own: null };
    const decided = this.#hands.decide(claim, form);
    this.#desired.clear();
    const { order } = decided;
    if (order === null) {
      this.#takeBlock(claim, decided.code, now);
      return;
    }
    if (isWaiting && isPlanned(first)) this.#hands.endUnsent(first, 'sent when it was its turn');
    this.#hands.pace.note(claim.agent);
    this.attempts.noteSent(claim, order);
    this.attempts.carry(order);
    this.#hands.send(order);
  }

  /** Of its last order, which its caller may have moved. */
  #priceOf({ orders }: Claim): number | null {
    const priceE8 = orders.at(-1)?.priceE8 ?? null;
    return priceE8 === null ? null : fromE8(priceE8);
  }

  /** An exit that is permitted no more, or not yet. */
  #takeBlock(claim: Claim, code: string, now: number): void {
    const isGone = code === 'NOT_REDUCING' || code === 'EXIT_SCOPE';
    const reason: ExitEnd = code === 'STATE_HALTED' ? 'halted' : isGone ? 'nothing_left' : 'rejected';
    const mayComeBack = reason === 'rejected' && this.attempts.of(claim).afterRefusal(null, now, 1);
    if (mayComeBack) this.#hands.wakeAt(now);
    else this.end(claim, reason, `it was refused when it was due: ${code}`);
  }

  // --- ends ------------------------------------------------------------------------------------------------------

  /** Those that rested, and that somebody ended at the venue. */
  #tellEnded(): void {
    const { justEnded } = this.#hands.state.claims;
    for (const claim of justEnded.splice(0, justEnded.length)) {
      this.attempts.forget(claim);
      this.#tell(claim, 'EXIT_ENDED', claim.end?.detail ?? '');
    }
  }

  /** A claim is over, or rests. INVARIANT: an alert says so only once nothing of it can fill any more. */
  end(claim: Claim, reason: ExitEnd, detail: string): void {
    if (claim.end !== null) return;
    this.#desired.clear();
    this.#hands.recordEnd(claim, reason, detail);
    this.attempts.forget(claim);
    this.#roomSince.delete(claim);
    if (reason === 'rests') return;
    const { first } = claim;
    if (isPlanned(first)) this.#hands.endUnsent(first, detail);
    const isDone = !claim.isWhole && closedE8(claim) >= claim.askedE8;
    // RISK: of an opening whose answer is lost nothing is held yet, as far as anybody knows.
    if (REPORTED.has(reason) && !isDone && !isNothingLeft(this.#hands.state, claim))
      this.#tell(claim, reason === 'dropped' ? 'EXIT_DROPPED' : 'EXIT_ENDED', detail);
  }

  #tell(claim: Claim, code: 'EXIT_DROPPED' | 'EXIT_ENDED', why: string): void {
    const what = claim.wants === 'rest' ? 'the resting exit' : 'exit';
    const closed = formatQuantityE8(closedE8(claim), this.#hands.state.rules.get(claim.symbol));
    this.#hands.alert(code, `${what} ${claim.decisionId} ended with ${closed} closed: ${why}`, claim.symbol);
  }
}

function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((value, i) => value !== other[i]);
  return at < 0 ? 0 : one[at]! - other[at]!;
}

/** All that it is to close rests. */
function isAtRest(claim: Claim): boolean {
  return claim.wants === 'rest' && onWayE8(claim) >= claim.askedE8 - closedE8(claim);
}
