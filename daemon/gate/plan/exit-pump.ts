/**
 * What of all exits goes out when, and which of them are over: the one way in which targets are carried on, by the daemon
 * and by a replay alike (SAE-SAME-CODE). It records and sends nothing itself, and reads no clock but the one it is handed.
 */
import type { SizedAction } from '../../core/decision.ts';
import type { ExitsSection } from '../../core/policy.ts';
import type { ExecutionRequest } from '../../core/request.ts';
import type { ExitEnd } from '../events.ts';
import type { ExitTarget } from '../state/exit-targets.ts';
import type { GateState } from '../state/gate-state.ts';
import { stateInForce } from '../state/layers.ts';
import { isTerminal, liveOrders, type OrderState } from '../state/orders.ts';
import type { Rejection } from '../venue-port.ts';
import { closesTheSame, isExitOnItsWay, waitsForReading } from './exit-caps.ts';
import type { ExitPace } from './exit-pace.ts';
import { type ExitGroup, ExitTurns, findEndings, isLive } from './exits.ts';
import type { PlanClock } from './plan-clock.ts';
import { Tries } from './tries.ts';
import { exitKey } from './undone.ts';

/** Why a target ends that did not close all that it was to close: told by an alert. */
const TOLD: ReadonlySet<ExitEnd> = new Set(['exhausted', 'rejected', 'halted', 'lost', 'dropped']);

/** A further order of an exit, as it was decided and recorded. */
export interface DecidedExit {
  /** Null: it is not permitted now. */
  readonly order: OrderState | null;
  /** The first reason where it is not. */
  readonly code: string;
  /** Has it sent; the outcome comes back through {@link ExitPump.take}. */
  send(): void;
}

/** What exits need of the part that carries them out. */
export interface ExitHands {
  readonly state: GateState;
  readonly clock: PlanClock;
  readonly pace: ExitPace;
  /** Of the policy in force. */
  exits(): ExitsSection;
  /** Whether the account's exits, or an agent's share, bound what it may close. */
  exitScope(agent: string): 'own' | 'account';
  decide(parent: ExitTarget, lots: number, rung: number): DecidedExit;
  /** Records that a target is over. */
  recordEnd(target: ExitTarget, reason: ExitEnd, detail: string): void;
  /** Records the end of an order that was never sent. */
  endUnsent(order: OrderState, detail: string): void;
  alert(code: string, detail: string, symbol: string): void;
  /** A defect in one group holds up no other. */
  onDefect(error: unknown, symbol: string | undefined): void;
  /** {@link ExitPump.pass} is due then, wall ms. */
  wakeAt(wallMs: number): void;
}

export class ExitPump {
  readonly #hands: ExitHands;
  readonly #tries = new Map<string, Tries>();
  /** Orders whose end has not been taken in yet, with how the venue refused them. */
  readonly #working = new Map<OrderState, Rejection | null>();
  /** Of these, what they meet at the venue is not known yet. */
  readonly #carried = new Set<OrderState>();
  /** Of before a restart: nothing is sent for them before it is known what is held. */
  #held: ReadonlySet<ExitTarget> = new Set();

  constructor(hands: ExitHands) {
    this.#hands = hands;
  }

  // --- what is asked for -----------------------------------------------------------------------------------------

  /**
   * Time that the order of a decision waits unsent, ms; 0: it goes out at once. It does not where an order of the same
   * exit, or one that closes the same, is on its way, or where it is not its turn.
   */
  planDelay(request: ExecutionRequest, effective: SizedAction): number {
    const { pace } = this.#hands;
    const { orders, targets } = this.#hands.state;
    const symbol = request.symbol ?? '';
    const { side } = effective;
    const waitMs = pace.waitMs(request.origin, request.agent, true, effective.time_in_force === 'GTC');
    if (waitMs > 0) return Math.max(1, Math.ceil(waitMs));
    const exitScope = this.#hands.exitScope(request.agent);
    if (request.origin === 'agent')
      for (const order of liveOrders(orders, symbol))
        if (order.side === side && isExitOnItsWay(order) && closesTheSame(order, request.agent, exitScope)) return 1;
    const key = exitKey(request, symbol, side);
    for (const target of targets.open)
      if (target.key === key && !this.#held.has(target) && (target.leftLots > 0 || isLive(target))) return 1;
    pace.note(request.agent);
    return 0;
  }

  /** Ends what has nothing at the venue; what has is canceled there, and ends with it. */
  cancelTargets(isConcerned: (target: ExitTarget) => boolean, detail: string): void {
    for (const target of [...this.#hands.state.targets.open])
      if (isConcerned(target) && !isLive(target)) this.end(target, 'canceled', detail);
  }

  /**
   * An exit of the gate in that symbol has lots to close, also between two of its orders, or an order that lives. One that
   * only waits, for openings of before it to end, or until it is known whether its lots are still held, closes nothing
   * now, and does not stand for the exit of what was opened since.
   */
  isGateExiting(symbol: string): boolean {
    const { state } = this.#hands;
    for (const target of state.targets.open)
      if (target.origin === 'gate' && target.symbol === symbol && !this.#held.has(target))
        if (isLive(target) || (target.leftLots > 0 && !waitsForReading(state, target))) return true;
    return false;
  }

  // --- after a restart -------------------------------------------------------------------------------------------

  /** Nothing follows these before they are released. */
  hold(targets: Iterable<ExitTarget>): void {
    this.#held = new Set(targets);
  }
  /** They go on from where their records say that they are. */
  release(): void {
    for (const target of this.#held)
      for (const { order } of target.allotments) if (!isTerminal(order.status)) this.#working.set(order, null);
    this.#held = new Set();
  }

  // --- one order -------------------------------------------------------------------------------------------------

  /** An order is being sent: nothing follows it before it is {@link take taken in}. */
  carry(order: OrderState): void {
    this.#working.set(order, null);
    this.#carried.add(order);
  }
  /** The venue refused an order that is being carried. */
  noteRefusal(order: OrderState, rejection: Rejection): void {
    this.#working.set(order, rejection);
  }
  /** What it refused that order for has gone: the next one follows at once. */
  noteRoom(order: OrderState): void {
    this.#triesFor(order)?.noteRoom();
  }
  /** What it met at the venue is known, as far as the answer told. */
  take(order: OrderState): void {
    this.#carried.delete(order);
  }
  /** What does not wait for the proof still leaves the venue its time. */
  pauseAfter(order: OrderState): void {
    this.#triesFor(order)?.afterRung(this.#hands.clock.wallMs(), this.#hands.exits().step_ms);
  }
  /** Refusals for what rests beside it in a row, of the exit that an order is of. */
  crowdedOf(order: OrderState): number {
    return this.#triesFor(order)?.crowded ?? 0;
  }

  /** No order is under way. */
  get isIdle(): boolean {
    return this.#working.size === 0;
  }

  // --- the pass --------------------------------------------------------------------------------------------------

  /** Everything that may go out, planned anew of one state: to be called whenever something has changed. */
  pass(): void {
    const { clock, state } = this.#hands;
    if (state.targets.open.size === 0 && this.#working.size === 0) return;
    this.#endHalted();
    this.#takeEnds();
    if (state.targets.open.size === 0) return;
    const active = (): ExitTarget[] => [...state.targets.open].filter((target) => !this.#held.has(target));
    const rungs = this.#hands.exits().ladder_bps.length;
    for (const { target, reason, detail } of findEndings(state, active(), rungs)) this.end(target, reason, detail);
    if (state.targets.open.size > 0) this.#considerInTurn(active(), rungs, clock.wallMs());
  }

  /** RISK: what one group sends is on its way when the next is sized, so each is planned when it is its turn. */
  #considerInTurn(targets: Iterable<ExitTarget>, rungs: number, now: number): void {
    const { pace, state } = this.#hands;
    const turns = new ExitTurns(state, targets, rungs, (agent) => pace.servedAt(agent));
    for (let next = turns.next(); next !== null; next = turns.next()) {
      try {
        // What its last order met at the venue is still being taken in.
        if (!next.targets.some((target) => this.#isCarrying(target))) this.#consider(next, now);
      } catch (error) {
        // RISK: a defect in one group holds up no other.
        this.#hands.onDefect(error, next.targets[0]?.symbol);
      }
    }
  }

  #isCarrying({ allotments }: ExitTarget): boolean {
    return allotments.some(({ order }) => this.#carried.has(order));
  }

  #consider(group: ExitGroup, now: number): void {
    const tries = this.#tries.get(group.key);
    if (tries !== undefined && now < tries.nextAt) {
      this.#hands.wakeAt(tries.nextAt);
      return;
    }
    const [{ agent, origin }] = group.targets as readonly [ExitTarget];
    const waitMs = this.#hands.pace.waitMs(origin, agent, group.isFirst, false);
    if (waitMs > 0) this.#hands.wakeAt(now + waitMs);
    else this.#send(group, now);
  }

  #send(group: ExitGroup, now: number): void {
    // What it carries is allotted from its parent on: one that is older waits for a proof.
    const [parent] = group.targets as readonly [ExitTarget];
    const decided = this.#hands.decide(parent, group.lots, group.rung);
    const { order } = decided;
    if (order === null) {
      this.#takeBlock(group, decided.code, now);
      return;
    }
    const carried = this.#hands.state.targets.targetsOf(order);
    const how = carried.length > 1 ? 'sent as one merged exit' : 'sent when it was its turn';
    for (const target of carried) this.#endUnsent(target, target === parent ? how : 'merged into one exit');
    this.#hands.pace.note(parent.agent);
    this.carry(order);
    decided.send();
  }

  /** An exit that is permitted no more, or not yet. */
  #takeBlock(group: ExitGroup, code: string, now: number): void {
    const reason: ExitEnd = code === 'STATE_HALTED' ? 'halted' : code === 'NOT_REDUCING' ? 'nothing_left' : 'rejected';
    const mayComeBack = reason === 'rejected' && this.#triesOf(group.key).afterRefusal(null, true, now, 1);
    if (mayComeBack) this.#hands.wakeAt(now);
    else for (const target of group.targets) this.end(target, reason, `it was refused when it was due: ${code}`);
  }

  #triesFor(order: OrderState): Tries | undefined {
    const [target] = this.#hands.state.targets.targetsOf(order);
    return target === undefined ? undefined : this.#triesOf(target.key);
  }
  #triesOf(key: string): Tries {
    const known = this.#tries.get(key);
    if (known !== undefined) return known;
    const tries = new Tries();
    this.#tries.set(key, tries);
    return tries;
  }

  #takeEnds(): void {
    const { targets } = this.#hands.state;
    for (const [order, rejection] of this.#working) {
      if (this.#carried.has(order)) continue;
      const own = targets.targetsOf(order);
      if (isTerminal(order.status)) {
        this.#working.delete(order);
        const [target] = own;
        if (target !== undefined) this.#takeEnd(order, rejection, target.key, own);
      } else if (order.status === 'lost') {
        // The gate sizes another one by what the account shows: both would close the same.
        for (const target of own)
          if (target.origin === 'gate') this.end(target, 'lost', `what became of ${order.clientOrderId} is not known`);
      }
    }
  }

  #takeEnd(order: OrderState, rejection: Rejection | null, key: string, targets: readonly ExitTarget[]): void {
    const tries = this.#triesOf(key);
    const { scale } = this.#hands.clock;
    const now = this.#hands.clock.wallMs();
    const { status } = order;
    const wasRefused = status === 'rejected' || status === 'not_placed';
    let mayGoOn = true;
    if (wasRefused) mayGoOn = tries.afterRefusal(rejection, order.retryable, now, scale);
    else if (status === 'canceled' && order.venueOrderId === null && !order.cancelRequested)
      mayGoOn = tries.afterRefusal(null, true, now, scale);
    else if (status === 'filled') mayGoOn = tries.afterPart();
    else if (order.venueOrderId !== null) tries.afterRung(now, this.#hands.exits().step_ms);
    if (mayGoOn) return;
    const why = wasRefused ? `the venue refused it: ${order.detail ?? 'no reason'}` : 'it went out in too many parts';
    for (const target of targets)
      if (target.end === null && target.leftLots > 0) this.end(target, wasRefused ? 'rejected' : 'exhausted', why);
    tries.reset();
  }

  // --- ends ------------------------------------------------------------------------------------------------------

  /** In `halted` only an operator closes; what was sent is resolved all the same. */
  #endHalted(): void {
    const { layers, targets } = this.#hands.state;
    if (layers.size === 0 || targets.open.size === 0) return;
    const now = this.#hands.clock.nowMs();
    for (const target of [...targets.open]) {
      if (target.origin === 'operator') continue;
      if (stateInForce(layers, now, target.symbol, target.agent).state === 'halted')
        this.end(target, 'halted', 'STATE_HALTED: trading was halted before all of it was closed');
    }
  }

  /** A target is over. */
  end(target: ExitTarget, reason: ExitEnd, detail: string): void {
    if (target.end !== null) return;
    this.#hands.recordEnd(target, reason, detail);
    this.#endUnsent(target, detail);
    if (![...this.#hands.state.targets.open].some(({ key }) => key === target.key)) this.#tries.delete(target.key);
    if (TOLD.has(reason) && target.leftLots > 0)
      this.#hands.alert(
        reason === 'dropped' ? 'EXIT_DROPPED' : 'EXIT_ENDED',
        `exit ${target.decisionId} ended with ${target.leftLots} lots left: ${detail}`,
        target.symbol,
      );
  }

  #endUnsent({ first }: ExitTarget, detail: string): void {
    if (first.status === 'pending_send') this.#hands.endUnsent(first, detail);
  }
}
