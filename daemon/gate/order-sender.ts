import type { OrderStatus } from './api.ts';
import { Approvals } from './approval.ts';
import type { OrderEvent } from './events.ts';
import type { Appended, GateCore } from './gate-core.ts';
import type { Rejection, SubmitOutcome, VenueOrder } from './ports.ts';
import { stateInForce } from './state/layers.ts';
import { isTerminal, liveOrders, type OrderState } from './state/orders.ts';

/** What happened to the venue as a whole, as an answer of it told us. */
export interface VenueConsequences {
  /** Acts on a rejection beyond the order: closes the venue, reloads filters, resyncs the clock… */
  onRejection(rejection: Rejection, order: OrderState): void;
  onUnknown(order: OrderState): void;
  /** Lots were executed: prices and fees are to be fetched. */
  onExecuted(order: OrderState): void;
}

/** Sends approved orders and records what became of them. The only caller of `venue.submit`. */
export class OrderSender {
  readonly #core: GateCore;
  readonly #consequences: VenueConsequences;
  readonly #approvals = new Approvals();
  readonly #leverageLocks = new Map<string, Promise<void>>();
  #isOpeningStopped = false;

  constructor(core: GateCore, consequences: VenueConsequences) {
    this.#core = core;
    this.#consequences = consequences;
  }

  /** The daemon stops: what was decided and is not at the venue yet no longer goes there, exits excepted. */
  stopOpening(): void {
    this.#isOpeningStopped = true;
  }

  /** Precondition: the order's decision is on disk. The deadline runs from here, the leverage setting included. */
  async send(order: OrderState): Promise<SubmitOutcome> {
    const startedAt = performance.now();
    if (!order.reduceOnly) {
      const problem = await this.#matchLeverage(order);
      if (problem !== null) {
        this.record(order, rejectedEvent(this.#core, order, problem));
        return { kind: 'rejected', rejection: problem };
      }
    }
    // RISK: between decision and here time has passed: a halt, a cancel or a stop of the daemon must hold.
    const stopped = this.#findStop(order);
    if (stopped !== null) {
      this.record(order, endedEvent(this.#core, order, 'canceled', stopped));
      return { kind: 'rejected', rejection: notSent(stopped) };
    }
    const approved = this.#approvals.approveOrder(order);
    const leftMs = this.#core.settings.sendDeadlineMs - (performance.now() - startedAt);
    const outcome = await this.#core.ports.venue.submit(approved, Math.min(leftMs, this.#core.settings.sendDeadlineMs));
    this.#take(order, outcome);
    return outcome;
  }

  #findStop(order: OrderState): string | null {
    if (order.status !== 'in_flight') return `it is ${order.status} already`;
    if (order.cancelRequested) return 'canceled before it was sent';
    const { layers } = this.#core.state;
    const inForce = stateInForce(layers, this.#core.nowMs(), order.symbol, order.agent).state;
    if (order.reduceOnly) return inForce === 'halted' && order.origin === 'agent' ? 'halted before it was sent' : null;
    if (this.#isOpeningStopped) return 'the daemon stops';
    const isEnforced = this.#core.policySpec.mode === 'enforce';
    if (inForce === 'halted' || (inForce === 'reducing' && isEnforced)) return `${inForce} before it was sent`;
    return null;
  }

  async sendStop(order: OrderState): Promise<SubmitOutcome> {
    const outcome = await this.#core.ports.venue.submitStop(this.#approvals.approveStop(order));
    this.#take(order, outcome);
    return outcome;
  }

  async sendAmend(order: OrderState): Promise<SubmitOutcome> {
    const outcome = await this.#core.ports.venue.amend(
      this.#approvals.approveAmend(order),
      this.#core.settings.sendDeadlineMs,
    );
    this.#core.ports.observer.submitted(`amend_${outcome.kind}`);
    switch (outcome.kind) {
      case 'accepted':
        this.#core.append('order_intent', {
          action: 'amended',
          client_order_id: order.clientOrderId,
          lots: null,
          price_ticks: null,
          reason: 'accepted',
        });
        if (outcome.order !== null) this.adopt(order, outcome.order);
        return outcome;
      case 'rejected':
        this.#core.append('order_intent', {
          action: 'amend_failed',
          client_order_id: order.clientOrderId,
          lots: null,
          price_ticks: null,
          reason: outcome.rejection.message,
        });
        this.#consequences.onRejection(outcome.rejection, order);
        return outcome;
      case 'unknown':
        // Both forms count until a lookup shows which one rests.
        this.#consequences.onUnknown(order);
        return outcome;
    }
  }

  #take(order: OrderState, outcome: SubmitOutcome): void {
    this.#core.ports.observer.submitted(outcome.kind);
    switch (outcome.kind) {
      case 'accepted':
        if (outcome.order === null) {
          this.record(order, unknownEvent(this.#core, order, 'the venue knows this order already; looking it up'));
          this.#consequences.onUnknown(order);
        } else this.adopt(order, outcome.order);
        return;
      case 'rejected':
        this.record(order, rejectedEvent(this.#core, order, outcome.rejection));
        this.#consequences.onRejection(outcome.rejection, order);
        return;
      case 'unknown':
        this.record(order, unknownEvent(this.#core, order, outcome.detail));
        this.#consequences.onUnknown(order);
    }
  }

  /** Records what the venue reports of an order, if it says anything new. */
  adopt(order: OrderState, report: VenueOrder): Appended | null {
    const before = order.executedLots;
    const news =
      report.executedLots > before ||
      report.status !== order.status ||
      order.venueOrderId === null ||
      (report.averagePrice !== null && order.averagePrice === null);
    if (!news || (isTerminal(order.status) && report.executedLots <= before)) return null;
    const appended = this.record(order, {
      average_price: report.averagePrice,
      client_order_id: order.clientOrderId,
      detail: null,
      executed_lots: Math.max(before, report.executedLots),
      foreign: null,
      retryable: false,
      status: report.status,
      venue_at_ms: report.updatedAtMs,
      venue_order_id: report.venueOrderId,
    });
    if (order.executedLots > before) this.#consequences.onExecuted(order);
    return appended;
  }

  record(order: OrderState, event: OrderEvent): Appended {
    if (event.client_order_id !== order.clientOrderId)
      throw new Error(`event of ${event.client_order_id} for ${order.clientOrderId}`);
    return this.#core.append('order', event);
  }

  /**
   * Leverage is a setting of the symbol: set to the charged leverage while the symbol is flat and has no other order;
   * otherwise it stays (BY-39). Returns why the order must not be sent, or null.
   */
  async #matchLeverage(order: OrderState): Promise<Rejection | null> {
    const previous = this.#leverageLocks.get(order.symbol) ?? Promise.resolve();
    let release: () => void = () => undefined;
    this.#leverageLocks.set(order.symbol, new Promise((resolve) => (release = resolve)));
    await previous;
    try {
      const position = this.#core.state.position(order.symbol);
      if (position.leverage === order.leverage) return null;
      let isFree = position.lots === 0 && position.disputedLots === null;
      for (const other of liveOrders(this.#core.state.orders, order.symbol)) {
        if (other !== order && other.status !== 'pending_send') isFree = false;
      }
      if (!isFree) return null;
      const outcome = await this.#core.ports.venue.setLeverage(order.symbol, order.leverage);
      if (outcome.kind === 'accepted') {
        this.#core.append('leverage', { leverage: order.leverage, symbol: order.symbol });
        return null;
      }
      // A lower setting than asked for would be safe, but what the venue holds now is not known: nothing is sent.
      if (outcome.kind === 'rejected') return outcome.rejection;
      return {
        code: null,
        httpStatus: null,
        message: `the leverage setting could not be confirmed: ${outcome.detail}`,
        retryable: true,
        consequence: 'refresh_account',
        retryAfterMs: null,
      };
    } finally {
      release();
    }
  }
}

function notSent(message: string): Rejection {
  return { code: null, httpStatus: null, message, retryable: false, consequence: 'none', retryAfterMs: null };
}

function baseEvent(core: GateCore, order: OrderState, status: OrderStatus, detail: string): OrderEvent {
  return {
    average_price: null,
    client_order_id: order.clientOrderId,
    detail,
    executed_lots: order.executedLots,
    foreign: null,
    retryable: false,
    status,
    venue_at_ms: core.nowMs(),
    venue_order_id: order.venueOrderId,
  };
}
export function unknownEvent(core: GateCore, order: OrderState, detail: string): OrderEvent {
  return baseEvent(core, order, 'unknown', detail);
}
export function rejectedEvent(core: GateCore, order: OrderState, rejection: Rejection): OrderEvent {
  return { ...baseEvent(core, order, 'rejected', rejection.message), retryable: rejection.retryable };
}
export function endedEvent(core: GateCore, order: OrderState, status: OrderStatus, detail: string): OrderEvent {
  return baseEvent(core, order, status, detail);
}
