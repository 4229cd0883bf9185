import type { Keeper } from '../feeds/keeper.ts';
import type { GateCore } from '../journal/journal.ts';
import { endedEvent } from '../journal/order-records.ts';
import type { OrderSender } from '../orders/sender.ts';
import { isWaitingExit } from '../plan/exits.ts';
import type { ExitTarget } from '../state/exit-targets.ts';
import { heldOn } from '../state/held-lots.ts';
import { everyLiveOrder, type OrderState } from '../state/orders.ts';
import type { ExitBook } from './exit-book.ts';
import { readParent } from './read-parent.ts';

/** How long exits of before a restart wait for the first whole reading, wall ms. */
const RESUME_WITHIN_MS = 10_000;
/** How old an operator's exit may be, ms; an agent's: `exits.resume_ms`. */
const OPERATOR_RESUMABLE_MS = 3_600_000;
/** `exits.resume_ms` of a policy without it. */
export const DEFAULT_RESUME_MS = 300_000;

/**
 * Targets of before a restart go on from their records, on fresh readings or without them when they do not come; those
 * that nobody means any more are dropped, and that is said.
 */
export class ExitResumption {
  readonly #core: GateCore;
  readonly #keeper: Keeper;
  readonly #sender: OrderSender;
  readonly #book: ExitBook;
  readonly #signal: AbortSignal;

  constructor(core: GateCore, keeper: Keeper, sender: OrderSender, book: ExitBook, signal: AbortSignal) {
    this.#core = core;
    this.#keeper = keeper;
    this.#sender = sender;
    this.#book = book;
    this.#signal = signal;
  }

  /** Precondition: state is folded from the whole ledger, and nothing was requested since. Runs by itself. */
  start(): void {
    const targets = [...this.#core.state.targets.open];
    const resting = [...everyLiveOrder(this.#core.state.orders)].filter(
      (order) => isWaitingExit(order) && this.#core.state.targets.find(order.decisionId ?? '') === null,
    );
    this.#book.hold(targets);
    this.#resume(targets, resting).catch((error: unknown) => {
      if (!this.#signal.aborted) this.#core.alert('EXIT_NOT_RESUMED', String(error));
    });
  }

  async #resume(targets: readonly ExitTarget[], resting: readonly OrderState[]): Promise<void> {
    const { displaced } = this.#core.state;
    if (targets.length + resting.length + displaced.size > 0) await this.#keeper.untilRead(RESUME_WITHIN_MS);
    if (this.#signal.aborted) return;
    for (const target of targets) {
      if (target.end !== null) continue;
      const why = this.#whyNot(target);
      if (why !== null) this.#book.end(target, 'dropped', why);
    }
    for (const order of resting) {
      if (order.status !== 'pending_send' || this.#core.nowMs() - order.plannedAtMs <= this.#resumeMs()) continue;
      this.#sender.record(order, endedEvent(this.#core, order, 'canceled', 'too old to be sent after a restart'));
      this.#core.alert('EXIT_DROPPED', `exit ${order.clientOrderId} waited, and is too old now`, order.symbol);
    }
    for (const exit of displaced.waiting())
      if (this.#core.nowMs() - exit.sinceMs > this.#resumeMs())
        this.#book.drop(exit, 'too old to be placed again after a restart');
    this.#book.release();
  }

  /** Why a target does not go on; null: it does. */
  #whyNot(target: ExitTarget): string | null {
    const { agent, openedAtMs, origin, scope, side, symbol } = target;
    // The gate finds again what it has to protect.
    if (origin === 'gate') return 'the daemon was restarted: the gate looks anew at what it protects';
    const now = this.#core.nowMs();
    const ageMs = now - openedAtMs;
    if (ageMs > (origin === 'agent' ? this.#resumeMs() : OPERATOR_RESUMABLE_MS))
      return 'too old to go on after a restart';
    const until = readParent(this.#core, target.decisionId, target.first)?.request.valid_until_ms ?? null;
    if (until !== null && until < now) return 'it is past valid_until_ms';
    const position = this.#core.state.position(symbol);
    if (origin === 'operator') {
      // A flatten resumes by itself, and sooner.
      if (this.#isFlattening(symbol)) return 'a flatten goes on with it';
      // RISK: an operator's exit closes whatever is held. Where the position that it was meant for is closed since,
      // what is held now somebody has opened afterwards, and means to.
      if (position.sinceMs !== null && position.sinceMs > openedAtMs) return 'the position is another one by now';
    }
    const mine = scope === 'own' && origin === 'agent' ? agent : null;
    const other = side === 'sell' ? 'buy' : 'sell';
    return heldOn(position, other, mine) > 0 ? 'the position changed sides' : null;
  }

  #resumeMs(): number {
    return this.#core.policySpec.exits.resume_ms ?? DEFAULT_RESUME_MS;
  }

  #isFlattening(symbol: string): boolean {
    const entries = [...this.#core.state.layers.values()];
    return entries.some((entry) => entry.isFlattening && (entry.name === null || entry.name === symbol));
  }
}
