import { type LayerPlace, layerEvent, layerKey } from '../callers/layers.ts';
import type { EngineCore, VenueConsequences } from '../flow/core.ts';
import { ask, type Flow, Pending, type Started, wait } from '../flow/step.ts';
import { stalledEvent } from '../orders/evidence.ts';
import { everyLiveOrder, isResting, isTerminal, isUnproven, neverRests, type OrderState } from '../orders/orders.ts';
import type { VenueOrder } from '../records/venue.ts';
import { AbsentOrders } from './absent-orders.ts';
import type { Ask, OrderProof } from './order-proof.ts';

/**
 * Wall-clock steps between lookups, and the step that repeats after them. They start again at the horizon,
 * from which on answers count.
 */
const LOOKUP_STEPS_MS: readonly number[] = [250, 500, 1000, 2000];
const LAST_STEP_MS = 5000;
/** How many consecutive answers past the acceptance horizon (not found, or an old form) prove anything. */
const ANSWERS_NEEDED = 3;
/** After this many without proof the order is `lost`: still reserved, still looked up, with an alert. */
const ANSWERS_UNTIL_LOST = 12;

/** The findings of one search so far. Only answers count: a failed lookup proves nothing. */
interface Search {
  readonly order: OrderState;
  began: Ask;
  beganMs: number;
  beganWallMs: number;
  /** The amend whose outcome is also searched for. */
  amendSeq: number | null;
  /** The order rested, and lists no longer show it. */
  isGone: boolean;
  /** Consecutive answers past the horizon without the order; `since`: when the first of them was requested. */
  notFound: number;
  since: Ask | null;
  /** The first answer past the horizon has come. */
  isPast: boolean;
  /** Answers past the horizon that show the form before an amend. */
  oldForm: number;
  /** Answers past the horizon that show an order working that can only fill or end. */
  stalled: number;
  /** Venue ids of orders known not to be this one. */
  others: Set<string>;
}

/**
 * Resolves orders with an unknown outcome. The reservation stays at full size until the venue proves what happened.
 * A failed lookup proves nothing and advances no count. The horizon is a time in the ledger: a restart continues
 * to wait for it and does not start over. Until everything is resolved the symbol is in `reducing`.
 */
export class Resolver {
  readonly #core: EngineCore;
  readonly #proof: OrderProof;
  readonly #absent: AbsentOrders;
  readonly #running = new Map<string, { readonly search: Search; readonly done: Started<void> }>();
  /** Orders whose search threw at its last step, which is reported once. */
  readonly #failing = new Set<string>();

  constructor(core: EngineCore, proof: OrderProof, consequences: Pick<VenueConsequences, 'onVanished'>) {
    this.#core = core;
    this.#proof = proof;
    this.#absent = new AbsentOrders(core, proof, consequences);
  }

  get pending(): number {
    return this.#running.size;
  }

  /** Over when the order's outcome is proven; one search per order. */
  resolve(order: OrderState): Started<void> {
    const running = this.#running.get(order.clientOrderId);
    if (running !== undefined) return running.done;
    const search = this.#begin(order);
    if (this.#isProven(order, search)) return Pending.done();
    const done = new Pending<void>();
    this.#running.set(order.clientOrderId, { search, done });
    this.#core.begin(this.#run(order, search)).onEnd((end) => {
      // One that failed is begun again by the next sweep.
      this.#running.delete(order.clientOrderId);
      if (end.kind === 'failed' && !this.#core.isStopping())
        this.#core.alertRarely(
          'RESOLVE_FAILED',
          `resolving ${order.clientOrderId}: ${String(end.error)}`,
          order.symbol,
        );
      done.close({ kind: 'done', result: undefined });
    });
    return done;
  }

  #begin(order: OrderState): Search {
    return {
      order,
      began: this.#proof.ask(),
      beganMs: this.#core.passedMs(),
      beganWallMs: this.#core.ports.time.monotonicMs(),
      amendSeq: order.amendSentByMs === null ? null : order.amendSeq,
      isGone: isResting(order) && order.amendSentByMs === null && !neverRests(order),
      notFound: 0,
      since: null,
      isPast: false,
      oldForm: 0,
      stalled: 0,
      others: new Set(),
    };
  }

  /** An amend that is lost meanwhile has its own horizon: earlier answers say nothing about it. */
  #beginAnew(order: OrderState, search: Search): void {
    if (order.amendSentByMs !== null && order.amendSeq !== search.amendSeq) Object.assign(search, this.#begin(order));
  }

  *#run(order: OrderState, search: Search): Flow<void> {
    let step = 0;
    while (!this.#core.isStopping()) {
      const { isPast } = search;
      this.#beginAnew(order, search);
      if (yield* this.#try(order, search)) return;
      if (search.isPast !== isPast) step = 0;
      const waitMs = LOOKUP_STEPS_MS[step] ?? LAST_STEP_MS;
      step += 1;
      yield* wait(Math.min(waitMs, this.#untilHorizonMs(order, search)));
    }
  }

  /**
   * One step; true: the search is over. An exception is a defect or a failing ledger: it is reported once and retried.
   */
  *#try(order: OrderState, search: Search): Flow<boolean> {
    const { clientOrderId } = order;
    try {
      if (!this.#isProven(order, search)) {
        this.#noteSymbol(order, search);
        yield* this.#look(order, search);
      }
      this.#failing.delete(clientOrderId);
      if (!this.#isProven(order, search)) return false;
      this.#running.delete(clientOrderId);
      this.#reopen(order.symbol);
      return true;
    } catch (error) {
      if (this.#core.isStopping() || this.#failing.has(clientOrderId)) return false;
      this.#failing.add(clientOrderId);
      this.#core.alert('RESOLVE_FAILED', `resolving ${clientOrderId}: ${String(error)}`, order.symbol);
      return false;
    }
  }

  /** Whether it is resolved, by this search or by a report from elsewhere. */
  #isProven(order: OrderState, search: Search): boolean {
    if (order.amendSentByMs !== null) return false;
    if (isTerminal(order)) return true;
    // An order that never rests is still being matched, or the answer is old: its end decides what remains to be done.
    if (!isResting(order) || neverRests(order)) return false;
    return !search.isGone || this.#proof.wasShownSince(order, search.began);
  }

  *#look(order: OrderState, search: Search): Flow<void> {
    const asked = this.#proof.ask();
    const { clientOrderId, kind, symbol } = order;
    const outcome = yield* ask<'lookUp'>({ fx: 'lookUp', key: { clientOrderId, kind, symbol } });
    this.#beginAnew(order, search);
    if (outcome.kind === 'failed') return;
    const isPast = this.#isPastHorizon(order, search);
    search.isPast ||= isPast;
    // Another order under the same id says as little about this one as no order at all.
    if (outcome.kind === 'found' && !this.#proof.isOther(order, outcome.order)) {
      search.notFound = 0;
      search.since = null;
      this.#proof.adopt(order, outcome.order, asked);
      if (isPast) this.#judgeShown(order, outcome.order, search);
      return;
    }
    if (!isPast) return;
    // A list has shown it meanwhile: the earlier answers came from a lagging replica.
    if (search.since === null || this.#proof.wasShownSince(order, search.since)) {
      search.notFound = 0;
      search.since = asked;
    }
    search.notFound += 1;
    if (search.notFound < ANSWERS_NEEDED || (yield* this.#absent.end(order, search.since, search.others))) return;
    if (search.notFound < ANSWERS_UNTIL_LOST || isTerminal(order)) return;
    if (
      this.#proof.recordAbsent(order, { status: 'lost', detail: 'no proof of what became of it' }, search.since) !==
      null
    )
      this.#alertLost(order);
  }

  /** Shown past the horizon: an old form stays; an order that should end and does not is lost. */
  #judgeShown(order: OrderState, report: VenueOrder, search: Search): void {
    if (isTerminal(order)) return;
    if (order.amend !== null && order.amendSentByMs !== null) {
      search.oldForm += 1;
      if (search.oldForm < ANSWERS_NEEDED) return;
      const isNew = order.amend.quantityE8 === report.quantityE8 && order.amend.priceE8 === report.priceE8;
      this.#proof.settleAmend(order, order.amendSeq, isNew, 'looked up');
      return;
    }
    if (!neverRests(order)) return;
    search.stalled += 1;
    if (search.stalled < ANSWERS_UNTIL_LOST) return;
    const stalled = stalledEvent(this.#core, order, 'the venue goes on showing it as working');
    if (this.#proof.record(order, stalled) !== null) this.#alertLost(order);
  }

  #alertLost(order: OrderState): void {
    this.#core.alert(
      'ORDER_LOST',
      `order ${order.clientOrderId} is lost: it stays reserved, the symbol stays in reducing until it is found or an operator ends it (./holdfast end-order ${order.clientOrderId})`,
      order.symbol,
    );
  }

  /**
   * From when on an answer without the order, or in its old form, counts. If the ledger knows that an order or amend
   * was sent, from that time on; else from the search on. A time written under a wrong clock delays nothing for longer
   * than the same span of wall time.
   */
  #isPastHorizon(order: OrderState, search: Search): boolean {
    const { acceptanceHorizonMs } = this.#core.ports.venue;
    if (this.#core.passedMs() > horizonFromMs(order, search) + acceptanceHorizonMs) return true;
    const { clock, time } = this.#core.ports;
    return clock.scale > 0 && (time.monotonicMs() - search.beganWallMs) * clock.scale > acceptanceHorizonMs;
  }
  /** Wall time until then. It can only shorten a step, so a wrong clock delays nothing. */
  #untilHorizonMs(order: OrderState, search: Search): number {
    const { clock, venue } = this.#core.ports;
    if (search.isPast || clock.scale === 0) return Number.POSITIVE_INFINITY;
    const leftMs = horizonFromMs(order, search) + venue.acceptanceHorizonMs - this.#core.passedMs();
    return Math.max(LOOKUP_STEPS_MS[0] ?? 0, (leftMs + 1) / clock.scale);
  }

  /**
   * Called at every tick, so that nothing unproven is left without a search, and no symbol stays closed for orders that
   * are known by now.
   */
  sweep(): void {
    for (const order of everyLiveOrder(this.#core.state.orders)) if (isUnresolved(order)) void this.resolve(order);
    for (const entry of [...this.#core.state.layers.values()]) {
      if (entry.layer !== 'breaker' || entry.setBy !== 'resolver' || entry.name === null) continue;
      this.#reopen(entry.name);
    }
  }

  #isSearching(symbol: string): boolean {
    for (const { search } of this.#running.values())
      if (search.order.symbol === symbol && !isQuiet(search)) return true;
    return false;
  }

  /** The symbol's breaker layer while any of its orders is unknown. */
  #noteSymbol(order: OrderState, search: Search): void {
    if (this.#core.state.layers.has(layerKey(placeOf(order.symbol)))) return;
    if (isQuiet(search)) return;
    this.#appendState(order.symbol, 'reducing', 'the outcome of an order is not known');
  }
  #reopen(symbol: string): void {
    const entry = this.#core.state.layers.get(layerKey(placeOf(symbol)));
    if (entry?.setBy === 'resolver' && !this.#isSearching(symbol))
      this.#appendState(symbol, 'active', 'every order of the symbol is known again');
  }
  #appendState(symbol: string, state: 'reducing' | 'active', reason: string): void {
    const clearsWhen = state === 'active' ? null : 'every order of the symbol is known again';
    this.#core.append('state', layerEvent(placeOf(symbol), reason, 'resolver', clearsWhen));
  }
}

function placeOf(symbol: string): LayerPlace {
  return { layer: 'breaker', scope: 'symbol', name: symbol };
}
function horizonFromMs(order: OrderState, search: Search): number {
  return search.isGone ? search.beganMs : (order.amendSentByMs ?? order.sentByMs ?? search.beganMs);
}

/** A resting order stays known until answers without it repeat: one list and one lookup prove nothing. */
function isQuiet({ isGone, notFound }: Search): boolean {
  return isGone && notFound < ANSWERS_NEEDED;
}

/** Whether the order's outcome, or its amend's, is still unknown. */
function isUnresolved(order: OrderState): boolean {
  return isUnproven(order) || order.amendSentByMs !== null;
}
