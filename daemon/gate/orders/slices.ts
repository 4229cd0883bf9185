import {
  describeRefusedSlice,
  FIRST_REJECTED,
  planSlice,
  sliceAsk,
  sliceRequest,
  stepOfSlice,
  unsentOf,
} from '../../engine/openings/slices.ts';
import { isInFlight, isPlanned, isTerminal, type OrderState } from '../../engine/orders/orders.ts';
import type { Timer } from '../../time/time-port.ts';
import { authorityNow } from '../journal/authority-now.ts';
import type { GateCore } from '../journal/journal.ts';
import { endedEvent } from '../journal/order-records.ts';
import { LOOK_AGAIN_MS } from '../journal/pause.ts';
import { consider, type Decided, recordDecision } from '../take-decision.ts';
import type { LoneOpenings } from './lone-openings.ts';
import type { OrderSender } from './sender.ts';

/** Opening parents: slice 0 goes out at once, later ones are decided again when they fall due (SAE-M5). */
export class SliceRunner {
  readonly #core: GateCore;
  readonly #sender: OrderSender;
  readonly #lone: Pick<LoneOpenings, 'waitMs'>;
  readonly #timers = new Set<Timer>();

  constructor(core: GateCore, sender: OrderSender, lone: Pick<LoneOpenings, 'waitMs'>) {
    this.#core = core;
    this.#sender = sender;
    this.#lone = lone;
  }

  /** Runs a permitted parent; resolves when slice 0 has an outcome. */
  async run(decided: Decided): Promise<void> {
    const orders = this.#core.state.orders.byDecision.get(decided.body.decision_id) ?? [];
    const first = orders.find((order) => order.slice === 0);
    if (first === undefined) return;
    const outcome = await this.#sender.sendOpening(first, decided);
    if (outcome.kind === 'rejected') {
      this.#drop(orders, FIRST_REJECTED);
      return;
    }
    for (const order of orders) if (isPlanned(order)) this.#schedule(decided, order);
  }

  #schedule(decided: Decided, order: OrderState): void {
    const { clock } = this.#core.ports;
    const waitMs = clock.scale > 0 ? Math.max(0, (order.dueAtMs - this.#core.passedMs()) / clock.scale) : 25;
    this.#wait(waitMs, decided, order);
  }

  #wait(waitMs: number, decided: Decided, order: OrderState): void {
    const timer = this.#core.ports.time.after(Math.min(LOOK_AGAIN_MS, waitMs), () => {
      this.#timers.delete(timer);
      // Domain time decides, not the timer: at scale 0 it moves in steps.
      this.#sendSlice(decided, order).catch((error: unknown) => {
        this.#core.alert('SLICE_FAILED', String(error), order.symbol);
        // Nothing is recorded any more; the next start drops it.
        if (!this.#core.ports.ledger.isFailed) this.#drop([order], `not sent: ${String(error)}`);
      });
    });
    this.#timers.add(timer);
  }

  async #sendSlice(decided: Decided, order: OrderState): Promise<void> {
    const parent = decided.event;
    const waitMs = (): number => Math.max(this.#core.sends.waitMs('other'), this.#lone.waitMs(order.symbol));
    const step = stepOfSlice(order, authorityNow(this.#core), waitMs);
    switch (step.kind) {
      case 'gone':
        return;
      case 'ended':
        this.#dropRest(parent.decision.decision_id, step.why);
        return;
      case 'early':
        this.#schedule(decided, order);
        return;
      case 'wait':
        this.#wait(step.waitMs, decided, order);
        return;
      case 'decide':
    }
    const ask = sliceAsk(this.#core.settings, order);
    const considered = consider(this.#core, sliceRequest(parent), ask);
    const slice = recordDecision(this.#core, considered, {
      kind: 'slice',
      route: parent.route,
      bodyHash: null,
      texts: {},
      parentDecisionId: parent.decision.decision_id,
      orders: planSlice(considered.acted, order, this.#core.state.rules.get(order.symbol)),
    });
    await slice.appended.committed;
    if (slice.event.orders.length === 0) {
      this.#dropRest(parent.decision.decision_id, describeRefusedSlice(slice.body.reasons[0]?.code));
      return;
    }
    if (isInFlight(order)) await this.#sender.sendOpening(order, slice);
  }

  #dropRest(decisionId: string, detail: string): void {
    this.#drop(this.#core.state.orders.byDecision.get(decisionId) ?? [], detail);
  }
  #drop(orders: readonly OrderState[], detail: string): void {
    for (const order of unsentOf(orders)) this.#sender.record(order, endedEvent(this.#core, order, 'canceled', detail));
  }

  /** Drops unsent slices of opening orders (state turned reducing, orderly stop); `symbol` null: of every symbol. */
  dropUnsent(detail: string, matches: (order: OrderState) => boolean): void {
    for (const orders of this.#core.state.orders.live.values()) {
      this.#drop(
        [...orders].filter((order) => !isTerminal(order) && !order.reduceOnly && matches(order)),
        detail,
      );
    }
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
