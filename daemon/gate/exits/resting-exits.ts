import type { ExitEnd } from '../events.ts';
import type { GateCore } from '../journal/journal.ts';
import { endedEvent } from '../journal/order-records.ts';
import type { OrderSender } from '../orders/sender.ts';
import type { ExitForm, ExitParent } from '../plan/exit-order.ts';
import type { ExitPace } from '../plan/exit-pace.ts';
import type { DecidedExit } from '../plan/exit-pump.ts';
import { RestingPump } from '../plan/resting-pump.ts';
import type { DisplacedExit } from '../state/displaced-exits.ts';
import { isTerminal, type OrderState, statusOf } from '../state/orders.ts';
import type { Decided } from '../take-decision.ts';
import { decideExitOrder } from './decide-order.ts';
import { readParent } from './read-parent.ts';
import type { ExitRoom } from './room.ts';
import { Waiters } from './waiters.ts';

/** Between two looks at what others of the same agent have closed, ms. */
const LOOK_EVERY_MS = 25;

/**
 * Exits that rest at their own price. Which goes out when is the pump's to say ({@link RestingPump}); here they are decided,
 * recorded and sent.
 */
export class RestingExits {
  readonly #core: GateCore;
  readonly #sender: OrderSender;
  readonly #room: ExitRoom;
  readonly #signal: AbortSignal;
  readonly #onChange: () => void;
  readonly #pump: RestingPump;
  readonly #events = new Map<string, ExitParent>();
  readonly #waiters = new Waiters();

  constructor(
    core: GateCore,
    sender: OrderSender,
    room: ExitRoom,
    pace: ExitPace,
    signal: AbortSignal,
    onChange: () => void,
  ) {
    this.#core = core;
    this.#sender = sender;
    this.#room = room;
    this.#signal = signal;
    this.#onChange = onChange;
    this.#pump = new RestingPump({
      state: core.state,
      clock: core.planClock,
      pace,
      lookEveryMs: LOOK_EVERY_MS,
      exitScope: (agent) => core.policyFor(agent).exitScope,
      isAwaited: (decisionId) => this.#waiters.has(decisionId),
      decide: (decisionId, form, makesRoom) => this.#decide(decisionId, form, makesRoom),
      endUnsent: (order, detail) => this.#sender.record(order, endedEvent(core, order, 'canceled', detail)),
      recordEnd: ({ decisionId, order }, reason, detail) =>
        core.append('exit_target', {
          action: 'ended',
          decision_id: decisionId,
          detail,
          filled_lots: order.executedLots,
          reason,
        }),
      alert: (code, detail, symbol) => core.alert(code, detail, symbol),
    });
  }

  /** Resolves when the order rests, when what became of it is not known, or when the exit has ended. */
  async run({ appended, event }: Decided, order: OrderState): Promise<void> {
    const id = event.decision.decision_id;
    this.#events.set(id, event);
    const done = this.#waiters.wait(id);
    // What waited may have gone out before its caller came here.
    if (order.status === 'in_flight' && !this.#pump.isCarried(order)) {
      this.#pump.carry(order);
      this.#carry(order, appended.committed, true);
    }
    this.#onChange();
    await done;
  }

  /** It is known what is held: those of before a restart go on. */
  release(): void {
    this.#pump.isReleased = true;
  }

  /** {@link RestingPump.pass} */
  pass(): number | null {
    const waitMs = this.#pump.pass();
    this.#wakeSettled();
    return waitMs;
  }

  /** {@link RestingPump.giveUp} */
  giveUp(exit: DisplacedExit, reason: ExitEnd, detail: string): void {
    this.#pump.giveUp(exit, reason, detail);
  }

  #decide(decisionId: string, form: ExitForm, makesRoom: boolean): DecidedExit | null {
    const parent = this.#parentOf(decisionId);
    if (parent === null) return null;
    const { decided, order } = decideExitOrder(this.#core, parent, form);
    return {
      order,
      code: decided.body.reasons[0]?.code ?? 'BLOCK',
      send: () => {
        if (order !== null) this.#carry(order, decided.appended.committed, makesRoom);
      },
    };
  }

  #parentOf(decisionId: string): ExitParent | null {
    const known = this.#events.get(decisionId);
    if (known !== undefined) return known;
    const { displaced, orders } = this.#core.state;
    const order = displaced.find(decisionId)?.order ?? orders.byDecision.get(decisionId)?.at(-1);
    if (order === undefined) return null;
    return readParent(this.#core, decisionId, order);
  }

  /** Runs by itself, once `committed` says that the decision is on disk. */
  #carry(order: OrderState, committed: Promise<void>, makesRoom: boolean): void {
    const left = this.#room.leftOf(order);
    committed
      .then(() => this.#place(order, makesRoom, left))
      .catch((error: unknown) => {
        if (!this.#signal.aborted) this.#takeFailure(order, error);
      })
      .finally(() => {
        this.#pump.take(order);
        this.#onChange();
      });
  }

  /** A defect: what was not sent is tried again, and given up in the end like what the venue refuses. */
  #takeFailure(order: OrderState, error: unknown): void {
    this.#sender.giveUp(order, error);
    this.#core.alert('EXIT_FAILED', String(error), order.symbol);
    const exit = this.#core.state.displaced.find(order.decisionId ?? '');
    if (exit === null || !isTerminal(order.status) || this.#pump.mayTryAgain(exit.decisionId, null, true)) return;
    this.#pump.giveUp(exit, 'rejected', String(error));
  }

  /** What does not come to rest is displaced by that, and is tried again; or it is given up. */
  async #place(order: OrderState, makesRoom: boolean, left: number): Promise<void> {
    if (makesRoom) await this.#room.make(order);
    if (statusOf(order) !== 'in_flight') return;
    const why = this.#room.whyTooLarge(order, left);
    if (why !== null) {
      this.#sender.record(order, endedEvent(this.#core, order, 'canceled', why));
      return;
    }
    const outcome = await this.#sender.send(order);
    if (outcome.kind !== 'rejected') {
      this.#pump.noteTaken(order.decisionId ?? '');
      return;
    }
    const refusals = this.#pump.noteRefusal(order, outcome.rejection);
    if (refusals !== null && outcome.rejection.consequence === 'cancel_sibling')
      await this.#room.cancelSiblings(order, refusals);
  }

  #wakeSettled(): void {
    this.#waiters.wake((id) => {
      const orders = this.#core.state.orders.byDecision.get(id) ?? [];
      const isUnderWay = orders.some((order) => isUnsent(order) || this.#pump.isCarried(order));
      if (isUnderWay || this.#isTriedAgain(id, orders)) return false;
      this.#events.delete(id);
      this.#pump.noteTaken(id);
      return true;
    });
  }
  /** INVARIANT: no caller hears of a refusal while another attempt is still to come. */
  #isTriedAgain(id: string, orders: readonly OrderState[]): boolean {
    return this.#core.state.displaced.has(id) && orders.every(({ status }) => isTerminal(status));
  }
}

function isUnsent({ status }: OrderState): boolean {
  return status === 'pending_send' || status === 'in_flight';
}
