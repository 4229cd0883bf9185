import { ACCOUNT_BREAKER, layerEvent, layerKey } from '../callers/layers.ts';
import type { EngineCore } from '../flow/core.ts';
import type { OrderState } from '../orders/orders.ts';
import { Deadline } from '../plan/deadline.ts';
import {
  findAccountBreaker,
  findLoopBreaker,
  findRepeatedExecution,
  isCountedRefusal,
  RefusalLoops,
} from '../protect/breakers.ts';
import { findOverLayers } from '../protect/over-layers.ts';
import type { FetchOutcome, Rejection } from '../records/venue.ts';
import { type Cause, isOfAccount, rowOf } from '../tables/cause.ts';

const RECHECK_FAILURES = 3;
const DEFAULT_PAUSE_MS = 5_000;

/** Things that only the feeds can do, asked for by an answer of the venue. */
export interface FeedRequests {
  resyncClock(): void;
  reloadRules(): void;
  refreshAccount(): void;
  fetchTrades(symbol: string): void;
  resolve(order: OrderState): void;
  /** Shares of a position have moved: resting exits are to be held against them. */
  reviewHoldings(): void;
}

/** What a reading has failed with. */
type FailedRead = Extract<FetchOutcome<never>, { kind: 'failed' }>;

/** Turns answers of the venue into trading states: automatic causes lead to `reducing`, never to `halted`. */
export class VenueHealth {
  readonly #core: EngineCore;
  readonly #feeds: FeedRequests;
  /** While one of them is not over the venue is closed to us, or wants to hear nothing at all. */
  #closed: Deadline[] = [];
  #quiet: Deadline[] = [];
  readonly #loops = new RefusalLoops();
  #recheckFailures = 0;

  constructor(core: EngineCore, feeds: FeedRequests) {
    this.#core = core;
    this.#feeds = feeds;
  }

  /** The venue named a time for which it wants to be left alone (Retry-After) and that is not over: no feed may ask. */
  isQuiet(): boolean {
    this.#quiet = this.#quiet.filter(isRunning);
    return this.#quiet.length > 0;
  }

  onExecuted(order: OrderState): void {
    this.#feeds.refreshAccount();
    this.#feeds.fetchTrades(order.symbol);
    this.#feeds.reviewHoldings();
    this.#checkBreaker(order);
  }

  onVanished(order: OrderState): void {
    this.#feeds.fetchTrades(order.symbol);
  }

  onUnknown(order: OrderState): void {
    this.#feeds.resolve(order);
  }

  onAccepted(): void {
    this.#loops.onAccepted();
  }

  onRejection(rejection: Rejection, order: OrderState): void {
    this.#act(rejection.cause, rejection.message, rejection.retryAfterMs, order.symbol);
    if (!isCountedRefusal(rejection, order)) return;
    const { breaker } = this.#core.policyFor(order.agent ?? '').temporal;
    const loop = this.#loops.onRefusal(order, rejection);
    const opened = findLoopBreaker(
      this.#core.state,
      loop,
      { order, rejection },
      { breaker, nowMs: this.#core.nowMs() },
    );
    if (opened === null) return;
    this.#core.append('state', opened);
    const until =
      opened.scope === 'agent'
        ? `breaker of agent ${opened.name} opened until ${opened.clears_at_ms}`
        : 'breaker of the account opened until an operator clears it';
    this.#core.alert('REPEATED_REFUSAL', `${until}: ${opened.reason}`, order.symbol);
  }

  /** A read failed: the venue as a whole may be closed to us. */
  onReadFailure({ cause, detail, retryAfterMs }: Omit<FailedRead, 'kind'>): void {
    if (isOfAccount(cause)) this.#act(cause, detail, retryAfterMs, null);
  }

  #act(cause: Cause, message: string, retryAfterMs: number | null, symbol: string | null): void {
    // What closes may soon be asked for again after it was refused; that is no time after which to open.
    const { first } = rowOf(cause);
    const minMs = first === 'closed' || retryAfterMs === null ? DEFAULT_PAUSE_MS : 0;
    const pauseMs = Math.max(minMs, retryAfterMs ?? 0);
    switch (first) {
      case 'closed':
      case 'paused':
        this.#closed = [...this.#closed.filter(isRunning), new Deadline(this.#core.planClock, pauseMs)];
        if (retryAfterMs !== null)
          this.#quiet = [...this.#quiet.filter(isRunning), new Deadline(this.#core.planClock, retryAfterMs)];
        this.setBreaker(`the venue refuses us: ${message}`, 'the venue answers again', 'venue');
        if (first === 'closed') this.#core.alertRarely('VENUE_CLOSED', message, symbol);
        return;
      case 'restricted':
        this.setBreaker(`the venue restricts the account: ${message}`, 'an operator clears it', null);
        this.#core.alertRarely('VENUE_RESTRICTED', message, symbol);
        return;
      // The venue dates what is signed by its own clock: ours is off.
      case 'clock':
        this.#feeds.resyncClock();
        return;
      case 'listing':
        this.#closeSymbol(symbol);
        this.#feeds.reloadRules();
        return;
      case 'rules':
        this.#feeds.reloadRules();
        return;
      case 'account':
        this.#feeds.refreshAccount();
        return;
      case null:
    }
  }

  #closeSymbol(symbol: string | null): void {
    const rules = symbol === null ? undefined : this.#core.state.rules.get(symbol);
    if (rules?.trading === true) this.#core.append('rules', { rules: { ...rules, trading: false } });
  }

  /** The venue answered: what it closed itself opens again, once its own waiting time is over. */
  onReadSuccess(): void {
    const entry = this.#core.state.layers.get(layerKey(ACCOUNT_BREAKER));
    this.#closed = this.#closed.filter(isRunning);
    if (entry?.setBy !== 'venue' || this.#closed.length > 0) return;
    this.#core.append('state', layerEvent(ACCOUNT_BREAKER, 'the venue answers again', 'venue', null));
  }

  onRecheckFailure(): void {
    this.#recheckFailures += 1;
    if (this.#recheckFailures < RECHECK_FAILURES) return;
    // Counted anew: what goes on failing after an operator has cleared it stops trading again.
    this.#recheckFailures = 0;
    this.setBreaker(
      `${RECHECK_FAILURES} orders failed the last check on what would be sent`,
      'an operator clears it',
      null,
    );
  }

  /** {@link findAccountBreaker} */
  setBreaker(reason: string, clearsWhen: string, setBy: 'venue' | null): void {
    const opened = findAccountBreaker(this.#core.state, reason, clearsWhen, setBy);
    if (opened !== null) this.#core.append('state', opened);
  }

  /** The same parent executed again and again: the breaker of that agent opens, longer each time (DESIGN "Temporal"). */
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

  /** {@link findOverLayers} */
  sweepLayers(): void {
    for (const over of findOverLayers(this.#core.state, this.#core.nowMs())) this.#core.append('state', over);
  }
}

function isRunning(pause: Deadline): boolean {
  return !pause.isOver();
}
