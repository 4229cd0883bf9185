import type { EngineCore, Recorded } from '../flow/core.ts';
import { endedEvent, headSeq, intentOn, isOfAnother, judgeStatus, wordOn } from '../orders/evidence.ts';
import { isLost, isTerminal, type OrderState } from '../orders/orders.ts';
import { isSettled } from '../positions/positions.ts';
import type { OrderEvent } from '../records/decisions.ts';
import { ceilTicks, floorTicks, formatPriceE8, formatQuantityE8, tickE8, toE8, wholeLotsE8 } from '../records/units.ts';
import type { SymbolRules, VenueOrder } from '../records/venue.ts';
import type { GateViews } from '../state/views.ts';

/** The venue's stamps may be so much later than domain time for being read later. */
const CLOCKS_APART_MS = 1_000;

/**
 * When the venue was queried. `seq`: the ledger's head, recorded with what the answer proves. `nr`:
 * the query's number in this process, which orders queries between two records.
 */
export interface Ask {
  readonly seq: number;
  readonly nr: number;
}

/**
 * Everything learnt about an order goes through here. Each piece of evidence is compared with what is proven, and only
 * changes of the view are recorded ({@link judgeStatus}). Older evidence never undoes proof, however late it
 * comes and however often.
 */
export class OrderProof {
  readonly #core: EngineCore;
  /** Some of it was executed: prices and fees must be fetched. */
  readonly #onExecuted: (order: OrderState) => void;
  readonly #lastShown = new WeakMap<OrderState, Ask>();
  #asked = 0;

  constructor(core: EngineCore, onExecuted: (order: OrderState) => void) {
    this.#core = core;
    this.#onExecuted = onExecuted;
  }

  /** Call it before a query; the result goes with the answer. */
  ask(): Ask {
    this.#asked += 1;
    return { seq: headSeq(this.#core), nr: this.#asked };
  }

  /** Whether the venue showed the order in answer to a query after `ask`. */
  wasShownSince(order: OrderState, ask: Ask): boolean {
    const last = this.#lastShown.get(order);
    return last !== undefined && last.nr > ask.nr;
  }

  /** Applies what the venue shows of an order; null: nothing new, or it is another order ({@link isOther}). */
  adopt(order: OrderState, report: VenueOrder, ask: Ask): Recorded | null {
    if (this.isOther(order, report)) return null;
    const last = this.#lastShown.get(order);
    if (last === undefined || last.nr < ask.nr) this.#lastShown.set(order, ask);
    const before = order.executedE8;
    const event = wordOn(this.#core, order, {
      status: report.status,
      detail: null,
      evidence: { asked_seq: ask.seq, kind: 'shown' },
    });
    // RISK: what a conditional order became has a number of its own: taken for that of the order, it would hide its end.
    const isNumbered = report.kind === order.kind || order.venueOrderId !== null;
    const shown = { ...event, venue_order_id: isNumbered ? report.venueOrderId : null };
    const appended = this.#take(order, {
      ...shown,
      average_price: report.averagePrice,
      executed_e8: Math.max(before, report.executedE8),
      venue_at_ms: this.#byNow(report.updatedAtMs),
    });
    if (!isOfAnother(order, shown)) this.#settleByForm(order, report, ask);
    if (order.executedE8 > before) this.#onExecuted(order);
    return appended;
  }

  /** Whether another order is shown under this one's client id. It is reported, and never taken for ours. */
  isOther(order: OrderState, report: VenueOrder): boolean {
    if (isAsSent(order, report, this.#core.state)) return false;
    this.#core.lookout.found({
      code: 'LEDGER_BEHIND_VENUE',
      detail: describeDifference(order, report, this.#core.state.rules.get(order.symbol)),
      symbol: order.symbol,
    });
    return true;
  }

  /** The venue's clock may have been set back since: whatever it shows has happened. */
  #byNow(venueMs: number): number {
    const nowMs = this.#core.nowMs();
    return venueMs - nowMs > CLOCKS_APART_MS ? nowMs : venueMs;
  }

  /** Applies any other evidence; null: it changes nothing. */
  record(order: OrderState, event: OrderEvent): Recorded | null {
    if (event.client_order_id !== order.clientOrderId)
      throw new Error(`event of ${event.client_order_id} for ${order.clientOrderId}`);
    return this.#take(order, event);
  }

  /** The gate ends what it has not sent. */
  end(order: OrderState, detail: string): void {
    this.#take(order, endedEvent(this.#core, order, detail));
  }

  /** Applies answers without the order since `ask`, and its trades: how it ended, or that it cannot be found. */
  recordAbsent(
    order: OrderState,
    word: Pick<OrderEvent, 'status' | 'detail'>,
    ask: Ask,
    traded?: VenueOrder,
  ): Recorded | null {
    if (this.wasShownSince(order, ask)) return null;
    const before = order.executedE8;
    const event = wordOn(this.#core, order, { ...word, evidence: { asked_seq: ask.seq, kind: 'absent' } });
    const appended = this.#take(order, {
      ...event,
      average_price: traded?.averagePrice ?? null,
      executed_e8: Math.max(before, traded?.executedE8 ?? 0),
      venue_at_ms: traded === undefined ? event.venue_at_ms : this.#byNow(traded.updatedAtMs),
    });
    if (order.executedE8 > before) this.#onExecuted(order);
    return appended;
  }

  /**
   * Trades are proof, also of an order that had ended by absence or is lost. What an account reading of after them
   * already agrees with has been counted with it: it does not move again.
   */
  recordTraded(order: OrderState, atMs: number): Recorded | null {
    const isOver = isTerminal(order) || isLost(order);
    if (!isOver || order.tradedE8 <= order.executedE8 || this.#isRead(order, atMs)) return null;
    const isWhole = order.kind === 'algo' || order.tradedE8 >= order.quantityE8;
    const evidence = { asked_seq: headSeq(this.#core), kind: 'shown' } as const;
    const appended = this.#take(order, {
      ...wordOn(this.#core, order, { status: isWhole ? 'filled' : order.status, detail: order.detail, evidence }),
      average_price: order.averagePrice,
      executed_e8: order.tradedE8,
      venue_at_ms: this.#byNow(atMs),
    });
    if (appended !== null) this.#onExecuted(order);
    return appended;
  }

  #isRead({ symbol }: OrderState, atMs: number): boolean {
    const { accountAskedMs, positions, time } = this.#core.state;
    const position = positions.get(symbol);
    return accountAskedMs > time.of(atMs) && (position === undefined || isSettled(position));
  }

  #take(order: OrderState, event: OrderEvent): Recorded | null {
    if (isOfAnother(order, event)) return null;
    const status = judgeStatus(order, event);
    const isMore = event.executed_e8 > order.executedE8;
    if (isTerminal(order) && !isMore) return null;
    const isNews =
      isMore ||
      (status !== null && status !== order.status) ||
      (event.venue_order_id !== null && order.venueOrderId === null) ||
      (event.average_price !== null && order.averagePrice === null);
    if (!isNews) return null;
    // The record contains what the view becomes.
    return this.#core.append('order', { ...event, status: status ?? order.status });
  }

  /**
   * The form that the venue shows settles our amend. The new form settles it at once, whatever happens to our request.
   * If the order has ended, either form does. The old form of a live order proves nothing: the amend may still arrive.
   */
  #settleByForm(order: OrderState, report: VenueOrder, ask: Ask): void {
    const { amend, amendSeq } = order;
    if (amend === null || amendSeq === null || ask.seq < amendSeq) return;
    const isNew = isForm(amend, report);
    const isOnlyNew = isNew && !isForm(order, report);
    if (isOnlyNew) this.settleAmend(order, amendSeq, true, 'shown by the venue');
    else if (isTerminal(order)) this.settleAmend(order, amendSeq, isNew, `it is ${order.status} already`);
  }

  /**
   * The answer to an amend sent by `sentByMs` was lost; false: the amend was settled before, or this is already noted.
   */
  noteAmendUnknown(order: OrderState, amendSeq: number | null, reason: string, sentByMs: number): boolean {
    if (order.amend === null || amendSeq === null || order.amendSeq !== amendSeq || order.amendSentByMs !== null)
      return false;
    const intent = intentOn(order, 'amend_unknown', reason);
    this.#core.append('order_intent', { ...intent, amend_seq: amendSeq, sent_by_ms: sentByMs });
    return true;
  }

  /** Applies the proof of one of both forms; false: that amend was settled before. */
  settleAmend(order: OrderState, amendSeq: number | null, isNew: boolean, reason: string): boolean {
    if (order.amend === null || order.amendSeq !== amendSeq) return false;
    const intent = intentOn(order, isNew ? 'amended' : 'amend_failed', reason);
    this.#core.append('order_intent', amendSeq === null ? intent : { ...intent, amend_seq: amendSeq });
    return true;
  }
}

interface Form {
  readonly quantityE8: number;
  readonly priceE8: number | null;
}
function isForm(form: Form, report: Form): boolean {
  return form.quantityE8 === report.quantityE8 && form.priceE8 === report.priceE8;
}

/**
 * The venue accepts signed requests only if both clocks agree to a second. A far larger difference is another order.
 */
const PLACED_BEFORE_MS = 60_000;

/**
 * Whether an order that the venue shows under our client id may be ours: side, size and price are as sent, and
 * it was not placed before our decision. An id used earlier, or by a copy of the ledger, names another
 * order, whose fill is never ours (BY-46). Once the venue's own order id is known, it identifies the order, and
 * a change at the venue is a change of our order.
 */
export function isAsSent(order: OrderState, report: VenueOrder, { rules: known, time }: GateViews): boolean {
  const rules = known.get(order.symbol);
  if (order.foreign || order.venueOrderId !== null) return true;
  if (report.placedAtMs !== undefined && wasPlacedBefore(order, time.of(report.placedAtMs))) return false;
  if (report.side !== order.side) return false;
  // The order that a conditional one became has the form at its trigger.
  if (report.kind !== order.kind) return order.kind === 'algo';
  if (order.kind === 'algo') return isTrigger(order.triggerE8, report, rules);
  return isWritten(order, report, rules) || (order.amend !== null && isWritten(order.amend, report, rules));
}

/** Placed before the decision, by far more than clocks differ. `placedMs`: by `t`. */
export function wasPlacedBefore(order: OrderState, placedMs: number): boolean {
  return placedMs < order.plannedAtMs - PLACED_BEFORE_MS;
}

/** The form itself, or as it goes out after the venue has changed its steps: in whole lots, at the passive tick. */
function isWritten(form: Form, report: VenueOrder, rules: SymbolRules | undefined): boolean {
  if (isForm(form, report) || rules === undefined) return isForm(form, report);
  const inTicks = report.side === 'buy' ? floorTicks : ceilTicks;
  const priceE8 = form.priceE8 === null ? null : toE8(inTicks(form.priceE8, rules), tickE8(rules));
  return isForm({ quantityE8: wholeLotsE8(form.quantityE8, rules), priceE8 }, report);
}

function isTrigger(triggerE8: number | null, { side, triggerE8: shownE8 }: VenueOrder, rules: SymbolRules | undefined) {
  if (shownE8 === triggerE8 || triggerE8 === null || rules === undefined) return shownE8 === triggerE8;
  const inTicks = side === 'buy' ? ceilTicks : floorTicks;
  return shownE8 === toE8(inTicks(triggerE8, rules), tickE8(rules));
}

/** Describes for an operator what was sent and what the venue shows. */
function describeDifference(order: OrderState, report: VenueOrder, rules: SymbolRules | undefined): string {
  const shown = `${report.side} ${describeForm(report, rules)}`;
  const sent = `${order.side} ${describeForm(order, rules)}`;
  const placed = report.placedAtMs === undefined ? '' : ` of ${new Date(report.placedAtMs).toISOString()}`;
  return `the venue shows another order${placed} under the id ${order.clientOrderId}: ${shown}, sent was ${sent}`;
}

/** Such as `0.010 at 60000.1`, for people. */
export function describeForm({ priceE8, quantityE8 }: Form, rules: SymbolRules | undefined): string {
  const price = priceE8 === null ? 'any price' : formatPriceE8(priceE8, rules);
  return `${formatQuantityE8(quantityE8, rules)} at ${price}`;
}
