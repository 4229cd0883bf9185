import type { EngineCore, VenueConsequences } from '../flow/core.ts';
import { ask, type Flow, onDisk, type Started, type VenueKey } from '../flow/step.ts';
import { intentOn } from '../orders/evidence.ts';
import { everyLiveOrder, liveOrders, type OrderState } from '../orders/orders.ts';
import { isInFlight, isPlanned, isResting, isTerminal, isUnproven, neverRests } from '../tables/status.ts';
import type { OrderProof } from './order-proof.ts';

/** Wall-clock time between two attempts at the same cancel, ms. */
const RETRY_MS = 500;
/** The same for an order that nothing shows at the venue: its look-ups go on beside them. */
const UNSEEN_RETRY_MS = 5_000;

/** Cancels orders and believes it only when the venue proves it: until then they count in full (BY-32). */
export class Canceler {
  readonly #core: EngineCore;
  readonly #proof: OrderProof;
  readonly #consequences: Pick<VenueConsequences, 'onUnknown'>;
  readonly #running = new Map<string, Started<void>>();
  readonly #triedAt = new Map<string, number>();

  constructor(core: EngineCore, proof: OrderProof, consequences: Pick<VenueConsequences, 'onUnknown'>) {
    this.#core = core;
    this.#proof = proof;
    this.#consequences = consequences;
  }

  /**
   * Records the wish, asks the venue, records the proof; an unsent slice is simply dropped. One attempt at a time.
   * `onCanceled`: the venue says that it is canceled, which is not proven yet.
   */
  cancel(order: OrderState, reason: string, onCanceled?: () => void): Started<void> {
    const { clientOrderId: id } = order;
    const running = this.#running.get(id);
    if (running !== undefined) return running;
    const started = this.#core.begin(this.#cancel(order, reason, onCanceled));
    if (!started.isOver) this.#running.set(id, started);
    return started.onEnd(() => this.#running.delete(id));
  }

  /**
   * A cancel that was refused, lost, or requested too early is requested again until the order has ended (BY-32). An
   * order that was on its way when its cancel was asked for, and whose answer is lost, may rest: no look-up need show it
   * first.
   */
  retryUnproven(): readonly Started<void>[] {
    const now = this.#core.ports.time.monotonicMs();
    const due: OrderState[] = [];
    for (const order of everyLiveOrder(this.#core.state.orders)) if (this.#isDueAgain(order, now)) due.push(order);
    return due.map((order) => this.cancel(order, 'canceled again'));
  }
  #isDueAgain(order: OrderState, now: number): boolean {
    if (!order.cancelRequested || !mayRest(order) || this.#running.has(order.clientOrderId)) return false;
    const waitMs = isResting(order) ? RETRY_MS : UNSEEN_RETRY_MS;
    return now - (this.#triedAt.get(order.clientOrderId) ?? Number.NEGATIVE_INFINITY) >= waitMs;
  }

  /** Records the wish alone, and the end of what was never sent. */
  note(order: OrderState, reason: string): void {
    if (isTerminal(order)) return;
    if (isPlanned(order)) {
      this.#proof.end(order, reason);
      return;
    }
    if (order.cancelRequested) return;
    this.#core.append('order_intent', intentOn(order, 'cancel', reason));
  }

  /** Ends unsent slices of openings (state turned reducing, orderly stop). */
  dropUnsent(detail: string, matches: (order: OrderState) => boolean): void {
    for (const order of everyLiveOrder(this.#core.state.orders))
      if (isPlanned(order) && !order.reduceOnly && matches(order)) this.#proof.end(order, detail);
  }

  *#cancel(order: OrderState, reason: string, onCanceled?: () => void): Flow<void> {
    this.note(order, reason);
    // Also where the wish was on record: that record may not be on disk yet.
    yield* onDisk();
    if (isTerminal(order)) return;
    // On its way: the sender drops it if it can; once it rests it is canceled like any other.
    if (isInFlight(order)) return;
    this.#triedAt.set(order.clientOrderId, this.#core.ports.time.monotonicMs());
    const asked = this.#proof.ask();
    const outcome = yield* ask<'cancel'>({ fx: 'cancel', key: keyOf(order) });
    this.#core.ports.observer.submitted(`cancel_${outcome.kind}`);
    if (outcome.kind === 'canceled') {
      onCanceled?.();
      if (outcome.order !== null) this.#proof.adopt(order, outcome.order, asked);
    }
    // Whatever comes of our request, and however late: an order whose end is proven is looked for no more.
    if (!isTerminal(order)) yield* this.#lookUp(order, outcome.kind === 'canceled');
    if (outcome.kind !== 'canceled')
      this.#noteRefusal(order, outcome.kind === 'rejected' ? outcome.rejection.message : outcome.detail);
    if (isTerminal(order)) this.#triedAt.delete(order.clientOrderId);
  }

  /** Told once for each answer: the cancel is requested again every {@link RETRY_MS}. */
  #noteRefusal(order: OrderState, reason: string): void {
    if (isTerminal(order) || order.cancelRefusal === reason) return;
    this.#core.append('order_intent', intentOn(order, 'cancel_failed', reason));
  }

  /**
   * Rejected and unknown prove nothing: a lookup tells whether the order filled, was canceled or
   * triggered. One that fails proves nothing either, and takes nothing back: the cancel is requested again.
   */
  *#lookUp(order: OrderState, isAcknowledged: boolean): Flow<void> {
    const asked = this.#proof.ask();
    const found = yield* ask<'lookUp'>({ fx: 'lookUp', key: keyOf(order) });
    if (found.kind === 'found') this.#proof.adopt(order, found.order, asked);
    else if (found.kind === 'not_found' && order.kind === 'algo' && isAcknowledged)
      this.#proof.recordAbsent(order, { status: 'canceled', detail: 'no longer at the venue' }, asked);
    else if (found.kind === 'not_found') this.#consequences.onUnknown(order);
  }

  /** All are requested when this returns. */
  cancelMatching(
    symbol: string | null,
    matches: (order: OrderState) => boolean,
    reason: string,
  ): readonly Started<void>[] {
    const orders =
      symbol === null ? everyLiveOrder(this.#core.state.orders) : [...liveOrders(this.#core.state.orders, symbol)];
    return orders.filter((order) => !isTerminal(order) && matches(order)).map((order) => this.cancel(order, reason));
  }
}

/** It rests, or nobody knows what became of it and it is of a form that rests. */
function mayRest(order: OrderState): boolean {
  if (isResting(order)) return true;
  return isUnproven(order) && !neverRests(order);
}

function keyOf({ clientOrderId, kind, symbol }: OrderState): VenueKey {
  return { clientOrderId, kind, symbol };
}
