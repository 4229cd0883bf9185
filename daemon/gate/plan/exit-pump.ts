/**
 * What of all exits goes out when, and which of them are over: the one way in which claims are carried on, by the daemon
 * and by a replay alike (SAE-SAME-CODE). It records and sends nothing itself, and reads no clock but the one it is handed.
 */
import type { SizedAction } from '../../core/decision.ts';
import type { ExitsSection } from '../../core/policy.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import { EXIT_CAUSES, type ExitEnd } from '../events.ts';
import {
  type AskedClaim,
  type Claim,
  closedLots,
  isLive,
  isLostForGood,
  MAKES_ROOM,
  onWayLots,
} from '../state/claims.ts';
import type { GateState } from '../state/gate-state.ts';
import { stateInForce } from '../state/layers.ts';
import { isResting, isTerminal, liveOrders, type OrderState } from '../state/orders.ts';
import type { Rejection } from '../venue-port.ts';
import {
  closingOf,
  type Desired,
  desiredOf,
  findEnding,
  hasRoom,
  lotsNow,
  lotsToRest,
  nextRung,
  ordersBeyond,
  rungsOf,
  waitsForReading,
} from './claims.ts';
import type { ExitForm } from './exit-order.ts';
import type { ExitPace } from './exit-pace.ts';
import type { PlanClock } from './plan-clock.ts';
import { Tries } from './tries.ts';

/** Why a claim ends that did not close all that it was to close: told by an alert. */
const TOLD: ReadonlySet<ExitEnd> = new Set(['exhausted', 'rejected', 'halted', 'lost', 'dropped']);
/** How long an exit waits for room where reduceOnly keeps it inside its caller's lots, wall ms. */
const ROOM_WITHIN_MS = 1_000;
/** After so many refusals for what rests beside it, an exit asks for the cancel of what is nobody's as well. */
const REFUSED_FOR_FOREIGN = 3;

/** A further order of an exit, as it was decided and recorded. */
export interface DecidedExit {
  /** Null: it is not permitted now. */
  readonly order: OrderState | null;
  /** The first reason where it is not. */
  readonly code: string;
  /** Has it sent; the outcome comes back through {@link ExitPump.take}. */
  send(): void;
}

/** What exits need of the part that carries them out. */
export interface ExitHands {
  readonly state: GateState;
  readonly clock: PlanClock;
  readonly pace: ExitPace;
  /** Of the policy in force. */
  exits(): ExitsSection;
  decide(parent: Claim, form: ExitForm): DecidedExit;
  /** Records that a claim is over, or that it rests. */
  recordEnd(claim: Claim, reason: ExitEnd, detail: string): void;
  /** Records the end of an order that was never sent. */
  endUnsent(order: OrderState, detail: string): void;
  /** Asks for the cancel of what rests, once for each order. */
  cancel(order: OrderState, reason: string): void;
  alert(code: string, detail: string, symbol: string): void;
  /** A defect in one claim holds up no other. */
  onDefect(error: unknown, symbol: string): void;
  /** {@link ExitPump.pass} is due then, wall ms. */
  wakeAt(wallMs: number): void;
}

export class ExitPump {
  readonly #hands: ExitHands;
  readonly #tries = new Map<string, Tries>();
  /** Orders whose end has not been taken in yet, with how the venue refused them. */
  readonly #working = new Map<OrderState, Rejection | null>();
  /** Of these, what they meet at the venue is not known yet. */
  readonly #carried = new Set<OrderState>();
  /** Since when a claim waits for room, wall ms. */
  readonly #roomSince = new Map<Claim, number>();
  /** Of before a restart: nothing is sent for them before it is known what is held. */
  #held: ReadonlySet<Claim> = new Set();

  constructor(hands: ExitHands) {
    this.#hands = hands;
    // Of before: whoever was to be told has been.
    hands.state.claims.justEnded.length = 0;
  }

  // --- what is asked for -----------------------------------------------------------------------------------------

  /** Time that the order of a decision waits unsent, ms; 0: it goes out at once, since it is its turn and there is room. */
  planDelay(request: ExecutionRequest, effective: SizedAction): number {
    const { pace, state } = this.#hands;
    const { agent, origin } = request;
    const rests = effective.time_in_force === 'GTC';
    const waitMs = pace.waitMs(origin, agent, true, rests);
    if (waitMs > 0) return Math.max(1, Math.ceil(waitMs));
    const claim = claimAsked(request, effective);
    const closing = closingOf(state, claim.symbol, claim.side);
    const open = [...state.claims.open].filter(({ side, symbol }) => side === claim.side && symbol === claim.symbol);
    const desired = desiredOf(state, closing, [...open, claim], this.#isStopped).find((one) => one.claim === claim);
    if (desired === undefined) return 1;
    const asked = Math.min(effective.lots, Math.max(closing.own, origin === 'operator' ? closing.all : 0));
    const may = rests ? lotsToRest(closing, desired, 1) : lotsNow(state, closing, desired);
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
    return isNoneHeld || (!claim.isWhole && closedLots(claim) >= claim.askedLots);
  }

  // --- after a restart -------------------------------------------------------------------------------------------

  /** Nothing follows these before they are released. */
  hold(claims: Iterable<Claim>): void {
    this.#held = new Set(claims);
  }
  /** They go on from where their records say that they are. */
  release(): void {
    for (const claim of this.#held)
      for (const order of claim.orders) if (!isTerminal(order.status)) this.#working.set(order, null);
    this.#held = new Set();
  }

  // --- one order -------------------------------------------------------------------------------------------------

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
  /** What does not wait for the proof still leaves the venue its time. */
  pauseAfter(order: OrderState): void {
    const claim = this.#hands.state.claims.of(order);
    if (claim !== null) this.#triesOf(claim).afterRung(this.#hands.clock.wallMs(), this.#hands.exits().step_ms);
  }

  /** No order is under way. */
  get isIdle(): boolean {
    return this.#working.size === 0;
  }

  // --- the pass --------------------------------------------------------------------------------------------------

  /** Everything that may go out, planned anew of one state: to be called whenever something has changed. */
  pass(): void {
    const { claims } = this.#hands.state;
    this.#tellEnded();
    if (claims.open.size === 0 && this.#working.size === 0) return;
    this.#takeEnds();
    this.#endOver();
    if (claims.open.size === 0) return;
    this.#cancelBeyond();
    this.#sendInTurn();
  }

  #isActive(claim: Claim): boolean {
    return claim.end === null && !this.#held.has(claim);
  }

  /** In `halted` only an operator closes; what was sent is resolved all the same, and what rests stays. */
  readonly #isStopped = ({ agent, origin, symbol, wants }: AskedClaim): boolean => {
    if (origin === 'operator' || wants === 'rest') return false;
    const { clock, state } = this.#hands;
    return state.layers.size > 0 && stateInForce(state.layers, clock.nowMs(), symbol, agent).state === 'halted';
  };

  #endOver(): void {
    const { state } = this.#hands;
    const rungs = this.#hands.exits().ladder_bps.length;
    for (const claim of [...state.claims.open]) {
      if (!this.#isActive(claim)) continue;
      const ending = findEnding(state, claim, rungs, this.#isStopped(claim));
      if (ending !== null) this.end(claim, ending.reason, ending.detail);
    }
  }

  /** What rests beyond what its claim should have makes room, or is beyond what is held: it rests again when there is room. */
  #cancelBeyond(): void {
    const seen = new Set<string>();
    for (const { side, symbol } of this.#hands.state.claims.open) {
      if (seen.has(`${side} ${symbol}`)) continue;
      seen.add(`${side} ${symbol}`);
      for (const desired of this.#desiredOf(symbol, side)) {
        if (desired.claim.wants !== 'rest' || desired.onWay <= desired.want) continue;
        for (const order of ordersBeyond(desired))
          if (!order.cancelRequested && !this.#carried.has(order)) this.#hands.cancel(order, MAKES_ROOM);
      }
    }
  }

  #desiredOf(symbol: string, side: Claim['side']): readonly Desired[] {
    const { state } = this.#hands;
    const claims = [...state.claims.open].filter((claim) => claim.side === side && claim.symbol === symbol);
    return desiredOf(state, closingOf(state, symbol, side), claims, this.#isStopped);
  }

  /**
   * Operator, stop, cut, then the agents in turn, who was served longest ago first; of each what closes now before what
   * rests. RISK: what one sends is on its way when the next is sized, so each is planned when it is its turn.
   */
  #sendInTurn(): void {
    const { pace, state } = this.#hands;
    const left = new Set([...state.claims.open].filter((claim) => this.#isActive(claim)));
    const turnOf = ({ agent, cause, seq, wants }: Claim): readonly number[] => [
      wants === 'now' ? 0 : 1,
      EXIT_CAUSES.indexOf(cause),
      pace.servedAt(agent),
      seq,
    ];
    while (left.size > 0) {
      const next = [...left].reduce((first, claim) => (isBefore(turnOf(claim), turnOf(first)) ? claim : first));
      left.delete(next);
      try {
        if (this.#isActive(next)) this.#consider(next);
      } catch (error) {
        this.#hands.onDefect(error, next.symbol);
      }
    }
  }

  #consider(claim: Claim): void {
    // What its last order met at the venue is still being taken in.
    if (claim.orders.some((order) => this.#carried.has(order))) return;
    if (claim.wants === 'rest' && onWayLots(claim) >= claim.askedLots - closedLots(claim)) return;
    const { clock, pace, state, wakeAt } = this.#hands;
    const closing = closingOf(state, claim.symbol, claim.side);
    const desired = this.#desiredOf(claim.symbol, claim.side).find((one) => one.claim === claim);
    const lots = desired === undefined ? 0 : this.#lotsOf(closing, desired);
    if (lots <= 0) {
      this.#roomSince.delete(claim);
      return;
    }
    const now = clock.wallMs();
    const isRoom = hasRoom(closing, lots);
    const tries = this.#tries.get(claim.decisionId);
    if (tries !== undefined && now < tries.nextAt && !(tries.awaitsRoom && isRoom)) {
      wakeAt(tries.nextAt);
      return;
    }
    if (claim.wants === 'now' && claim.origin !== 'operator' && !isRoom && this.#waitsForRoom(claim, closing.isBeside))
      return;
    const isFirst = claim.orders.every(({ sentAtMs }) => sentAtMs === null);
    const waitMs = pace.waitMs(claim.origin, claim.agent, isFirst, claim.wants === 'rest');
    if (waitMs > 0) wakeAt(now + waitMs);
    else this.#send(claim, lots, now);
  }

  #lotsOf(closing: ReturnType<typeof closingOf>, desired: Desired): number {
    const { exits, state } = this.#hands;
    const { claim } = desired;
    if (claim.wants === 'rest') {
      const isHalted = claim.origin === 'agent' && this.#isHalted(claim);
      return isHalted ? 0 : lotsToRest(closing, desired, state.rules.get(claim.symbol)?.minLots ?? 1);
    }
    const rungs = rungsOf(claim, exits().ladder_bps.length);
    return nextRung(claim, rungs) < rungs ? lotsNow(state, closing, desired) : 0;
  }
  #isHalted({ agent, symbol }: AskedClaim): boolean {
    const { clock, state } = this.#hands;
    return stateInForce(state.layers, clock.nowMs(), symbol, agent).state === 'halted';
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

  #send(claim: Claim, lots: number, now: number): void {
    this.#roomSince.delete(claim);
    const { first } = claim;
    const isWaiting = first.status === 'pending_send';
    const rungs = rungsOf(claim, this.#hands.exits().ladder_bps.length);
    const form: ExitForm =
      claim.wants === 'rest'
        ? { lots, rung: 0, own: isWaiting ? first : null, limitPrice: this.#priceOf(claim) }
        : { lots, rung: nextRung(claim, rungs), own: null };
    const decided = this.#hands.decide(claim, form);
    const { order } = decided;
    if (order === null) {
      this.#takeBlock(claim, decided.code, now);
      return;
    }
    if (isWaiting && first.status === 'pending_send') this.#hands.endUnsent(first, 'sent when it was its turn');
    this.#hands.pace.note(claim.agent);
    this.carry(order);
    decided.send();
  }

  /** Of its last order, which its caller may have moved. */
  #priceOf({ orders, symbol }: Claim): number | null {
    const ticks = orders.at(-1)?.priceTicks ?? null;
    const rules = this.#hands.state.rules.get(symbol);
    return ticks === null || rules === undefined ? null : (ticks * rules.tickMantissa) / rules.tickScale;
  }

  /** An exit that is permitted no more, or not yet. */
  #takeBlock(claim: Claim, code: string, now: number): void {
    const isGone = code === 'NOT_REDUCING' || code === 'EXIT_SCOPE';
    const reason: ExitEnd = code === 'STATE_HALTED' ? 'halted' : isGone ? 'nothing_left' : 'rejected';
    const mayComeBack = reason === 'rejected' && this.#triesOf(claim).afterRefusal(null, true, now, 1);
    if (mayComeBack) this.#hands.wakeAt(now);
    else this.end(claim, reason, `it was refused when it was due: ${code}`);
  }

  #triesOf({ decisionId }: Claim): Tries {
    const known = this.#tries.get(decisionId);
    if (known !== undefined) return known;
    const tries = new Tries();
    this.#tries.set(decisionId, tries);
    return tries;
  }

  #takeEnds(): void {
    const { claims } = this.#hands.state;
    for (const [order, rejection] of this.#working) {
      if (this.#carried.has(order)) continue;
      const claim = claims.of(order);
      if (isTerminal(order.status)) {
        this.#working.delete(order);
        if (claim !== null && claim.end === null) this.#takeEnd(claim, order, rejection);
      } else if (claim?.origin === 'gate' && isLostForGood(order)) {
        // The gate sizes another one by what the account shows: both would close the same.
        this.end(claim, 'lost', `what became of ${order.clientOrderId} is not known`);
      } else if (claim?.wants === 'rest' && isResting(order)) {
        this.#working.delete(order);
        this.#triesOf(claim).reset();
      }
    }
  }

  #takeEnd(claim: Claim, order: OrderState, rejection: Rejection | null): void {
    const tries = this.#triesOf(claim);
    const { clock, state } = this.#hands;
    const now = clock.wallMs();
    const { status } = order;
    const wasRefused = status === 'rejected' || status === 'not_placed';
    let mayGoOn = true;
    if (wasRefused) {
      mayGoOn = tries.afterRefusal(rejection, order.retryable, now, clock.scale);
      if (rejection?.consequence === 'cancel_sibling') this.#makeRoomFor(claim, order, tries);
    } else if (status === 'canceled' && order.venueOrderId === null && !order.cancelRequested)
      mayGoOn = tries.afterRefusal(null, true, now, clock.scale);
    else if (claim.wants === 'rest') tries.reset();
    else if (status === 'filled') mayGoOn = tries.afterPart();
    else if (order.venueOrderId !== null) tries.afterRung(now, this.#hands.exits().step_ms);
    if (mayGoOn || isLive(claim)) return;
    const isHeld = closingOf(state, claim.symbol, claim.side).all > 0;
    const why = wasRefused ? `the venue refused it: ${order.detail ?? 'no reason'}` : 'it went out in too many parts';
    if (isHeld) this.end(claim, wasRefused ? 'rejected' : 'exhausted', why);
    tries.reset();
  }

  /** The venue refused it for what rests beside it: it goes out again once that is gone; in the end nobody's goes, too. */
  #makeRoomFor(claim: Claim, order: OrderState, tries: Tries): void {
    const { state } = this.#hands;
    tries.awaitsRoom = !hasRoom(closingOf(state, claim.symbol, claim.side), order.lots);
    if (tries.crowded < REFUSED_FOR_FOREIGN) return;
    for (const other of liveOrders(state.orders, claim.symbol))
      if (other.foreign && other.reduceOnly && other.side === claim.side && isResting(other) && !other.cancelRequested)
        this.#hands.cancel(other, MAKES_ROOM);
  }

  // --- ends ------------------------------------------------------------------------------------------------------

  /** Those that rested, and that somebody ended at the venue. */
  #tellEnded(): void {
    const { justEnded } = this.#hands.state.claims;
    for (const claim of justEnded.splice(0, justEnded.length)) {
      this.#tries.delete(claim.decisionId);
      this.#tell(claim, 'EXIT_ENDED', claim.end?.detail ?? '');
    }
  }

  /** A claim is over, or rests. INVARIANT: an alert says so only once nothing of it can fill any more. */
  end(claim: Claim, reason: ExitEnd, detail: string): void {
    if (claim.end !== null) return;
    this.#hands.recordEnd(claim, reason, detail);
    this.#tries.delete(claim.decisionId);
    this.#roomSince.delete(claim);
    if (reason === 'rests') return;
    const { first, origin, side, symbol } = claim;
    if (first.status === 'pending_send') this.#hands.endUnsent(first, detail);
    const { all, own } = closingOf(this.#hands.state, symbol, side);
    const isLeft = (origin === 'operator' ? all : own) > 0 && (claim.isWhole || closedLots(claim) < claim.askedLots);
    if (TOLD.has(reason) && isLeft) this.#tell(claim, reason === 'dropped' ? 'EXIT_DROPPED' : 'EXIT_ENDED', detail);
  }

  #tell(claim: Claim, code: 'EXIT_DROPPED' | 'EXIT_ENDED', why: string): void {
    const what = claim.wants === 'rest' ? 'the resting exit' : 'exit';
    const closed = closedLots(claim);
    this.#hands.alert(code, `${what} ${claim.decisionId} ended with ${closed} lots closed: ${why}`, claim.symbol);
  }
}

function isBefore(one: readonly number[], other: readonly number[]): boolean {
  const at = one.findIndex((value, i) => value !== other[i]);
  return at >= 0 && one[at]! < other[at]!;
}

/** What a decision that is being recorded asks for. */
function claimAsked(
  { agent, origin, symbol }: ExecutionRequest,
  { lots, side, time_in_force }: SizedAction,
): AskedClaim {
  return {
    decisionId: '',
    seq: Number.POSITIVE_INFINITY,
    agent,
    origin,
    cause: origin === 'operator' ? 'operator' : origin === 'gate' ? 'stop' : 'agent',
    symbol: symbol ?? '',
    side,
    isWhole: false,
    openedAtMs: 0,
    wants: time_in_force === 'GTC' ? 'rest' : 'now',
    askedLots: lots,
    orders: [],
    gaveWay: [],
    rung: -1,
    isCanceled: false,
    filledLots: null,
    end: null,
  };
}
