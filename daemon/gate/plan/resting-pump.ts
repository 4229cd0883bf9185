/**
 * Exits that rest at their own price: which of them goes out when, and which is given up; for the daemon and a replay alike
 * (SAE-SAME-CODE). They are their callers' orders, no targets. They go out one by one, in turn, as the rate of their agent
 * permits when it is their turn. One that does not rest, because it was not placed or made room, is in the book of
 * displaced exits until it does, is closed otherwise, or is given up, which its caller learns.
 */
import type { ExitEnd } from '../events.ts';
import { waitsForOwnExits } from '../state/closable-share.ts';
import { type DisplacedExit, hasNothingLeft, NOTHING_LEFT } from '../state/displaced-exits.ts';
import type { GateState } from '../state/gate-state.ts';
import { stateInForce } from '../state/layers.ts';
import { everyLiveOrder, liveOrders, type OrderState } from '../state/orders.ts';
import type { Rejection } from '../venue-port.ts';
import type { ExitForm } from './exit-order.ts';
import type { ExitPace } from './exit-pace.ts';
import type { DecidedExit } from './exit-pump.ts';
import type { PlanClock } from './plan-clock.ts';
import { isClosedOtherwise, lotsDue, lotsToRest, waitsForRests } from './rests.ts';
import { Tries } from './tries.ts';

/** What resting exits need of the part that carries them out. */
export interface RestingHands {
  readonly state: GateState;
  readonly clock: PlanClock;
  readonly pace: ExitPace;
  /** Between two looks at what others of the same agent have closed, wall ms; null: nothing changes unseen. */
  readonly lookEveryMs: number | null;
  exitScope(agent: string): 'own' | 'account';
  /** Somebody here waits for what becomes of it. */
  isAwaited(decisionId: string): boolean;
  /** Decides a further order of that decision; null: it is not known any more. `makesRoom`: what rests makes room for it. */
  decide(decisionId: string, form: ExitForm, makesRoom: boolean): DecidedExit | null;
  endUnsent(order: OrderState, detail: string): void;
  /** Records that it will not rest. */
  recordEnd(exit: DisplacedExit, reason: ExitEnd, detail: string): void;
  alert(code: string, detail: string, symbol: string): void;
}

export class RestingPump {
  readonly #hands: RestingHands;
  readonly #tries = new Map<string, Tries>();
  /** Orders that are being carried out: what they met at the venue is not taken in yet. */
  readonly #placing = new Set<OrderState>();
  /** Those of before a restart wait until it is known what is held. */
  isReleased = false;

  constructor(hands: RestingHands) {
    this.#hands = hands;
  }

  /** All that may go out now. Returns the wall time until the next may, ms; null: none waits for time alone. */
  pass(): number | null {
    const again = this.#restAgain();
    const due = this.#sendDue();
    return again === null ? due : due === null ? again : Math.min(again, due);
  }

  // --- what does not rest ------------------------------------------------------------------------------------------

  /**
   * What was canceled to make room rests again, at most as large as what is left, once no exit works on that side of the
   * symbol any more; what was not placed is tried again.
   */
  #restAgain(): number | null {
    const { displaced } = this.#hands.state;
    if (displaced.size === 0 || !this.isReleased) return null;
    let waitMs: number | null = null;
    for (const exit of displaced.waiting()) {
      if (this.#placing.has(exit.order)) continue;
      const lots = this.#lotsNow(exit);
      if (lots === 0) continue;
      // What was not placed makes its own room.
      const isWaiting = !exit.hasRested && this.#isWaiting(exit.order, lots);
      const asked = isWaiting ? this.#hands.lookEveryMs : this.#waitOf(exit);
      if (asked !== null && asked <= 0) this.#placeAgain(exit, lots);
      else if (asked !== null) waitMs = Math.min(waitMs ?? asked, asked);
    }
    return waitMs;
  }

  #waitOf({ agent, decisionId, order }: DisplacedExit): number {
    const triedMs = (this.#tries.get(decisionId)?.nextAt ?? 0) - this.#hands.clock.wallMs();
    return Math.max(triedMs, this.#hands.pace.waitMs(order.origin ?? 'agent', agent, false, true));
  }

  /** Lots with which it may go out now; 0: not now. What has nothing left to take profit of ends. */
  #lotsNow(exit: DisplacedExit): number {
    const { clock, state } = this.#hands;
    const { origin, symbol } = exit.order;
    const whose = this.#shareOf(exit);
    if (isClosedOtherwise(state, exit, whose)) {
      this.giveUp(exit, 'nothing_left', NOTHING_LEFT);
      return 0;
    }
    const inForce = stateInForce(state.layers, clock.nowMs(), symbol, exit.agent).state;
    return origin === 'agent' && inForce === 'halted' ? 0 : lotsToRest(state, exit, whose);
  }

  /** Whose lots bound it; null: the position. */
  #shareOf({ agent, order }: DisplacedExit): string | null {
    return order.origin === 'agent' && this.#hands.exitScope(agent) === 'own' ? agent : null;
  }

  #placeAgain(exit: DisplacedExit, lots: number): void {
    const { agent, decisionId, order: old } = exit;
    const rules = this.#hands.state.rules.get(old.symbol);
    if (rules === undefined) return;
    const limitPrice = old.priceTicks === null ? null : (old.priceTicks * rules.tickMantissa) / rules.tickScale;
    const decided = this.#hands.decide(decisionId, { lots, rung: 0, own: null, limitPrice }, !exit.hasRested);
    if (decided === null) return;
    if (decided.order === null) this.#takeBlock(exit, decided.code);
    else this.#carry(decided, decided.order, agent);
  }

  /** It is permitted no more, or not yet. */
  #takeBlock(exit: DisplacedExit, code: string): void {
    if (code === 'NOT_REDUCING') this.giveUp(exit, 'nothing_left', 'nothing is left to close');
    else if (!this.mayTryAgain(exit.decisionId, null, true))
      this.giveUp(exit, code === 'STATE_HALTED' ? 'halted' : 'rejected', `it was refused when it was due: ${code}`);
  }

  mayTryAgain(decisionId: string, rejection: Rejection | null, isRetryable: boolean): boolean {
    const tries = this.#tries.get(decisionId) ?? new Tries();
    this.#tries.set(decisionId, tries);
    const { clock } = this.#hands;
    return tries.afterRefusal(rejection, isRetryable, clock.wallMs(), clock.scale);
  }

  /** Records that it will not rest; its caller, who may believe in it, is told unless there is nothing left to close. */
  giveUp(exit: DisplacedExit, reason: ExitEnd, detail: string): void {
    this.#hands.recordEnd(exit, reason, detail);
    this.#tries.delete(exit.decisionId);
    if (reason !== 'nothing_left' && reason !== 'canceled')
      this.#tellLost(exit.order, detail, reason === 'dropped' ? 'EXIT_DROPPED' : 'EXIT_ENDED');
  }

  #tellLost(order: OrderState, why: string, code: 'EXIT_DROPPED' | 'EXIT_ENDED'): void {
    const what = `the resting exit ${order.clientOrderId} of ${order.decisionId ?? 'nobody'}`;
    this.#hands.alert(code, `${what} does not rest: ${why}`, order.symbol);
  }

  // --- what waits for its turn -------------------------------------------------------------------------------------

  /** Sends those that wait and whose turn it is. */
  #sendDue(): number | null {
    let waitMs: number | null = null;
    for (const order of this.#waiting()) {
      const lots = this.#lotsDue(order);
      if (lots === 0 && order.status !== 'pending_send') continue;
      const asked =
        lots === 0 || this.#isWaiting(order, lots)
          ? this.#hands.lookEveryMs
          : this.#hands.pace.waitMs(order.origin ?? 'agent', order.agent ?? '', true, true);
      if (asked === 0) this.#send(order, lots);
      else if (asked !== null) waitMs = Math.min(waitMs ?? asked, asked);
    }
    return waitMs;
  }

  /** RISK: none goes out beside exits that may close all of the share: the rest is another's, or the venue refuses them. */
  #isWaiting(order: OrderState, lots: number): boolean {
    const { agent, origin, symbol } = order;
    if (agent === null || origin !== 'agent' || this.#hands.exitScope(agent) !== 'own') return false;
    const { orders, positions } = this.#hands.state;
    if (waitsForOwnExits(positions.get(symbol), liveOrders(orders, symbol), agent)) return true;
    return waitsForRests(this.#hands.state, order, lots);
  }

  #waiting(): readonly OrderState[] {
    const { orders, targets } = this.#hands.state;
    const waiting: OrderState[] = [];
    for (const order of everyLiveOrder(orders)) {
      if (order.status !== 'pending_send' || !order.reduceOnly || order.protective || order.foreign) continue;
      if (order.decisionId === null || targets.find(order.decisionId) !== null) continue;
      if (this.isReleased || this.#hands.isAwaited(order.decisionId)) waiting.push(order);
    }
    if (waiting.length < 2) return waiting;
    const turn = ({ agent }: OrderState): number => this.#hands.pace.servedAt(agent ?? '');
    return waiting.sort((a, b) => turn(a) - turn(b) || a.plannedAtMs - b.plannedAtMs);
  }

  /** At most what is left of what was held when it was asked for; 0: not now. It ends where nothing is. */
  #lotsDue(order: OrderState): number {
    const exit = this.#hands.state.displaced.find(order.decisionId ?? '');
    if (exit === null) return order.lots;
    if (hasNothingLeft(exit)) this.#hands.endUnsent(order, 'nothing is left to close: it is closed already');
    return lotsDue(this.#hands.state, exit);
  }

  #send(order: OrderState, lots: number): void {
    const decided = this.#hands.decide(order.decisionId ?? '', { lots, rung: 0, own: order }, true);
    if (decided === null) return;
    if (decided.order === null) {
      const why = `refused when it was due: ${decided.code}`;
      this.#hands.endUnsent(order, why);
      if (decided.code !== 'NOT_REDUCING') this.#tellLost(order, why, 'EXIT_ENDED');
      return;
    }
    this.#carry(decided, decided.order, order.agent ?? '');
  }

  // --- one order ---------------------------------------------------------------------------------------------------

  #carry(decided: DecidedExit, order: OrderState, agent: string): void {
    this.#hands.pace.note(agent);
    this.carry(order);
    decided.send();
  }

  /** An order is being sent: nothing follows it before it is {@link take taken in}. */
  carry(order: OrderState): void {
    this.#placing.add(order);
  }
  isCarried(order: OrderState): boolean {
    return this.#placing.has(order);
  }
  take(order: OrderState): void {
    this.#placing.delete(order);
  }

  /** The venue has not refused it. */
  noteTaken(decisionId: string): void {
    this.#tries.delete(decisionId);
  }

  /**
   * The venue refused what was to rest: it is tried again, or given up. Returns how often in a row that was for what
   * rests beside it; null: it does not go on.
   */
  noteRefusal(order: OrderState, rejection: Rejection): number | null {
    const exit = this.#hands.state.displaced.find(order.decisionId ?? '');
    if (exit === null) return null;
    if (this.mayTryAgain(exit.decisionId, rejection, order.retryable))
      return this.#tries.get(exit.decisionId)?.crowded ?? 1;
    this.giveUp(exit, rejection.message.startsWith('halted') ? 'halted' : 'rejected', rejection.message);
    return null;
  }
}
