import type { ExecutionDecision } from '../../core/decision.ts';
import type { ExecutionRequest, Side } from '../../core/request.ts';
import { Elapsed } from '../journal/deadline.ts';
import type { GateCore } from '../journal/journal.ts';
import type { Canceler } from '../orders/cancels.ts';
import type { OrderSender } from '../orders/sender.ts';
import { type Breach, GATE_AGENT } from '../plan/standing.ts';
import { closeRequest, OTHER_STOP } from '../plan/stops.ts';
import { agentsShare } from '../state/closable-share.ts';
import { stateInForce } from '../state/layers.ts';
import { liveOrders, type OrderState } from '../state/orders.ts';
import { DISAGREEMENT_MS, lotsToProtect, type PositionState } from '../state/positions.ts';
import type { Rejection } from '../venue-port.ts';
import { StopMoves } from './move-stop.ts';
import { placeStop, type SentStop } from './place-stop.ts';

/**
 * Time between two cuts of the same symbol, and from the end of the gate's last exit of it to the next cut, ms: the
 * first must show in the position before the next is sized.
 */
const CUT_EVERY_MS = 5_000;
/** Time until a refused stop is retried, ms; doubles with each refusal beyond the third. */
const RETRY_STOP_MS = 5_000;
const LONGEST_RETRY_MS = 300_000;
/** How many consecutive retryable refusals of a stop close the position instead. */
const MAX_STOP_REFUSALS = 3;

/** Exits of the gate itself. */
export interface GateExits {
  /** Resolves when the exit is on disk; it then runs by itself. */
  runGateExit(request: ExecutionRequest, cause: 'stop' | 'cut'): Promise<void>;
  /** Whether one of them has lots to close, or a live order. */
  isGateExiting(symbol: string): boolean;
}

/**
 * The gate's own protection of the account: it cuts back a position above a tightened cap (`on_breach:
 * reduce`), places protective stops (`protection.required`), and raises an alert at the end of the holding time.
 */
export class Protection {
  readonly #core: GateCore;
  readonly #sender: OrderSender;
  readonly #canceler: Canceler;
  readonly #exits: GateExits;
  readonly #moves: StopMoves;
  readonly #cutAt = new Map<string, Elapsed>();
  readonly #stopAt = new Map<string, Elapsed>();
  readonly #alerted = new Map<string, number>();
  readonly #stopDenied = new Map<string, string | null>();
  readonly #stopRefusals = new Map<string, number>();
  /** Symbols where somebody else's order closes the position: the venue takes no other on that side. */
  readonly #guarded = new Set<string>();
  /** Symbols whose stop is in progress: one at a time in each, and none waits for another. */
  readonly #protecting = new Set<string>();
  /** The stop that protects, or last protected, a symbol. */
  readonly #lastStop = new Map<string, OrderState>();

  constructor(core: GateCore, sender: OrderSender, canceler: Canceler, exits: GateExits) {
    this.#core = core;
    this.#sender = sender;
    this.#canceler = canceler;
    this.#exits = exits;
    this.#moves = new StopMoves(core, sender, canceler, (symbol, decision) => this.#isNews(symbol, decision));
  }

  /** While trading is halted nothing is cut back or recorded: the operator has taken over. */
  async cutBack(breach: Breach): Promise<void> {
    const position = this.#core.state.position(breach.symbol);
    if (position.lots === 0 || this.#isHalted(breach.symbol) || this.#isGone(position)) return;
    const now = this.#core.nowMs();
    if ((this.#cutAt.get(breach.symbol)?.ms() ?? CUT_EVERY_MS) < CUT_EVERY_MS) return;
    if (this.#isExiting(breach.symbol) || !this.#isLastExitShown(breach.symbol)) return;
    this.#cutAt.set(breach.symbol, new Elapsed(this.#core));
    const above = `the position is above the tightened ${breach.cause} cap`;
    const most = this.#mayClose(position);
    // The breach counts only lots that are surely held, without those that a lost exit may have closed.
    const lots = Math.min(breach.lots, most - this.#closedByLost(position));
    if (lots <= 0) {
      const nobodys = 'no agent holds any of it (exits.scope: own): nothing is closed';
      this.#core.alertRarely('POSITION_ABOVE_CAP', `${above}; ${nobodys}`, breach.symbol);
      return;
    }
    this.#core.alert('POSITION_CUT', `${above}: ${lots} lots are closed`, breach.symbol);
    const side = position.lots > 0 ? 'sell' : 'buy';
    await this.#exits.runGateExit(closeRequest(this.#core.settings, breach.symbol, side, lots / most, now), 'cut');
  }

  /**
   * An exit of the gate is in flight, unknown, or between two attempts (during Retry-After, for
   * instance). Its lots would be counted, and closed, twice.
   *
   * RISK: one that is lost may never have arrived, and whether it did perhaps nobody will ever tell. It never rests, so
   * a reading of the account well after it shows all that it has done: what is held then is not being closed. How much
   * of it is the gate's to close, {@link #closedByLost} tells.
   */
  #isExiting(symbol: string): boolean {
    if (this.#exits.isGateExiting(symbol)) return true;
    const readAtMs = this.#core.state.account?.requested_at_ms ?? Number.NEGATIVE_INFINITY;
    return this.#ownExits(symbol).some(
      (order) => order.status !== 'lost' || readAtMs < order.updatedAtMs + DISAGREEMENT_MS,
    );
  }

  /**
   * Whether the gate's last exit ended some time ago, and the account was requested since it closed something: possibly
   * seconds after it was decided, so that it would be counted, and closed, twice.
   */
  #isLastExitShown(symbol: string): boolean {
    const { account, targets } = this.#core.state;
    const { endedAtMs, filledAtMs } = targets.lastGateExit(symbol);
    const readAtMs = account?.requested_at_ms ?? Number.NEGATIVE_INFINITY;
    return this.#core.nowMs() - endedAtMs >= CUT_EVERY_MS && readAtMs >= filledAtMs;
  }

  /** Exits of the gate not known to have ended. */
  #ownExits(symbol: string): readonly OrderState[] {
    return [...liveOrders(this.#core.state.orders, symbol)].filter(
      (order) => order.origin === 'gate' && order.reduceOnly && !order.protective,
    );
  }

  /**
   * Lots that lost exits of the gate may have closed already: what the venue shows less than our view, which follows no
   * reading while an order is not known. All of it counts as theirs.
   */
  #closedByLost({ symbol, lots, disputedLots }: PositionState): number {
    if (disputedLots === null || !this.#ownExits(symbol).some((order) => order.status === 'lost')) return 0;
    return Math.max(0, Math.abs(lots) - Math.max(0, disputedLots * Math.sign(lots)));
  }

  #isHalted(symbol: string): boolean {
    return stateInForce(this.#core.state.layers, this.#core.nowMs(), symbol, GATE_AGENT).state === 'halted';
  }

  /** Starts with every symbol that is not in progress, and resolves when those are done. */
  async tick(): Promise<void> {
    const positions = [...this.#core.state.positions.values()];
    for (const position of positions) this.#watchHoldingTime(position);
    const begun: Promise<void>[] = [];
    for (const position of positions) {
      const { symbol } = position;
      if (!this.#core.policySpec.protection.required) continue;
      begun.push(this.#cancelOutdated(position));
      if (this.#protecting.has(symbol)) continue;
      this.#protecting.add(symbol);
      begun.push(this.#protect(position).finally(() => this.#protecting.delete(symbol)));
    }
    await Promise.all(begun);
  }

  /**
   * Stops of a position that is gone. RISK: such a cancel may hang or be refused for long; the venue takes one stop on
   * each side, so that the one that is needed now does not wait for it.
   */
  #cancelOutdated(position: PositionState): Promise<void> {
    const { side } = this.#needOf(position);
    return this.#canceler.cancelMatching(
      position.symbol,
      (order) => order.protective && order.side !== side && !order.cancelRequested,
      'the position that it protects is gone',
    );
  }

  /** Lots to protect, and the side of their stop; null: none. */
  #needOf(position: PositionState): { readonly lots: number; readonly side: Side | null } {
    const lots = lotsToProtect(position, this.#core.nowMs());
    return { lots, side: lots === 0 ? null : lots > 0 ? 'sell' : 'buy' };
  }

  #watchHoldingTime(position: PositionState): void {
    const since = position.sinceMs;
    if (since === null || this.#core.nowMs() - since < this.#core.policySpec.budgets.holding_time_ms) return;
    if (this.#alerted.get(position.symbol) === since) return;
    this.#alerted.set(position.symbol, since);
    this.#core.alert(
      'HOLDING_TIME',
      `the position has been held for the whole holding time: the symbol is reducing until it is flat`,
      position.symbol,
    );
  }

  /**
   * One stop for the whole position (closePosition, on the mark): removed when flat, replaced when the side changes,
   * moved when it is too far away.
   */
  async #protect(position: PositionState): Promise<void> {
    const { lots, side } = this.#needOf(position);
    // Waits and refusals are of one position: the next one gets its stop at once, and its first refusal is not the last
    // of these. So it is when somebody else's order, for which ours was refused, is gone.
    const live = [...liveOrders(this.#core.state.orders, position.symbol)];
    const isGuarded = live.some((order) => order.foreign && closesAll(order) && order.side === side);
    if (lots === 0 || (this.#guarded.has(position.symbol) && !isGuarded)) this.#forgetTries(position.symbol);
    if (isGuarded) this.#guarded.add(position.symbol);
    // RISK: one that is lost may never have been placed, and whether it was perhaps nobody will ever tell. Another one
    // does no harm: both only close, and the venue refuses it while the first rests.
    const stops = live.filter((order) => order.protective && order.side === side && order.status !== 'lost');
    const stop = findClosest(stops);
    if (stop !== null) this.#lastStop.set(position.symbol, stop);
    if (lots === 0 || this.#isGone(position)) return;
    if (stop !== null) {
      await this.#moves.follow(position, stop, stops);
      // It is given up: what takes its place waits for nothing.
      if (stop.cancelRequested) this.#stopAt.delete(position.symbol);
      return;
    }
    const beyond = Math.max(0, (this.#stopRefusals.get(position.symbol) ?? 0) - MAX_STOP_REFUSALS);
    const waitMs = Math.min(LONGEST_RETRY_MS, RETRY_STOP_MS * 2 ** beyond);
    if ((this.#stopAt.get(position.symbol)?.ms() ?? waitMs) < waitMs) return;
    this.#stopAt.set(position.symbol, new Elapsed(this.#core));
    const sent = await placeStop(this.#core, this.#sender, position, lots, (decision) =>
      this.#isNews(position.symbol, decision),
    );
    if (sent === null) return;
    if (sent.order.status !== 'rejected' && sent.order.status !== 'expired') {
      this.#stopRefusals.delete(position.symbol);
      return;
    }
    await this.#takeRefusal(position, sent);
  }

  #forgetTries(symbol: string): void {
    this.#guarded.delete(symbol);
    this.#stopRefusals.delete(symbol);
    this.#stopAt.delete(symbol);
  }

  /** RISK: a position without its stop. The exit that replaces it closes what the gate may close, and no more. */
  async #takeRefusal(position: PositionState, { order, rejection }: SentStop): Promise<void> {
    const refusals = (this.#stopRefusals.get(position.symbol) ?? 0) + 1;
    this.#stopRefusals.set(position.symbol, refusals);
    // A clock out of step or a busy venue is mended within seconds: the stop is placed again first.
    if (order.retryable && refusals < MAX_STOP_REFUSALS) return;
    // An exit whose outcome is not known may have closed the position already: a second one is not sized beside it.
    if (this.#isExiting(position.symbol)) return;
    const { symbol } = position;
    const refused = `the protective stop was refused (${order.detail ?? 'no reason'})`;
    const most = this.#mayClose(position);
    const lots = Math.max(0, most - this.#closedByLost(position));
    const why = this.#whyNotClosed(position, rejection, lots);
    if (why !== null) {
      this.#core.alertRarely('STOP_REFUSED', `${refused}; ${why}`, symbol);
      return;
    }
    const left = Math.abs(position.lots) - lots;
    const what =
      left === 0
        ? 'the position is closed'
        : `the ${lots} lots that agents hold are closed; ${left} lots of somebody else stay, without a stop`;
    this.#core.alert('STOP_REFUSED', `${refused}: ${what}`, symbol);
    const fraction = lots / most;
    const request = closeRequest(this.#core.settings, symbol, order.side, fraction, this.#core.nowMs());
    await this.#exits.runGateExit(request, 'stop');
  }

  #whyNotClosed(position: PositionState, rejection: Rejection | null, lots: number): string | null {
    if (rejection?.code === OTHER_STOP && !this.#isTakeProfitInTheWay(position))
      return 'another order that closes the whole position rests at the venue already';
    if (position.lots === 0) return 'whether there is a position is not known yet: nothing is closed';
    if (this.#isHalted(position.symbol)) return 'in halted only an operator closes the position';
    return lots > 0 ? null : 'no agent holds any of the position (exits.scope: own): nothing is closed';
  }

  /**
   * The order for which the venue takes no stop protects nothing: all that closes the position on that side fires when
   * it wins. RISK: a list may be a moment old, so a stop of somebody else's has the time of some tries to show.
   */
  #isTakeProfitInTheWay(position: PositionState): boolean {
    const { symbol } = position;
    if ((this.#stopRefusals.get(symbol) ?? 0) < MAX_STOP_REFUSALS) return false;
    const { side } = this.#needOf(position);
    const closing = [...liveOrders(this.#core.state.orders, symbol)].filter(
      (order) => order.side === side && (order.protective || (order.foreign && closesAll(order))),
    );
    return closing.length > 0 && closing.every((order) => order.orderType.startsWith('TAKE_PROFIT'));
  }

  /** Lots that the gate may close: what agents hold, or the whole position where `exits.scope` is `account`. */
  #mayClose(position: PositionState): number {
    const held = Math.abs(position.lots);
    if (this.#core.policySpec.exits.scope === 'account') return held;
    return Math.min(held, Math.max(0, Math.sign(position.lots) * agentsShare(position)));
  }

  /** A stop refused repeatedly for the same reason is recorded once. */
  #isNews(symbol: string, decision: ExecutionDecision): boolean {
    const denied = decision.decision === 'BLOCK' ? (decision.reasons[0]?.code ?? '') : null;
    const isNews = denied === null || denied !== this.#stopDenied.get(symbol);
    this.#stopDenied.set(symbol, denied);
    return isNews;
  }

  /**
   * The position is no longer there, though our view still holds it: a stop has fired and the account has not been read
   * since, or the venue shows nothing on that side while a fill is on its way. There is nothing to protect or to cut;
   * the venue would refuse both.
   */
  #isGone(position: PositionState): boolean {
    const stop = this.#lastStop.get(position.symbol);
    const readAtMs = this.#core.state.account?.requested_at_ms ?? Number.NEGATIVE_INFINITY;
    if (stop?.status === 'filled' && stop.updatedAtMs > readAtMs) return true;
    if (position.lots === 0) return false;
    return position.disputedLots !== null && position.disputedLots * Math.sign(position.lots) <= 0;
  }
}

/** The stop that fires first; one being canceled only if there is no other. */
function findClosest(stops: readonly OrderState[]): OrderState | null {
  const staying = stops.filter((order) => !order.cancelRequested);
  const distance = ({ side, triggerTicks }: OrderState): number =>
    triggerTicks === null ? Number.POSITIVE_INFINITY : side === 'sell' ? -triggerTicks : triggerTicks;
  let closest: OrderState | null = null;
  for (const order of staying.length > 0 ? staying : stops)
    if (closest === null || distance(order) < distance(closest)) closest = order;
  return closest;
}

/** A conditional order without a size of its own. */
function closesAll(order: OrderState): boolean {
  return order.kind === 'algo' && order.reduceOnly && order.lots === 0;
}
