import { REGIME_RANK } from '../core/features/market.ts';
import type { OrderStatus } from './api/decisions.ts';
import { Approvals } from './approval.ts';
import type { Decided } from './decisions.ts';
import type { OrderEvent } from './events.ts';
import { endUndoneByStop } from './exits/end-undone.ts';
import type { Appended, GateCore } from './gate-core.ts';
import type { Rejection, SubmitOutcome, VenueOrder } from './ports.ts';
import { stateInForce } from './state/layers.ts';
import { isTerminal, liveOrders, type OrderState } from './state/orders.ts';

/** What happened to the venue as a whole, as an answer of it told us. */
export interface VenueConsequences {
  /** The venue took an order, or a change of one. */
  onAccepted(): void;
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
  readonly #leverageUnknownSince = new Map<string, number>();
  #isOpeningStopped = false;

  constructor(core: GateCore, consequences: VenueConsequences) {
    this.#core = core;
    this.#consequences = consequences;
  }

  /** The daemon stops: what was decided and is not at the venue yet no longer goes there, exits excepted. */
  stopOpening(): void {
    this.#isOpeningStopped = true;
  }

  /** Precondition: the exit's decision is on disk. However long ago that was, an exit is sent. */
  async send(order: OrderState): Promise<SubmitOutcome> {
    if (!order.reduceOnly) throw new Error(`order ${order.clientOrderId} is no exit`);
    return this.#submit(order, this.#findStop(order), this.#core.settings.sendDeadlineMs);
  }

  /** Precondition: `decided`, which the order follows from, is on disk. The deadline runs from it (BY-41). */
  async sendOpening(order: OrderState, decided: Decided): Promise<SubmitOutcome> {
    const problem = await this.#matchLeverage(order);
    if (problem !== null) {
      this.record(order, rejectedEvent(this.#core, order, problem));
      // The venue refuses us all the same, and says for how long.
      this.#consequences.onRejection(problem, order);
      return { kind: 'rejected', rejection: problem };
    }
    return this.#submit(order, this.#findStop(order) ?? this.#findTightening(decided), this.#leftMs(decided));
  }

  async #submit(order: OrderState, stopped: string | null, withinMs: number): Promise<SubmitOutcome> {
    // RISK: between decision and here time has passed: a halt, a cancel or a stop of the daemon must hold.
    if (stopped !== null) {
      this.record(order, endedEvent(this.#core, order, 'canceled', stopped));
      return { kind: 'rejected', rejection: notSent(stopped) };
    }
    // An exit was counted when it was decided.
    if (!order.reduceOnly) this.#core.sends.note();
    const outcome = await this.#core.ports.venue.submit(this.#approvals.approveOrder(order), withinMs);
    this.#take(order, outcome);
    return outcome;
  }

  #leftMs(decided: Decided): number {
    const { sendDeadlineMs } = this.#core.settings;
    return Math.min(sendDeadlineMs, sendDeadlineMs - (this.#core.ports.time.monotonicMs() - decided.decidedAtWallMs));
  }

  #findStop(order: OrderState): string | null {
    if (order.status !== 'in_flight') return `it is ${order.status} already`;
    if (order.cancelRequested) return 'canceled before it was sent';
    const { layers } = this.#core.state;
    const inForce = stateInForce(layers, this.#core.nowMs(), order.symbol, order.agent).state;
    if (order.reduceOnly) return inForce === 'halted' && order.origin === 'agent' ? 'halted before it was sent' : null;
    if (this.#isOpeningStopped) return 'the daemon stops';
    if (this.#core.sends.waitMs('other') > 0) return BUSY;
    const isEnforced = this.#core.policySpec.mode === 'enforce';
    if (inForce === 'halted' || (inForce === 'reducing' && isEnforced)) return `${inForce} before it was sent`;
    return null;
  }

  /** What was allowed under another policy, in a calmer regime, or before a signal came, may not be allowed now. */
  #findTightening(decided: Decided): string | null {
    const core = this.#core;
    if (core.policySpec.mode !== 'enforce') return null;
    if (decided.body.policy_hash !== core.policyHash) return 'the policy changed before it was sent';
    const { context, request } = decided.event;
    const regime = request.symbol === null ? undefined : core.market.symbol(request.symbol)?.heldRegime;
    if (regime !== undefined && REGIME_RANK[regime] > REGIME_RANK[context.market.held_regime])
      return `the regime became ${regime} before it was sent`;
    const active = core.state.activeSignals(core.nowMs(), core.settings.account, request.agent, request.symbol);
    const signal = active.find((kind) => !context.trust.signals.includes(kind));
    return signal === undefined ? null : `signal ${signal} came before it was sent`;
  }

  #findAmendStop(order: OrderState, decided: Decided): string | null {
    if (isTerminal(order.status)) return `it is ${order.status} already`;
    if (order.cancelRequested) return 'canceled before it was changed';
    const { layers } = this.#core.state;
    const { origin } = decided.event.request;
    const inForce = stateInForce(layers, this.#core.nowMs(), order.symbol, order.agent).state;
    if (inForce === 'halted' && (!order.reduceOnly || origin === 'agent')) return 'halted before it was changed';
    if (origin === 'agent' && layers.get('breaker|account|')?.setBy === 'venue') return 'the venue refuses us';
    if (origin === 'agent' && this.#core.sends.waitMs('other') > 0) return BUSY;
    if (!addsRisk(decided)) return null;
    if (this.#isOpeningStopped) return 'the daemon stops';
    if (inForce === 'reducing' && this.#core.policySpec.mode === 'enforce') return 'reducing before it was changed';
    return this.#findTightening(decided);
  }

  async sendStop(order: OrderState): Promise<SubmitOutcome> {
    this.#core.sends.note();
    const outcome = await this.#core.ports.venue.submitStop(this.#approvals.approveStop(order));
    this.#take(order, outcome);
    return outcome;
  }

  /** Precondition: `decided`, the amend's decision, is on disk. */
  async sendAmend(order: OrderState, decided: Decided): Promise<SubmitOutcome> {
    // RISK: as with an opening order, what came between decision and here must hold.
    const stopped = this.#findAmendStop(order, decided);
    if (stopped !== null) {
      this.#recordAmendFailure(order, stopped);
      return { kind: 'rejected', rejection: notSent(stopped) };
    }
    this.#core.sends.note();
    const outcome = await this.#core.ports.venue.amend(
      this.#approvals.approveAmend(order),
      addsRisk(decided) ? this.#leftMs(decided) : this.#core.settings.sendDeadlineMs,
    );
    this.#core.ports.observer.submitted(`amend_${outcome.kind}`);
    this.#noteCounts();
    switch (outcome.kind) {
      case 'accepted':
        this.#consequences.onAccepted();
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
        // Told before the other form is forgotten: it is what was refused.
        this.#consequences.onRejection(outcome.rejection, order);
        this.#recordAmendFailure(order, outcome.rejection.message);
        return outcome;
      case 'unknown':
        // Both forms count until a lookup shows which one rests.
        this.#consequences.onUnknown(order);
        return outcome;
    }
  }

  #recordAmendFailure(order: OrderState, reason: string): void {
    this.#core.append('order_intent', {
      action: 'amend_failed',
      client_order_id: order.clientOrderId,
      lots: null,
      price_ticks: null,
      reason,
    });
  }

  #noteCounts(): void {
    this.#core.sends.adopt(this.#core.ports.venue.takeOrderCounts?.() ?? []);
  }

  #take(order: OrderState, outcome: SubmitOutcome): void {
    this.#core.ports.observer.submitted(outcome.kind);
    this.#noteCounts();
    switch (outcome.kind) {
      case 'accepted':
        this.#consequences.onAccepted();
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
    if (order.executedLots > before) {
      if (order.protective) endUndoneByStop(this.#core, order);
      this.#consequences.onExecuted(order);
    }
    return appended;
  }

  record(order: OrderState, event: OrderEvent): Appended {
    if (event.client_order_id !== order.clientOrderId)
      throw new Error(`event of ${event.client_order_id} for ${order.clientOrderId}`);
    return this.#core.append('order', event);
  }

  /** A setting whose answer was lost may hold, and may arrive yet, until an account that was read later says what does. */
  #isLeverageUnknown(symbol: string): boolean {
    const since = this.#leverageUnknownSince.get(symbol);
    if (since === undefined) return false;
    const readAtMs = this.#core.state.account?.requested_at_ms ?? Number.NEGATIVE_INFINITY;
    if (readAtMs <= since + this.#core.ports.venue.acceptanceHorizonMs) return true;
    this.#leverageUnknownSince.delete(symbol);
    return false;
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
      if (position.leverage === order.leverage && !this.#isLeverageUnknown(order.symbol)) return null;
      let isFree = position.lots === 0 && position.disputedLots === null;
      for (const other of liveOrders(this.#core.state.orders, order.symbol)) {
        if (other !== order && other.status !== 'pending_send') isFree = false;
      }
      if (!isFree) return null;
      const outcome = await this.#core.ports.venue.setLeverage(order.symbol, order.leverage);
      if (outcome.kind === 'accepted') {
        this.#leverageUnknownSince.delete(order.symbol);
        this.#core.append('leverage', {
          confirmed_at_ms: this.#core.nowMs(),
          leverage: order.leverage,
          symbol: order.symbol,
        });
        return null;
      }
      // A lower setting than asked for would be safe, but what the venue holds now is not known: nothing is sent.
      if (outcome.kind === 'rejected') return outcome.rejection;
      this.#leverageUnknownSince.set(order.symbol, this.#core.nowMs());
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

/** Beyond it a reserve is left for exits, operators and stops. */
const BUSY = "the account has sent as many orders as the venue's limit leaves to agents for now";

/** An amend that was decided as the opening order that it becomes: only that has a leverage. */
function addsRisk({ body }: Decided): boolean {
  return body.effective !== null && body.effective.leverage !== null;
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
