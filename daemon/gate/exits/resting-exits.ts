import type { DecisionEvent, ExitEnd } from '../events.ts';
import type { GateCore } from '../journal/journal.ts';
import { endedEvent } from '../journal/order-words.ts';
import type { OrderSender } from '../orders/sender.ts';
import { isClosedOtherwise, lotsDue, lotsToRest, waitsForRests } from '../plan/rests.ts';
import { waitsForOwnExits } from '../state/closable-share.ts';
import { type DisplacedExit, hasNothingLeft, NOTHING_LEFT } from '../state/displaced-exits.ts';
import { stateInForce } from '../state/layers.ts';
import { everyLiveOrder, isTerminal, liveOrders, type OrderState, statusOf } from '../state/orders.ts';
import type { Decided } from '../take-decision.ts';
import type { Rejection } from '../venue-port.ts';
import { decideExitOrder } from './decide-order.ts';
import type { ExitPace } from './pace.ts';
import type { ExitRoom } from './room.ts';
import { Tries } from './tries.ts';
import { Waiters } from './waiters.ts';

/** Between two looks at what others of the same agent have closed, ms. */
const LOOK_EVERY_MS = 25;

/**
 * Exits that rest at their own price: their callers' orders, no targets. They go out one by one, in turn, as the rate
 * of their agent permits when it is their turn. One that does not rest, because it was not placed or made room, is in
 * the book of displaced exits until it does, is closed otherwise, or is given up, which is told.
 */
export class RestingExits {
  readonly #core: GateCore;
  readonly #sender: OrderSender;
  readonly #room: ExitRoom;
  readonly #pace: ExitPace;
  readonly #signal: AbortSignal;
  readonly #onChange: () => void;
  readonly #events = new Map<string, DecisionEvent>();
  readonly #waiters = new Waiters();
  readonly #tries = new Map<string, Tries>();
  /** Orders that are being carried out: what they met at the venue is not taken in yet. */
  readonly #placing = new Set<OrderState>();
  /** Those of before a restart wait until it is known what is held. */
  isReleased = false;

  constructor(
    core: GateCore,
    sender: OrderSender,
    room: ExitRoom,
    pace: ExitPace,
    signal: AbortSignal,
    onChange: () => void,
  ) {
    this.#core = core;
    this.#sender = sender;
    this.#room = room;
    this.#pace = pace;
    this.#signal = signal;
    this.#onChange = onChange;
  }

  /** Resolves when the order rests, when what became of it is not known, or when the exit has ended. */
  async run({ appended, event }: Decided, order: OrderState): Promise<void> {
    const id = event.decision.decision_id;
    this.#events.set(id, event);
    const done = this.#waiters.wait(id);
    if (order.status === 'in_flight') this.#carry(order, appended.committed, true);
    this.#onChange();
    await done;
  }

  // --- what does not rest ------------------------------------------------------------------------------------------

  /**
   * What was canceled to make room rests again, at most as large as what is left, once no exit works on that side of
   * the symbol any more; what was not placed is tried again. Returns the wall time until the next may go, ms; null:
   * none.
   */
  restAgain(): number | null {
    const { displaced } = this.#core.state;
    if (displaced.size === 0 || !this.isReleased) return null;
    let waitMs: number | null = null;
    for (const exit of displaced.waiting()) {
      if (this.#placing.has(exit.order)) continue;
      const lots = this.#lotsNow(exit);
      if (lots === 0) continue;
      // What was not placed makes its own room.
      const asked = !exit.hasRested && this.#isWaiting(exit.order, lots) ? LOOK_EVERY_MS : this.#waitOf(exit);
      if (asked > 0) waitMs = Math.min(waitMs ?? asked, asked);
      else this.#placeAgain(exit, lots);
    }
    return waitMs;
  }

  #waitOf({ agent, decisionId, order }: DisplacedExit): number {
    const triedMs = (this.#tries.get(decisionId)?.nextAt ?? 0) - this.#core.ports.time.monotonicMs();
    return Math.max(triedMs, this.#pace.waitMs(order.origin ?? 'agent', agent, false, true));
  }

  /** Lots with which it may go out now; 0: not now. What has nothing left to take profit of ends. */
  #lotsNow(exit: DisplacedExit): number {
    const { state } = this.#core;
    const { origin, symbol } = exit.order;
    const whose = this.#shareOf(exit);
    if (isClosedOtherwise(state, exit, whose)) {
      this.giveUp(exit, 'nothing_left', NOTHING_LEFT);
      return 0;
    }
    const inForce = stateInForce(state.layers, this.#core.nowMs(), symbol, exit.agent).state;
    return origin === 'agent' && inForce === 'halted' ? 0 : lotsToRest(state, exit, whose);
  }

  /** Whose lots bound it; null: the position. */
  #shareOf({ agent, order }: DisplacedExit): string | null {
    return order.origin === 'agent' && this.#core.policyFor(agent).exitScope === 'own' ? agent : null;
  }

  #placeAgain(exit: DisplacedExit, lots: number): void {
    const { agent, decisionId, order: old } = exit;
    const event = this.#eventOf(decisionId);
    const rules = this.#core.state.rules.get(old.symbol);
    if (event === null || rules === undefined) return;
    const limitPrice = old.priceTicks === null ? null : (old.priceTicks * rules.tickMantissa) / rules.tickScale;
    const { decided, order } = decideExitOrder(this.#core, event, { lots, rung: 0, own: null, limitPrice });
    if (order === null) {
      this.#takeBlock(exit, decided);
      return;
    }
    this.#pace.note(agent);
    this.#carry(order, decided.appended.committed, !exit.hasRested);
  }

  /** It is permitted no more, or not yet. */
  #takeBlock(exit: DisplacedExit, { body }: Decided): void {
    const code = body.reasons[0]?.code ?? 'BLOCK';
    if (code === 'NOT_REDUCING') this.giveUp(exit, 'nothing_left', 'nothing is left to close');
    else if (!this.#mayTryAgain(exit.decisionId, null, true))
      this.giveUp(exit, code === 'STATE_HALTED' ? 'halted' : 'rejected', `it was refused when it was due: ${code}`);
  }

  #mayTryAgain(decisionId: string, rejection: Rejection | null, isRetryable: boolean): boolean {
    const tries = this.#tries.get(decisionId) ?? new Tries();
    this.#tries.set(decisionId, tries);
    const { clock, time } = this.#core.ports;
    return tries.afterRefusal(rejection, isRetryable, time.monotonicMs(), clock.scale);
  }

  /**
   * Records that it will not rest; its caller, who may believe in it, is told unless there is nothing left to close.
   */
  giveUp({ decisionId, order }: DisplacedExit, reason: ExitEnd, detail: string): void {
    this.#core.append('exit_target', {
      action: 'ended',
      decision_id: decisionId,
      detail,
      filled_lots: order.executedLots,
      reason,
    });
    this.#tries.delete(decisionId);
    if (reason !== 'nothing_left' && reason !== 'canceled')
      this.#tellLost(order, detail, reason === 'dropped' ? 'EXIT_DROPPED' : 'EXIT_ENDED');
  }

  #tellLost(order: OrderState, why: string, code: 'EXIT_DROPPED' | 'EXIT_ENDED'): void {
    const what = `the resting exit ${order.clientOrderId} of ${order.decisionId ?? 'nobody'}`;
    this.#core.alert(code, `${what} does not rest: ${why}`, order.symbol);
  }

  // --- what waits for its turn -------------------------------------------------------------------------------------

  /** Sends those that wait and whose turn it is. Returns the wall time until the next may go, ms; null: none waits. */
  sendDue(): number | null {
    let waitMs: number | null = null;
    for (const order of this.#waiting()) {
      const lots = this.#lotsDue(order);
      if (lots === 0 && order.status !== 'pending_send') continue;
      const asked =
        lots === 0 || this.#isWaiting(order, lots)
          ? LOOK_EVERY_MS
          : this.#pace.waitMs(order.origin ?? 'agent', order.agent ?? '', true, true);
      if (asked > 0) waitMs = Math.min(waitMs ?? asked, asked);
      else this.#send(order, lots);
    }
    this.#wakeSettled();
    return waitMs;
  }

  /**
   * RISK: none goes out beside exits that may close all of the share: the rest is another's, or the venue refuses them.
   */
  #isWaiting(order: OrderState, lots: number): boolean {
    const { agent, origin, symbol } = order;
    if (agent === null || origin !== 'agent' || this.#core.policyFor(agent).exitScope !== 'own') return false;
    const { orders, positions } = this.#core.state;
    if (waitsForOwnExits(positions.get(symbol), liveOrders(orders, symbol), agent)) return true;
    return waitsForRests(this.#core.state, order, lots);
  }

  #waiting(): readonly OrderState[] {
    const { orders, targets } = this.#core.state;
    const waiting: OrderState[] = [];
    for (const order of everyLiveOrder(orders)) {
      if (order.status !== 'pending_send' || !order.reduceOnly || order.protective || order.foreign) continue;
      if (order.decisionId === null || targets.find(order.decisionId) !== null) continue;
      if (this.isReleased || this.#waiters.has(order.decisionId)) waiting.push(order);
    }
    const turn = ({ agent }: OrderState): number => this.#pace.servedAt(agent ?? '');
    return waiting.sort((a, b) => turn(a) - turn(b) || a.plannedAtMs - b.plannedAtMs);
  }

  #eventOf(decisionId: string): DecisionEvent | null {
    const known = this.#events.get(decisionId);
    if (known !== undefined) return known;
    const stored = this.#core.ports.ledger.findDecision(decisionId);
    return stored === null ? null : (stored.payload as DecisionEvent);
  }

  /** At most what is left of what was held when it was requested; 0: not now. It ends where nothing is. */
  #lotsDue(order: OrderState): number {
    const exit = this.#core.state.displaced.find(order.decisionId ?? '');
    if (exit === null) return order.lots;
    if (hasNothingLeft(exit)) {
      const why = 'nothing is left to close: it is closed already';
      this.#sender.record(order, endedEvent(this.#core, order, 'canceled', why));
    }
    return lotsDue(this.#core.state, exit);
  }

  #send(order: OrderState, lots: number): void {
    const event = this.#eventOf(order.decisionId ?? '');
    if (event === null) return;
    const { decided, order: sent } = decideExitOrder(this.#core, event, { lots, rung: 0, own: order });
    if (sent === null) {
      const code = decided.body.reasons[0]?.code ?? 'BLOCK';
      const why = `refused when it was due: ${code}`;
      this.#sender.record(order, endedEvent(this.#core, order, 'canceled', why));
      if (code !== 'NOT_REDUCING') this.#tellLost(order, why, 'EXIT_ENDED');
      return;
    }
    this.#pace.note(order.agent ?? '');
    this.#carry(order, decided.appended.committed, true);
  }

  // --- one order ---------------------------------------------------------------------------------------------------

  /** Runs by itself, once `committed` says that the decision is on disk. */
  #carry(order: OrderState, committed: Promise<void>, makesRoom: boolean): void {
    this.#placing.add(order);
    const left = this.#room.leftOf(order);
    committed
      .then(() => this.#place(order, makesRoom, left))
      .catch((error: unknown) => {
        if (!this.#signal.aborted) this.#takeFailure(order, error);
      })
      .finally(() => {
        this.#placing.delete(order);
        this.#onChange();
      });
  }

  /** A defect: what was not sent is tried again, and given up in the end like what the venue refuses. */
  #takeFailure(order: OrderState, error: unknown): void {
    this.#sender.giveUp(order, error);
    this.#core.alert('EXIT_FAILED', String(error), order.symbol);
    const exit = this.#core.state.displaced.find(order.decisionId ?? '');
    if (exit === null || !isTerminal(order.status) || this.#mayTryAgain(exit.decisionId, null, true)) return;
    this.giveUp(exit, 'rejected', String(error));
  }

  /** What does not come to rest is displaced by that, and is tried again; or it is given up. */
  async #place(order: OrderState, makesRoom: boolean, left: number): Promise<void> {
    if (makesRoom) await this.#room.make(order);
    if (statusOf(order) !== 'in_flight') return;
    const why = this.#room.whyTooLarge(order, left);
    if (why !== null) {
      this.#sender.record(order, endedEvent(this.#core, order, 'canceled', why));
      return;
    }
    const outcome = await this.#sender.send(order);
    if (outcome.kind !== 'rejected') this.#tries.delete(order.decisionId ?? '');
    const exit = this.#core.state.displaced.find(order.decisionId ?? '');
    if (outcome.kind !== 'rejected' || exit === null) return;
    const { rejection } = outcome;
    if (!this.#mayTryAgain(exit.decisionId, rejection, order.retryable))
      this.giveUp(exit, rejection.message.startsWith('halted') ? 'halted' : 'rejected', rejection.message);
    else if (rejection.consequence === 'cancel_sibling')
      await this.#room.cancelSiblings(order, this.#tries.get(exit.decisionId)?.failures ?? 1);
  }

  #wakeSettled(): void {
    this.#waiters.wake((id) => {
      const orders = this.#core.state.orders.byDecision.get(id) ?? [];
      const isUnderWay = orders.some((order) => isUnsent(order) || this.#placing.has(order));
      if (isUnderWay || this.#isTriedAgain(id, orders)) return false;
      this.#events.delete(id);
      this.#tries.delete(id);
      return true;
    });
  }
  /** INVARIANT: while another attempt is to come nobody is told that it was refused. */
  #isTriedAgain(id: string, orders: readonly OrderState[]): boolean {
    return this.#core.state.displaced.has(id) && orders.every(({ status }) => isTerminal(status));
  }
}

function isUnsent({ status }: OrderState): boolean {
  return status === 'pending_send' || status === 'in_flight';
}
