import type { SizedAction } from '../../core/decision.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { DecisionEvent, ExitEnd } from '../events.ts';
import type { GateCore } from '../journal/journal.ts';
import { endedEvent } from '../journal/order-words.ts';
import type { Canceler } from '../orders/cancels.ts';
import type { Resolver } from '../orders/resolver.ts';
import type { OrderSender } from '../orders/sender.ts';
import { closesTheSame, isExitOnItsWay } from '../plan/exit-caps.ts';
import { exitKey } from '../plan/exit-target.ts';
import { type ExitGroup, ExitTurns, findEndings } from '../plan/exits.ts';
import { OPENING_ENDED } from '../plan/undone.ts';
import type { DisplacedExit } from '../state/displaced-exits.ts';
import { type ExitTarget, liveOrdersOf } from '../state/exit-targets.ts';
import { stateInForce } from '../state/layers.ts';
import { isResting, liveOrders, type OrderState } from '../state/orders.ts';
import type { Decided } from '../take-decision.ts';
import { decideExitOrder } from './decide-order.ts';
import { ExitOrders } from './exit-orders.ts';
import { ExitPace } from './pace.ts';
import { RestingExits } from './resting-exits.ts';
import { ExitRoom } from './room.ts';
import { Waiters } from './waiters.ts';
import { WakeUp } from './wake-up.ts';

/** Why a target ends that did not close all that it was to close: told by an alert. */
const TOLD: ReadonlySet<ExitEnd> = new Set(['exhausted', 'rejected', 'halted', 'lost', 'dropped']);

/**
 * The one book of exits of the account. A marketable exit is a target here: targets of one key go out together, one
 * order at a time, each order decided and on disk before it is sent; what is left goes up the ladder. Everything that
 * may go out is planned again in one turn whenever something has changed, so that no exit is lost between two steps.
 */
export class ExitBook {
  readonly #core: GateCore;
  readonly #sender: OrderSender;
  readonly #canceler: Canceler;
  readonly #pace: ExitPace;
  readonly #orders: ExitOrders;
  readonly #resting: RestingExits;
  readonly #signal: AbortSignal;
  readonly #wakeUp: WakeUp;
  readonly #events = new Map<string, DecisionEvent>();
  readonly #waiters = new Waiters();
  /** Of before a restart: nothing is sent for them before it is known what is held. */
  #held: ReadonlySet<ExitTarget> = new Set();

  constructor(core: GateCore, sender: OrderSender, resolver: Resolver, canceler: Canceler, signal: AbortSignal) {
    this.#core = core;
    this.#sender = sender;
    this.#canceler = canceler;
    this.#pace = new ExitPace(core);
    this.#signal = signal;
    this.#wakeUp = new WakeUp(core.ports.time, signal, () => this.#pass());
    const room = new ExitRoom(core, canceler, signal);
    this.#orders = new ExitOrders(core, sender, resolver, room, signal, () => this.poke());
    this.#resting = new RestingExits(core, sender, room, this.#pace, signal, () => this.poke());
  }

  /**
   * Time that the order of a decision waits unsent, ms; 0: it goes out at once. It does not where an order of the same
   * exit, or one that closes the same, is on its way, or where it is not its turn.
   */
  planDelay(request: ExecutionRequest, effective: SizedAction): number {
    const { orders, targets } = this.#core.state;
    const symbol = request.symbol ?? '';
    const { side } = effective;
    const waitMs = this.#pace.waitMs(request.origin, request.agent, true, effective.time_in_force === 'GTC');
    if (waitMs > 0) return Math.max(1, Math.ceil(waitMs));
    const live = [...liveOrders(orders, symbol)].filter((order) => order.side === side && isExitOnItsWay(order));
    const { exitScope } = this.#core.policyFor(request.agent);
    const mustWait = live.some((order) => closesTheSame(order, request.agent, exitScope));
    if (request.origin === 'agent' && mustWait) return 1;
    const key = exitKey(request, symbol, side);
    const isUnderWay = [...targets.open].some(
      (target) => target.key === key && !this.#held.has(target) && (target.leftLots > 0 || isLive(target)),
    );
    if (isUnderWay) return 1;
    this.#pace.note(request.agent);
    return 0;
  }

  /** Carries out a permitted exit. Resolves when it has ended, or rests. */
  async run(decided: Decided): Promise<void> {
    const { decision_id: id } = decided.body;
    const first = (this.#core.state.orders.byDecision.get(id) ?? [])[0];
    if (first === undefined) return;
    this.#cancelUndone(first);
    const target = this.#core.state.targets.find(id);
    if (target === null) {
      await this.#resting.run(decided, first);
      return;
    }
    this.#events.set(id, decided.event);
    if (first.status === 'in_flight') this.#orders.carry(first, decided.appended.committed);
    const settled = this.#waiters.wait(target.decisionId);
    this.poke();
    await settled;
  }

  /** Opening orders that the exit's own record has ended; those that are on their way are dropped by the sender. */
  #cancelUndone({ symbol, side }: OrderState): void {
    const isEnded = (order: OrderState): boolean =>
      !order.reduceOnly && order.side !== side && order.cancelRequested && isResting(order);
    void this.#canceler.cancelMatching(symbol, isEnded, OPENING_ENDED);
  }

  /** Ends what has nothing at the venue; what has is canceled there, and ends with it. */
  cancelTargets(isConcerned: (target: ExitTarget) => boolean, detail: string): void {
    for (const target of [...this.#core.state.targets.open])
      if (isConcerned(target) && !isLive(target)) this.end(target, 'canceled', detail);
    this.poke();
  }

  /** The same of exits that are to rest, and are not at the venue at the moment. */
  cancelResting(isConcerned: (exit: DisplacedExit) => boolean, detail: string): void {
    for (const exit of this.#core.state.displaced.waiting())
      if (isConcerned(exit)) this.#resting.giveUp(exit, 'canceled', detail);
  }
  /** Of before a restart, and nobody means it any more. */
  drop(exit: DisplacedExit, detail: string): void {
    this.#resting.giveUp(exit, 'dropped', detail);
  }

  /**
   * An exit of the gate in that symbol has lots to close, also between two of its orders, or an order that lives. One
   * that only waits for openings of before it to end closes nothing now, and does not stand for the next position's
   * exit.
   */
  isGateExiting(symbol: string): boolean {
    for (const target of this.#core.state.targets.open)
      if (target.origin === 'gate' && target.symbol === symbol && !this.#held.has(target))
        if (target.leftLots > 0 || isLive(target)) return true;
    return false;
  }

  /** Nothing follows these before they are released. */
  hold(targets: Iterable<ExitTarget>): void {
    this.#held = new Set(targets);
  }
  /** They go on from where their records say that they are. */
  release(): void {
    for (const target of this.#held) for (const { order } of target.allotments) this.#orders.watch(order);
    this.#held = new Set();
    this.#resting.isReleased = true;
    this.poke();
  }

  /** Something has changed. */
  poke(): void {
    this.#wakeUp.now();
  }

  /** Called at every tick as well: what a feed has proven is followed at once. */
  tick(): Promise<void> {
    this.#pass();
    return Promise.resolve();
  }

  #isActive(target: ExitTarget): boolean {
    return !this.#held.has(target);
  }

  /** INVARIANT: no await in here: what is planned, decided and recorded is of one state. */
  #pass(): void {
    const core = this.#core;
    if (this.#signal.aborted || core.ports.ledger.isFailed || !core.ports.clock.isSynced) return;
    try {
      this.#endHalted();
      this.#orders.takeEnds((target, reason, detail) => this.end(target, reason, detail));
      const active = (): ExitTarget[] => [...core.state.targets.open].filter((target) => this.#isActive(target));
      const rungs = core.policySpec.exits.ladder_bps.length;
      for (const { target, reason, detail } of findEndings(core.state, active(), rungs))
        this.end(target, reason, detail);
      const now = core.ports.time.monotonicMs();
      this.#considerInTurn(active(), rungs, now);
      for (const waitMs of [this.#resting.restAgain(), this.#resting.sendDue()])
        if (waitMs !== null) this.#wakeUp.at(now + waitMs);
    } catch (error) {
      core.alertRarely('EXITS_FAILED', `the exits could not be carried on: ${String(error)}`);
    }
    this.#waiters.wake((id) => this.#isSettled(id));
  }

  #considerInTurn(targets: Iterable<ExitTarget>, rungs: number, now: number): void {
    const turns = new ExitTurns(this.#core.state, targets, rungs, (agent) => this.#pace.servedAt(agent));
    for (let next = turns.next(); next !== null; next = turns.next()) {
      try {
        if (!next.targets.some((target) => this.#orders.isCarrying(target))) this.#consider(next, now);
      } catch (error) {
        // RISK: a defect in one group holds up no other.
        this.#core.alertRarely(
          'EXITS_FAILED',
          `an exit could not be carried on: ${String(error)}`,
          next.targets[0]?.symbol,
        );
      }
    }
  }

  #consider(group: ExitGroup, now: number): void {
    const nextAt = this.#orders.nextAtOf(group.key);
    if (nextAt !== null && now < nextAt) {
      this.#wakeUp.at(nextAt);
      return;
    }
    const [{ agent, origin }] = group.targets as readonly [ExitTarget];
    const waitMs = this.#pace.waitMs(origin, agent, group.isFirst, false);
    if (waitMs > 0) this.#wakeUp.at(now + waitMs);
    else this.#send(group, now);
  }

  #send(group: ExitGroup, now: number): void {
    // What it carries is allotted from its parent on: one that is older waits for a proof.
    const [parent] = group.targets as readonly [ExitTarget];
    const { decided, order } = decideExitOrder(this.#core, this.#eventOf(parent), {
      lots: group.lots,
      rung: group.rung,
      own: null,
    });
    if (order === null) {
      this.#takeBlock(group, decided, now);
      return;
    }
    const carried = this.#core.state.targets.targetsOf(order);
    const how = carried.length > 1 ? 'sent as one merged exit' : 'sent when it was its turn';
    for (const target of carried) this.#endUnsent(target, target === parent ? how : 'merged into one exit');
    this.#pace.note(parent.agent);
    this.#orders.carry(order, decided.appended.committed);
  }

  /** An exit that is permitted no more, or not yet. */
  #takeBlock(group: ExitGroup, { body }: Decided, now: number): void {
    const code = body.reasons[0]?.code ?? 'BLOCK';
    const reason: ExitEnd = code === 'STATE_HALTED' ? 'halted' : code === 'NOT_REDUCING' ? 'nothing_left' : 'rejected';
    const mayComeBack = reason === 'rejected' && this.#orders.triesOf(group.key).afterRefusal(null, true, now, 1);
    if (mayComeBack) this.poke();
    else for (const target of group.targets) this.end(target, reason, `it was refused when it was due: ${code}`);
  }

  #eventOf(target: ExitTarget): DecisionEvent {
    const known = this.#events.get(target.decisionId);
    if (known !== undefined) return known;
    const stored = this.#core.ports.ledger.findDecision(target.decisionId);
    if (stored === null) throw new Error(`decision ${target.decisionId} is not in the ledger`);
    const event = stored.payload as DecisionEvent;
    this.#events.set(target.decisionId, event);
    return event;
  }

  /** In `halted` only an operator closes; what was sent is resolved all the same. */
  #endHalted(): void {
    const { layers, targets } = this.#core.state;
    if (layers.size === 0 || targets.open.size === 0) return;
    const now = this.#core.nowMs();
    for (const target of [...targets.open]) {
      if (target.origin === 'operator') continue;
      if (stateInForce(layers, now, target.symbol, target.agent).state === 'halted')
        this.end(target, 'halted', 'STATE_HALTED: trading was halted before all of it was closed');
    }
  }

  /** Records how a target ended; whoever waits for it is told. */
  end(target: ExitTarget, reason: ExitEnd, detail: string): void {
    if (target.end !== null) return;
    this.#core.append('exit_target', {
      action: 'ended',
      decision_id: target.decisionId,
      detail,
      filled_lots: target.filledLots,
      reason,
    });
    this.#endUnsent(target, detail);
    this.#events.delete(target.decisionId);
    if (![...this.#core.state.targets.open].some(({ key }) => key === target.key)) this.#orders.forgetTries(target.key);
    if (TOLD.has(reason) && target.leftLots > 0)
      this.#core.alert(
        reason === 'dropped' ? 'EXIT_DROPPED' : 'EXIT_ENDED',
        `exit ${target.decisionId} ended with ${target.leftLots} lots left: ${detail}`,
        target.symbol,
      );
  }

  #endUnsent({ first }: ExitTarget, detail: string): void {
    if (first.status === 'pending_send') this.#sender.record(first, endedEvent(this.#core, first, 'canceled', detail));
  }

  /** Closed, or at its end: its caller is answered, though openings of before it are waited for. */
  #isSettled(id: string): boolean {
    const target = this.#core.state.targets.find(id);
    if (target === null) return true;
    const isOver = target.end !== null || (target.leftLots === 0 && target.filledLots > 0);
    return isOver && (!isLive(target) || target.end?.reason === 'rests');
  }
}

function isLive(target: ExitTarget): boolean {
  for (const _ of liveOrdersOf(target)) return true;
  return false;
}
