import { Deadline } from '../journal/deadline.ts';
import type { GateCore } from '../journal/journal.ts';
import { EQUAL_REFUSALS, RefusalLoops } from '../plan/refusal-loops.ts';
import { breakerMs, findRepeatedExecution } from '../plan/repeated-execution.ts';
import { isTerminal, type OrderState } from '../state/orders.ts';
import type { Rejection } from '../venue-port.ts';
import type { VenueConsequences } from './sender.ts';

const RECHECK_FAILURES = 3;
const DEFAULT_PAUSE_MS = 5_000;

/** Actions of the feeds that an answer of the venue triggers. */
export interface FeedRequests {
  resyncClock(): void;
  reloadRules(): void;
  refreshAccount(): void;
  fetchTrades(symbol: string): void;
  resolve(order: OrderState): void;
  /** Shares of a position have changed: resting exits must be checked against them. */
  reviewExits(): void;
}

/** Turns answers of the venue into trading states: automatic causes lead to `reducing`, never to `halted`. */
export class VenueHealth implements VenueConsequences {
  readonly #core: GateCore;
  readonly #feeds: FeedRequests;
  /** While one of them lasts, the venue is closed to us, or must not be called at all. */
  #closed: Deadline[] = [];
  #quiet: Deadline[] = [];
  readonly #loops = new RefusalLoops();
  #recheckFailures = 0;

  constructor(core: GateCore, feeds: FeedRequests) {
    this.#core = core;
    this.#feeds = feeds;
  }

  /** The venue's Retry-After is not over: no feed may call it. */
  isQuiet(): boolean {
    this.#quiet = this.#quiet.filter(isRunning);
    return this.#quiet.length > 0;
  }

  onExecuted(order: OrderState): void {
    this.#feeds.refreshAccount();
    this.#feeds.fetchTrades(order.symbol);
    this.#feeds.reviewExits();
    this.#checkBreaker(order);
  }

  onUnknown(order: OrderState): void {
    this.#feeds.resolve(order);
  }

  onAccepted(): void {
    this.#loops.onAccepted();
  }

  onRejection(rejection: Rejection, order: OrderState): void {
    this.#act(rejection.consequence, rejection.message, rejection.retryAfterMs, order.symbol);
    // We held it back ourselves, because it was late or the leverage is unknown: nothing was refused.
    if (isOwnDrop(rejection) || order.reduceOnly) return;
    const loop = this.#loops.onRefusal(order, rejection);
    const what = `with ${rejection.code ?? rejection.httpStatus}: ${rejection.message}`;
    if (loop === 'account')
      this.setBreaker(`the venue refused ${EQUAL_REFUSALS} orders in a row ${what}`, 'an operator clears it', null);
    if (loop === 'agent' && order.agent !== null)
      this.#stopAgent(
        order.agent,
        `the venue refused the same request ${EQUAL_REFUSALS} times in a row ${what}`,
        order,
      );
  }

  /** One agent's loop is its own: only its breaker opens, and other agents continue. */
  #stopAgent(agent: string, reason: string, order: OrderState): void {
    const { breaker } = this.#core.policyFor(agent).temporal;
    const known = this.#core.state.pacing.breakers.get(agent);
    const untilMs = this.#core.nowMs() + breakerMs(breaker.cooldown_ms, known?.trips ?? 0);
    if (known !== undefined && known.untilMs >= untilMs) return;
    this.#core.append('state', {
      clears_at_ms: untilMs,
      clears_when: 'its cooldown is over, or an operator clears it',
      layer: 'breaker',
      name: agent,
      reason,
      scope: 'agent',
      set_by: 'daemon',
      state: 'reducing',
    });
    this.#core.alert('REPEATED_REFUSAL', `breaker of agent ${agent} opened until ${untilMs}: ${reason}`, order.symbol);
  }

  /** A read failed: the venue as a whole may be closed to us. */
  onReadFailure(detail: string, consequence: string, retryAfterMs: number | null): void {
    if (consequence === 'close_venue' || consequence === 'reducing' || consequence === 'back_off')
      this.#act(consequence, detail, retryAfterMs, null);
    // The venue checks signed times by its own clock: ours is off.
    else if (consequence === 'resync_clock') this.#feeds.resyncClock();
  }

  #act(consequence: string, message: string, retryAfterMs: number | null, symbol: string | null): void {
    switch (consequence) {
      case 'close_venue':
      case 'back_off':
        this.#closed = [...this.#closed.filter(isRunning), new Deadline(this.#core, retryAfterMs ?? DEFAULT_PAUSE_MS)];
        if (retryAfterMs !== null)
          this.#quiet = [...this.#quiet.filter(isRunning), new Deadline(this.#core, retryAfterMs)];
        this.setBreaker(`the venue refuses us: ${message}`, 'the venue answers again', 'venue');
        if (consequence === 'close_venue') this.#core.alertRarely('VENUE_CLOSED', message, symbol);
        return;
      case 'reducing':
        this.setBreaker(`the venue restricts the account: ${message}`, 'an operator clears it', null);
        this.#core.alertRarely('VENUE_RESTRICTED', message, symbol);
        return;
      case 'resync_clock':
        this.#feeds.resyncClock();
        return;
      case 'reload_rules':
      case 'symbol_not_open':
        this.#closeSymbol(consequence, symbol);
        this.#feeds.reloadRules();
        return;
      case 'refresh_account':
      case 'cancel_sibling':
        this.#feeds.refreshAccount();
        return;
      default:
        return;
    }
  }

  #closeSymbol(consequence: string, symbol: string | null): void {
    const rules = symbol === null ? undefined : this.#core.state.rules.get(symbol);
    if (consequence === 'symbol_not_open' && rules?.trading === true)
      this.#core.append('rules', { rules: { ...rules, trading: false } });
  }

  /** The venue answered: what the venue closed opens again, once its waiting time is over. */
  onReadSuccess(): void {
    const entry = this.#core.state.layers.get('breaker|account|');
    this.#closed = this.#closed.filter(isRunning);
    if (entry?.setBy !== 'venue' || this.#closed.length > 0) return;
    this.#core.append('state', {
      clears_at_ms: null,
      clears_when: '',
      layer: 'breaker',
      name: null,
      reason: 'the venue answers again',
      scope: 'account',
      set_by: 'venue',
      state: 'active',
    });
  }

  onRecheckFailure(): void {
    this.#recheckFailures += 1;
    if (this.#recheckFailures < RECHECK_FAILURES) return;
    // The count restarts: failures that continue after an operator's clearance stop trading again.
    this.#recheckFailures = 0;
    this.setBreaker(
      `${RECHECK_FAILURES} orders failed the last check on what would be sent`,
      'an operator clears it',
      null,
    );
  }

  /**
   * An account-wide breaker. One with a graver cause is not replaced by one that clears itself. A new grave cause
   * replaces one that an operator has cleared and that only waits for its delay.
   */
  setBreaker(reason: string, clearsWhen: string, setBy: 'venue' | null): void {
    const entry = this.#core.state.layers.get('breaker|account|');
    if (entry !== undefined && (setBy === 'venue' || (entry.setBy !== 'venue' && entry.clearsAtMs === null))) return;
    this.#core.append('state', {
      clears_at_ms: null,
      clears_when: clearsWhen,
      layer: 'breaker',
      name: null,
      reason,
      scope: 'account',
      set_by: setBy ?? 'daemon',
      state: 'reducing',
    });
  }

  /** The same parent executed repeatedly opens that agent's breaker, longer each time. */
  #checkBreaker(order: OrderState): void {
    if (order.agent === null) return;
    const { temporal } = this.#core.policyFor(order.agent);
    const opened = findRepeatedExecution(this.#core.state, order, temporal.breaker, this.#core.nowMs());
    if (opened === null) return;
    this.#core.append('state', opened);
    this.#core.alert(
      'REPEATED_EXECUTION',
      `breaker of agent ${order.agent} opened until ${opened.clears_at_ms}`,
      order.symbol,
    );
  }

  /** Removes expired layers, so that the stored layers are those in force. */
  sweepLayers(): void {
    const now = this.#core.nowMs();
    for (const entry of [...this.#core.state.layers.values()]) {
      if (entry.clearsAtMs === null || now < entry.clearsAtMs) continue;
      this.#core.append('state', {
        clears_at_ms: null,
        clears_when: '',
        layer: entry.layer,
        name: entry.name,
        reason: 'its time is over',
        scope: entry.scope,
        set_by: 'daemon',
        state: 'active',
      });
    }
  }
}

function isRunning(pause: Deadline): boolean {
  return !pause.isOver();
}

/** No answer of the venue is behind it, and only time speaks against a retry. */
function isOwnDrop({ code, httpStatus, retryable, consequence }: Rejection): boolean {
  const isOwn = consequence === 'none' || consequence === 'refresh_account';
  return code === null && httpStatus === null && retryable && isOwn;
}

/** Whether every order of an execution has ended. */
export function isSettled(orders: readonly OrderState[]): boolean {
  return orders.every((order) => isTerminal(order.status));
}
