import type { DecisionEvent } from './events.ts';
import type { ExitRunner } from './exits.ts';
import type { GateCore } from './gate-core.ts';
import type { InterruptedExits, InterruptedLadder } from './interrupted-exits.ts';
import type { Keeper } from './keeper.ts';
import { endedEvent, type OrderSender } from './order-sender.ts';
import type { OrderState } from './state/orders.ts';

/** How long exits of before a restart wait for the first whole reading, wall ms; and how old they may be, ms. */
const RESUME_WITHIN_MS = 10_000;
const RESUMABLE_MS = 3_600_000;

/** What was permitted before a restart is carried out: on fresh readings, or without them when they do not come. */
export class ExitResumption {
  readonly #core: GateCore;
  readonly #keeper: Keeper;
  readonly #sender: OrderSender;
  readonly #exits: ExitRunner;
  readonly #signal: AbortSignal;

  constructor(core: GateCore, keeper: Keeper, sender: OrderSender, exits: ExitRunner, signal: AbortSignal) {
    this.#core = core;
    this.#keeper = keeper;
    this.#sender = sender;
    this.#exits = exits;
    this.#signal = signal;
  }

  /** Runs by itself; what fails is told by an alert. */
  start({ waiting, ladders }: InterruptedExits): void {
    // What a flatten had begun it goes on with itself, and sooner.
    const isFlattens = ({ event, order }: InterruptedLadder): boolean =>
      event.request.origin === 'operator' && this.#isFlattening(order.symbol);
    const own = { waiting, ladders: ladders.filter((ladder) => !isFlattens(ladder)) };
    this.#resume(own).catch((error: unknown) => this.#alert(error, null));
  }

  /**
   * RISK: an operator's exit closes whatever is held. Where the position that it was asked for is closed since, by a later
   * round of a flatten for instance, what is held now somebody has opened afterwards, and means to.
   */
  #isOfAnotherPosition({ decision, request }: DecisionEvent, symbol: string): boolean {
    const { sinceMs } = this.#core.state.position(symbol);
    return request.origin === 'operator' && sinceMs !== null && sinceMs > decision.at_ms;
  }

  #isFlattening(symbol: string): boolean {
    const entries = [...this.#core.state.layers.values()];
    return entries.some((entry) => entry.isFlattening && (entry.name === null || entry.name === symbol));
  }

  async #resume({ waiting, ladders }: InterruptedExits): Promise<void> {
    if (waiting.length === 0 && ladders.length === 0) return;
    await this.#keeper.untilReconciled(RESUME_WITHIN_MS);
    if (this.#signal.aborted) return;
    const now = this.#core.nowMs();
    const isOver = ({ request }: DecisionEvent, order: OrderState): boolean =>
      (request.valid_until_ms !== null && request.valid_until_ms < now) || now - order.plannedAtMs > RESUMABLE_MS;
    for (const { event, order } of waiting) {
      if (order.status !== 'pending_send') continue;
      if (isOver(event, order)) {
        this.#sender.record(order, endedEvent(this.#core, order, 'canceled', 'too old to be sent after a restart'));
        this.#core.alert('EXIT_DROPPED', `exit ${order.clientOrderId} waited, and is too old now`, order.symbol);
      } else this.#exits.wait(event, order).catch((error: unknown) => this.#alert(error, order.symbol));
    }
    for (const ladder of ladders) {
      const { event, order, leftLots } = ladder;
      if (this.#isOfAnotherPosition(event, order.symbol)) continue;
      if (!isOver(event, order)) this.#exits.resume(ladder).catch((error: unknown) => this.#alert(error, order.symbol));
      else if (leftLots > order.executedLots)
        this.#core.alert(
          'EXIT_DROPPED',
          `exit ${order.clientOrderId} was cut off with ${leftLots - order.executedLots} lots left, and is too old now`,
          order.symbol,
        );
    }
  }

  #alert(error: unknown, symbol: string | null): void {
    if (!this.#signal.aborted) this.#core.alert('EXIT_NOT_RESUMED', String(error), symbol);
  }
}
