import type { FlattenBody } from '../../contract/types/operator.ts';
import { isFlattening, type LayerEntry, layerEvent } from '../callers/layers.ts';
import type { AccountFeed } from '../feeds/account-feed.ts';
import type { LiveCore } from '../flow/core.ts';
import { ask, endedWithin, type Flow, joined, onDisk, type Started, wait, within } from '../flow/step.ts';
import { everyLiveOrder, isInFlight, liveOrders } from '../orders/orders.ts';
import { formatQuantityE8 } from '../records/units.ts';
import type { Canceler } from '../sending/cancels.ts';
import { describeFlatten, heldE8 } from './flatten-answer.ts';
import { type CancelClaims, type FlattenExit, FlattenExits, type Flattener, isExitOnItsWay } from './flatten-exits.ts';
import { haltOf, LastWord } from './last-word.ts';

const RELIST_ROUNDS = 20;
const RELIST_MS = 250;
/** Longest that an answer waits for the proof of the cancels, and for a reading of the account, wall ms. */
const CANCELED_WITHIN_MS = 2_000;
const READ_WITHIN_MS = 1_000;
/** How long exits are waited for before a flatten answers with what is left, wall ms; the console asks for 15 s. */
const EXITS_WITHIN_MS = 8_000;
/** With the reading behind them. */
const ANSWER_WITHIN_MS = 10_000;
/** Between two rounds of one that goes on, wall ms; doubled while a round changes nothing. */
const ROUND_EVERY_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;

const NOTHING_DONE = { canceled: false, isRead: false, isOver: false };

interface Pace {
  readonly left: string;
  readonly pauseMs: number;
  readonly nextAt: number;
}

/**
 * The kill switch. `halted` is on disk first, with the mark that everything is to be closed: what a call did not get
 * done goes on by itself, also after a restart, until the account is flat or an operator lifts it (`active`).
 */
export class Flatten {
  readonly #core: LiveCore;
  readonly #canceler: Canceler;
  readonly #account: AccountFeed;
  readonly #word: LastWord;
  readonly #exits: FlattenExits;
  readonly #isQuiet: () => boolean;
  readonly #pace = new Map<LayerEntry, Pace>();
  /**
   * Symbols whose opening orders a round found gone from the venue's own lists, null the whole account. RISK: an order
   * that ended by the views may be listed still, or again; until the lists are empty nothing is done.
   */
  readonly #emptied = new Set<string | null>();
  /** Rounds of earlier ticks: the keeper calls again while one waits for the venue. */
  readonly #underWay = new Set<LayerEntry>();
  #calls = 0;

  constructor(parts: {
    core: LiveCore;
    canceler: Canceler;
    account: AccountFeed;
    exit: FlattenExit;
    cancelClaims: CancelClaims;
    /** The venue asked to be left alone. */
    isQuiet: () => boolean;
  }) {
    this.#core = parts.core;
    this.#word = new LastWord(parts.core);
    this.#exits = new FlattenExits(parts.core, this.#word, parts.exit, parts.cancelClaims);
    this.#canceler = parts.canceler;
    this.#account = parts.account;
    this.#isQuiet = parts.isQuiet;
  }

  /**
   * Halts, and closes what is known to be held in the same turn. Beside that every regular and conditional opening order
   * is canceled, and the lists are read again until they are empty. Protective stops stay until flat.
   */
  *run(by: Flattener, symbols: readonly string[] | null, reason: string): Flow<FlattenBody> {
    const core = this.#core;
    for (const name of symbols ?? [null]) {
      this.#emptied.delete(name);
      core.appendTightening({
        ...layerEvent(haltOf(name), reason, by.agent, 'an operator clears it; until it is flat positions are closed'),
        flatten: true,
        state: 'halted',
      });
      this.#word.begin(name);
    }
    // Without names the whole account: the lists that follow may tell of symbols that nobody watched.
    const targets = (): readonly string[] => symbols ?? this.#account.watched();
    if (!core.ports.clock.isSynced) {
      yield* onDisk();
      return describeFlatten(core, symbols, targets(), NOTHING_DONE);
    }
    const canceled = (yield* endedWithin(ANSWER_WITHIN_MS, core.begin(this.#runOnce(by, symbols)))) ?? false;
    return describeFlatten(core, symbols, targets(), { canceled, ...this.#word.describe(symbols) });
  }

  /** Whether every order is proven canceled. */
  *#runOnce(by: Flattener, symbols: readonly string[] | null): Flow<boolean> {
    this.#calls += 1;
    try {
      const isCanceled = yield* this.#round(by, symbols);
      yield* this.#within(READ_WITHIN_MS, this.#account.pollAccount());
      this.#endDone();
      return isCanceled;
    } finally {
      this.#calls -= 1;
    }
  }

  /** Goes on with what is not done, after an answer that left something, and at a start: the rounds which it began. */
  tick(): readonly Started<unknown>[] {
    this.#exits.endAbandoned();
    if (this.#calls > 0 || this.#isQuiet() || this.#standing().length === 0) return [];
    this.#endDone();
    const rounds: Started<unknown>[] = [];
    for (const entry of this.#standing()) {
      if (this.#underWay.has(entry)) continue;
      const left = this.#describeLeft(this.#targetsOf(entry));
      const now = this.#core.ports.time.monotonicMs();
      const pace = this.#pace.get(entry);
      if (pace !== undefined && now < pace.nextAt) continue;
      const pauseMs = pace?.left === left ? Math.min(LONGEST_PAUSE_MS, 2 * pace.pauseMs) : ROUND_EVERY_MS;
      this.#pace.set(entry, { left, pauseMs, nextAt: now + pauseMs });
      this.#underWay.add(entry);
      this.#word.begin(entry.name);
      const round = this.#core.begin(this.#round({ agent: entry.setBy, tokenId: 'flatten' }, symbolsOf(entry)));
      rounds.push(round.onEnd(() => this.#underWay.delete(entry)));
    }
    return rounds;
  }

  /**
   * Whether every order is proven canceled; the positions are being closed, or are closed. INVARIANT: the exits of what is
   * known to be held are decided before anything is waited for, and leave as soon as that and the halt are on disk.
   */
  *#round(by: Flattener, symbols: readonly string[] | null): Flow<boolean> {
    const tried = new Map<string, number>();
    const closeHeld = (): readonly Started<void>[] =>
      this.#exits.close(by, this.#word.wantedOf(symbols) ?? this.#account.watched(), tried);
    const closing = closeHeld();
    yield* onDisk();
    yield* ask<'nextTurn'>({ fx: 'nextTurn' });
    let isCanceled = false;
    const canceling = this.#begin(this.#cancelEverything(symbols)).onEnd((end) => {
      isCanceled = end.kind === 'done' && end.result === true;
    });
    yield* this.#within(EXITS_WITHIN_MS, this.#closeAll(closing, closeHeld, canceling));
    for (const name of symbols ?? [null])
      if (isCanceled) this.#emptied.add(name);
      else this.#emptied.delete(name);
    return isCanceled;
  }
  *#closeAll(
    closing: readonly Started<void>[],
    closeHeld: () => readonly Started<void>[],
    canceling: Started<unknown>,
  ): Flow<void> {
    const read = this.#core.begin(this.#readThenClose(closeHeld));
    const canceled = this.#core.begin(within(CANCELED_WITHIN_MS, canceling));
    yield* joined([...closing, read, canceled]);
    // An opening order may have filled before it was canceled.
    yield* this.#readThenClose(closeHeld);
  }
  *#readThenClose(closeHeld: () => readonly Started<void>[]): Flow<void> {
    yield* this.#within(READ_WITHIN_MS, this.#account.pollAccount());
    yield* joined(closeHeld());
  }

  /** {@link FlattenExits.endAbandoned} */
  endAbandoned(): void {
    this.#exits.endAbandoned();
  }

  #standing(): readonly LayerEntry[] {
    const now = this.#core.passedMs();
    const standing = [...this.#core.state.layers.values()].filter((entry) => isFlattening(entry, now));
    for (const entry of this.#pace.keys()) if (!standing.includes(entry)) this.#pace.delete(entry);
    return standing;
  }
  #targetsOf(entry: LayerEntry): readonly string[] {
    return symbolsOf(entry) ?? this.#account.watched();
  }

  /**
   * What is flat keeps its state, and is not closed again: whoever opens something at the venue afterwards means to.
   * Nothing counts as flat before the account was read, and the lists of orders that are left.
   */
  #endDone(): void {
    const { market, state } = this.#core;
    const readAtMs = state.time.of(market.account?.observedAtMs ?? Number.NEGATIVE_INFINITY);
    for (const entry of this.#standing()) {
      if (readAtMs < entry.sinceMs || !this.#emptied.has(entry.name)) continue;
      if (this.#describeLeft(this.#targetsOf(entry)) !== '') continue;
      this.#core.append('state', {
        clears_at_ms: state.time.venueMsOf(entry.clearsAtMs),
        clears_when: entry.clearsAtMs === null ? 'an operator clears it' : entry.clearsWhen,
        layer: entry.layer,
        name: entry.name,
        reason: entry.reason,
        scope: entry.scope,
        set_by: entry.setBy,
        state: entry.state,
      });
    }
  }

  /** Positions, and orders that may still open one or whose outcome is not known; empty: nothing is left. */
  #describeLeft(symbols: readonly string[]): string {
    const left: string[] = [];
    for (const symbol of symbols) {
      const quantityE8 = heldE8(this.#core.state.position(symbol));
      if (quantityE8 !== 0) left.push(`${symbol} ${formatQuantityE8(quantityE8, this.#core.state.rules.get(symbol))}`);
      for (const order of liveOrders(this.#core.state.orders, symbol))
        if (!order.reduceOnly || isExitOnItsWay(order)) left.push(order.clientOrderId);
    }
    return left.join(' ');
  }

  /** What it comes to in that time of wall clock; null: later, or it failed, which is an alert. */
  #within<T>(ms: number, flow: Flow<T>): Flow<T | null> {
    return within(ms, this.#begin(flow));
  }
  /** Null: it failed, which is an alert. */
  #begin<T>(flow: Flow<T>): Started<T | null> {
    return this.#core.begin(this.#guarded(flow));
  }
  *#guarded<T>(flow: Flow<T>): Flow<T | null> {
    try {
      return yield* flow;
    } catch (error) {
      if (!this.#core.isStopping()) this.#core.alertRarely('FLATTEN_FAILED', String(error));
      return null;
    }
  }

  *#cancelEverything(symbols: readonly string[] | null): Flow<boolean> {
    const isOpening = (order: { readonly reduceOnly: boolean; readonly symbol: string }): boolean => {
      const wanted = this.#word.wantedOf(symbols);
      return !order.reduceOnly && (wanted === null || wanted.includes(order.symbol));
    };
    this.#canceler.dropUnsent('flatten', isOpening);
    for (let round = 0; round < RELIST_ROUNDS && !this.#core.isStopping() && !this.#word.isOver(symbols); round += 1) {
      // RISK: a cancel that hangs holds up neither the list nor the cancels of what that tells.
      const asked = this.#canceler.cancelMatching(null, isOpening, 'flatten');
      yield* this.#within(RELIST_MS, joined(asked));
      const listed = yield* this.#account.listOrders(symbols ?? []);
      if (listed !== null && !listed.some((order) => !order.closePosition && isOpening(order))) {
        const left = everyLiveOrder(this.#core.state.orders).filter(isOpening);
        // What is on its way is waited for; what is unknown is not, and is not called canceled.
        if (!left.some((order) => isInFlight(order))) return left.length === 0;
      }
      this.#canceler.cancelMatching(null, isOpening, 'flatten');
      yield* wait(RELIST_MS);
    }
    return false;
  }
}

/** Null: the whole account. */
const symbolsOf = ({ name }: LayerEntry): readonly string[] | null => (name === null ? null : [name]);
