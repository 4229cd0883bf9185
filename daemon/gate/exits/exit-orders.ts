import type { ExitEnd } from '../events.ts';
import type { GateCore } from '../journal/journal.ts';
import { endedEvent } from '../journal/order-words.ts';
import { neverRests, type Resolver } from '../orders/resolver.ts';
import type { OrderSender } from '../orders/sender.ts';
import type { ExitTarget } from '../state/exit-targets.ts';
import { isResting, isTerminal, type OrderState, statusOf } from '../state/orders.ts';
import type { Rejection } from '../venue-port.ts';
import type { ExitRoom } from './room.ts';
import { Tries } from './tries.ts';

type EndTarget = (target: ExitTarget, reason: ExitEnd, detail: string) => void;

/** Orders of targets between their decision and their end: room, the send, what the venue made of it, when to go on. */
export class ExitOrders {
  readonly #core: GateCore;
  readonly #sender: OrderSender;
  readonly #resolver: Resolver;
  readonly #room: ExitRoom;
  readonly #signal: AbortSignal;
  readonly #onChange: () => void;
  readonly #tries = new Map<string, Tries>();
  /** Orders whose end has not been taken in yet, with how the venue refused them. */
  readonly #working = new Map<OrderState, Rejection | null>();
  readonly #carried = new Set<OrderState>();

  constructor(
    core: GateCore,
    sender: OrderSender,
    resolver: Resolver,
    room: ExitRoom,
    signal: AbortSignal,
    onChange: () => void,
  ) {
    this.#core = core;
    this.#sender = sender;
    this.#resolver = resolver;
    this.#room = room;
    this.#signal = signal;
    this.#onChange = onChange;
  }

  /** Of before a restart: its end is taken in when it comes. */
  watch(order: OrderState): void {
    if (!isTerminal(order.status)) this.#working.set(order, null);
  }

  /** What its last order met at the venue is still being taken in. */
  isCarrying({ allotments }: ExitTarget): boolean {
    return allotments.some(({ order }) => this.#carried.has(order));
  }

  /** Wall time of the process at which a group may go out again; null: at any. */
  nextAtOf(key: string): number | null {
    return this.#tries.get(key)?.nextAt ?? null;
  }
  triesOf(key: string): Tries {
    const known = this.#tries.get(key);
    if (known !== undefined) return known;
    const tries = new Tries();
    this.#tries.set(key, tries);
    return tries;
  }
  forgetTries(key: string): void {
    this.#tries.delete(key);
  }

  /** Runs by itself, once `committed` says that the decision is on disk. */
  carry(order: OrderState, committed: Promise<void>): void {
    this.#working.set(order, null);
    this.#carried.add(order);
    const left = this.#room.leftOf(order);
    committed
      .then(() => this.#makeAndSend(order, left))
      .catch((error: unknown) => {
        if (this.#signal.aborted) return;
        this.#sender.giveUp(order, error);
        this.#core.alert('EXIT_FAILED', String(error), order.symbol);
      })
      .finally(() => {
        this.#carried.delete(order);
        this.#onChange();
      });
  }

  async #makeAndSend(order: OrderState, left: number): Promise<void> {
    await this.#room.make(order);
    const why = order.status === 'in_flight' ? this.#room.whyTooLarge(order, left) : null;
    if (why !== null) {
      this.#sender.record(order, endedEvent(this.#core, order, 'canceled', why));
      return;
    }
    const outcome = await this.#sender.send(order);
    if (outcome.kind === 'rejected') {
      this.#working.set(order, outcome.rejection);
      if (outcome.rejection.consequence === 'cancel_sibling')
        await this.#room.cancelSiblings(order, this.#failuresOf(order) + 1);
    }
    // RISK: an answer may show an IOC as resting while it is being matched; the ladder resumes from its end.
    if (statusOf(order) === 'unknown') this.#pauseAfter(order);
    if (statusOf(order) === 'unknown' || (isResting(order) && neverRests(order)))
      void this.#resolver.resolve(order).finally(() => this.#onChange());
  }

  /** What does not wait for the proof still leaves the venue its time. */
  #pauseAfter(order: OrderState): void {
    const [target] = this.#core.state.targets.targetsOf(order);
    const now = this.#core.ports.time.monotonicMs();
    if (target !== undefined) this.triesOf(target.key).afterRung(now, this.#core.policySpec.exits.step_ms);
  }

  #failuresOf(order: OrderState): number {
    const [target] = this.#core.state.targets.targetsOf(order);
    return target === undefined ? 0 : (this.#tries.get(target.key)?.failures ?? 0);
  }

  /** What became of orders that have ended; `end` is told of targets that end with them. */
  takeEnds(end: EndTarget): void {
    for (const [order, rejection] of this.#working) {
      if (this.#carried.has(order)) continue;
      const targets = this.#core.state.targets.targetsOf(order);
      if (isTerminal(order.status)) {
        this.#working.delete(order);
        if (targets.length > 0) this.#takeEnd(order, rejection, targets, end);
      } else if (order.status === 'lost') {
        // The gate sizes another one by what the account shows: both would close the same.
        for (const target of targets)
          if (target.origin === 'gate') end(target, 'lost', `what became of ${order.clientOrderId} is not known`);
      }
    }
  }

  #takeEnd(order: OrderState, rejection: Rejection | null, targets: readonly ExitTarget[], end: EndTarget): void {
    const tries = this.triesOf(targets[0]?.key ?? '');
    const { clock, time } = this.#core.ports;
    const now = time.monotonicMs();
    const { status } = order;
    const wasRefused = status === 'rejected' || status === 'not_placed';
    let mayGoOn = true;
    if (wasRefused) mayGoOn = tries.afterRefusal(rejection, order.retryable, now, clock.scale);
    else if (status === 'canceled' && order.venueOrderId === null && !order.cancelRequested)
      mayGoOn = tries.afterRefusal(null, true, now, clock.scale);
    else if (status === 'filled') mayGoOn = tries.afterPart();
    else if (order.venueOrderId !== null) tries.afterRung(now, this.#core.policySpec.exits.step_ms);
    if (mayGoOn) return;
    const why = wasRefused ? `the venue refused it: ${order.detail ?? 'no reason'}` : 'it went out in too many parts';
    for (const target of targets)
      if (target.end === null && target.leftLots > 0) end(target, wasRefused ? 'rejected' : 'exhausted', why);
    tries.failures = 0;
  }
}
