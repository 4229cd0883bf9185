import type { Side } from '../../core/request.ts';
import type { DecisionEvent } from '../events.ts';
import type { GateCore } from '../gate-core.ts';
import { endedEvent } from '../order-proof.ts';
import type { OrderSender } from '../order-sender.ts';
import { waitsForOwnExits } from '../state/closable-share.ts';
import { heldOn } from '../state/exit-targets.ts';
import { remainingLots } from '../state/exposure.ts';
import { stateInForce } from '../state/layers.ts';
import { everyLiveOrder, isTerminal, liveOrders, type OrderState, statusOf } from '../state/orders.ts';
import { decideExitOrder } from './decide-order.ts';
import type { ExitPace } from './pace.ts';
import { isExitOnItsWay } from './plan-exits.ts';
import type { ExitRoom } from './room.ts';
import { Tries } from './tries.ts';

/** Between two looks at what others of the same agent have closed, ms. */
const LOOK_EVERY_MS = 25;

/**
 * Exits that rest at their own price: their callers' orders, no targets. They go out one by one, in turn, as the rate of
 * their agent permits when it is their turn.
 */
export class RestingExits {
  readonly #core: GateCore;
  readonly #sender: OrderSender;
  readonly #room: ExitRoom;
  readonly #pace: ExitPace;
  readonly #signal: AbortSignal;
  readonly #onEnd: () => void;
  readonly #events = new Map<OrderState, DecisionEvent>();
  readonly #running = new Map<OrderState, { readonly done: Promise<void>; readonly resolve: () => void }>();
  /** By decision: what is being placed, with the first of its orders. */
  readonly #placing = new Map<string, OrderState>();
  readonly #givenUp = new Set<OrderState>();
  /** Those of before a restart wait until it is known what is held. */
  isReleased = false;

  constructor(
    core: GateCore,
    sender: OrderSender,
    room: ExitRoom,
    pace: ExitPace,
    signal: AbortSignal,
    onEnd: () => void,
  ) {
    this.#core = core;
    this.#sender = sender;
    this.#room = room;
    this.#pace = pace;
    this.#signal = signal;
    this.#onEnd = onEnd;
  }

  /** Resolves when the order rests or has ended. */
  async run(event: DecisionEvent, order: OrderState): Promise<void> {
    this.#events.set(order, event);
    if (order.status === 'in_flight') await this.#place(event, order);
    else {
      this.#onEnd();
      await this.#untilDone(order);
    }
  }

  #untilDone(order: OrderState): Promise<void> {
    const known = this.#running.get(order);
    if (known !== undefined) return known.done;
    let resolve = (): void => undefined;
    const done = new Promise<void>((settle) => {
      resolve = settle;
    });
    this.#running.set(order, { done, resolve });
    return done;
  }
  #isDone(order: OrderState): void {
    this.#events.delete(order);
    this.#running.get(order)?.resolve();
    this.#running.delete(order);
  }

  /** RISK: an exit of anybody works on that side: what rests before it would make the venue refuse it. */
  #isRoomNeeded(symbol: string, side: Side): boolean {
    const { orders, targets } = this.#core.state;
    for (const target of targets.open)
      if (target.symbol === symbol && target.side === side && (target.leftLots > 0 || target.allotments.length === 0))
        return true;
    return [...liveOrders(orders, symbol)].some((order) => order.side === side && isExitOnItsWay(order));
  }

  /**
   * What was canceled to make room for an exit rests again, at most as large as what is left, once no exit works on that
   * side of the symbol any more.
   */
  restAgain(): void {
    const { displaced, layers, orders, positions } = this.#core.state;
    if (displaced.size === 0) return;
    for (const old of [...displaced.waiting()]) {
      const { agent, side, symbol } = old;
      if (agent === null || this.#isRoomNeeded(symbol, side)) continue;
      if (stateInForce(layers, this.#core.nowMs(), symbol, agent).state === 'halted') continue;
      const live = [...liveOrders(orders, symbol)].filter((order) => order.agent === agent && order.side === side);
      const resting = live.reduce((sum, order) => sum + (order.reduceOnly ? remainingLots(order) : 0), 0);
      const mine = this.#core.policyFor(agent).exitScope === 'own' ? agent : null;
      const room = heldOn(positions.get(symbol), side, mine) - resting;
      const lots = Math.min(room, old.lots - old.executedLots);
      if (lots > 0 && this.#pace.waitMs('agent', agent, false, true) === 0) this.#restAgain(old, lots);
    }
  }

  #restAgain(old: OrderState, lots: number): void {
    const event = this.#eventOf(old);
    const rules = this.#core.state.rules.get(old.symbol);
    if (event === null || rules === undefined) return;
    const limitPrice = old.priceTicks === null ? null : (old.priceTicks * rules.tickMantissa) / rules.tickScale;
    const { decided, order } = decideExitOrder(this.#core, event, { lots, rung: 0, own: null, limitPrice });
    if (order === null) return;
    this.#pace.note(old.agent ?? '');
    decided.appended.committed
      .then(() => this.#sender.send(order))
      .then((outcome) => {
        if (outcome.kind === 'rejected') this.#tellLost(order, outcome.rejection.message);
      })
      .catch((error: unknown) => {
        if (!this.#signal.aborted) this.#core.alert('EXIT_FAILED', String(error), order.symbol);
      });
  }

  /** A resting exit is gone that its caller may believe in. */
  #tellLost(order: OrderState, why: string): void {
    const what = `the resting exit ${order.clientOrderId} of ${order.decisionId ?? 'nobody'}`;
    this.#core.alert('EXIT_ENDED', `${what} does not rest: ${why}`, order.symbol);
  }

  /** A caller wants them gone that are between two attempts, and so at the venue no more. */
  giveUp(isConcerned: (order: OrderState) => boolean): void {
    for (const order of this.#placing.values()) if (isConcerned(order)) this.#givenUp.add(order);
  }

  /** Sends those that wait and whose turn it is. Returns the wall time until the next may go, ms; null: none waits. */
  sendDue(): number | null {
    let waitMs: number | null = null;
    for (const order of this.#waiting()) {
      const asked = this.#isWaiting(order)
        ? LOOK_EVERY_MS
        : this.#pace.waitMs(order.origin ?? 'agent', order.agent ?? '', true, true);
      if (asked > 0) waitMs = Math.min(waitMs ?? asked, asked);
      else this.#send(order);
    }
    for (const order of this.#running.keys())
      if (isTerminal(order.status) && !this.#core.retrying.has(order.decisionId ?? '')) this.#isDone(order);
    return waitMs;
  }

  /** RISK: none goes out beside exits that may close all of the agent's share: the rest of the position is another's. */
  #isWaiting({ agent, origin, symbol }: OrderState): boolean {
    if (agent === null || origin !== 'agent' || this.#core.policyFor(agent).exitScope !== 'own') return false;
    const { orders, positions } = this.#core.state;
    return waitsForOwnExits(positions.get(symbol), liveOrders(orders, symbol), agent);
  }

  #waiting(): readonly OrderState[] {
    const { orders, targets } = this.#core.state;
    const waiting: OrderState[] = [];
    for (const order of everyLiveOrder(orders)) {
      if (order.status !== 'pending_send' || !order.reduceOnly || order.protective || order.foreign) continue;
      if (order.decisionId === null || targets.find(order.decisionId) !== null) continue;
      if (this.isReleased || this.#events.has(order)) waiting.push(order);
    }
    const turn = ({ agent }: OrderState): number => this.#pace.servedAt(agent ?? '');
    return waiting.sort((a, b) => turn(a) - turn(b) || a.plannedAtMs - b.plannedAtMs);
  }

  #eventOf(order: OrderState): DecisionEvent | null {
    const known = this.#events.get(order);
    if (known !== undefined) return known;
    const stored = this.#core.ports.ledger.findDecision(order.decisionId ?? '');
    return stored === null ? null : (stored.payload as DecisionEvent);
  }

  #send(order: OrderState): void {
    const event = this.#eventOf(order);
    if (event === null) return;
    const { decided, order: sent } = decideExitOrder(this.#core, event, { lots: order.lots, rung: 0, own: order });
    if (sent === null) {
      const code = decided.body.reasons[0]?.code ?? 'BLOCK';
      this.#sender.record(order, endedEvent(this.#core, order, 'canceled', `refused when it was due: ${code}`));
      return;
    }
    this.#pace.note(order.agent ?? '');
    decided.appended.committed
      .then(() => this.#place(event, order))
      .catch((error: unknown) => {
        if (!this.#signal.aborted) this.#core.alert('EXIT_FAILED', String(error), order.symbol);
      })
      .finally(() => this.#isDone(order));
  }

  /** INVARIANT: while another attempt is to come nobody is told that it was refused. */
  async #place(event: DecisionEvent, first: OrderState): Promise<void> {
    const id = first.decisionId ?? '';
    this.#core.retrying.add(id);
    this.#placing.set(id, first);
    try {
      await this.#tryToPlace(event, first);
    } catch (error) {
      const made = this.#core.state.orders.byDecision.get(id) ?? [];
      if (!this.#signal.aborted) for (const order of made) this.#sender.giveUp(order, error);
      throw error;
    } finally {
      this.#core.retrying.delete(id);
      this.#placing.delete(id);
      this.#givenUp.delete(first);
    }
  }

  async #tryToPlace(event: DecisionEvent, first: OrderState): Promise<void> {
    const tries = new Tries();
    let order = first;
    while (!this.#signal.aborted) {
      await this.#room.make(order);
      if (statusOf(order) !== 'in_flight') return;
      if (this.#room.isAboveShare(order)) {
        // RISK: another one that filled while room was made has closed a part already; the rest may be another's.
        this.#sender.record(order, endedEvent(this.#core, order, 'canceled', 'its share shrank while room was made'));
      } else {
        const outcome = await this.#sender.send(order);
        if (outcome.kind !== 'rejected') return;
        const { clock, time } = this.#core.ports;
        const now = time.monotonicMs();
        if (!tries.afterRefusal(outcome.rejection, order.retryable, now, clock.scale)) {
          this.#tellLost(order, outcome.rejection.message);
          return;
        }
        if (outcome.rejection.consequence === 'cancel_sibling') await this.#room.cancelSiblings(order, tries.failures);
        await time.delay(tries.nextAt - now, this.#signal);
        if (this.#signal.aborted || order.cancelRequested || this.#givenUp.has(first)) return;
      }
      const next = decideExitOrder(this.#core, event, { lots: order.lots, rung: 0, own: null });
      if (next.order === null) return;
      this.#pace.note(order.agent ?? '');
      await next.decided.appended.committed;
      order = next.order;
    }
  }
}
