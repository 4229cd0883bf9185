import type { FlattenBody } from '../api/operator.ts';
import type { Caller } from '../api.ts';
import type { AccountFeed } from '../feeds/account-feed.ts';
import type { GateCore } from '../journal/journal.ts';
import { pause } from '../journal/pause.ts';
import type { Canceler } from '../orders/cancels.ts';
import type { SliceRunner } from '../orders/slices.ts';
import { type ExitTarget, liveOrdersOf } from '../state/exit-targets.ts';
import type { LayerEntry } from '../state/layers.ts';
import { everyLiveOrder, liveOrders, type OrderState } from '../state/orders.ts';
import { describeFlatten, heldLots } from './flatten-answer.ts';
import { LastWord } from './last-word.ts';

const RELIST_ROUNDS = 20;
const RELIST_MS = 250;
/** Longest that exits wait for the cancels and their proof, and for a reading of the account, wall ms. */
const CANCEL_FIRST_MS = 2_000;
const READ_FIRST_MS = 1_000;
/** How long exits are waited for before a flatten answers with what is left, wall ms; the console asks for 15 s. */
const EXITS_WITHIN_MS = 8_000;
/** Between two rounds of one that goes on, wall ms; doubled while a round changes nothing. */
const ROUND_EVERY_MS = 5_000;
const LONGEST_PAUSE_MS = 60_000;

/** `onDecided`: called with the id of its decision before it is sent. */
type Exit = (caller: Caller, symbol: string, side: 'buy' | 'sell', onDecided: (id: string) => void) => Promise<void>;
const NOTHING_DONE = { canceled: false, isRead: false, isOver: false };
const ANOTHER_STATE = 'another trading state was set: the flatten is over';

interface Pace {
  readonly left: string;
  readonly pauseMs: number;
  readonly nextAt: number;
}

/**
 * The kill switch. `halted` is on disk first, with the mark that everything is to be closed: what a call did not get
 * done goes on by itself, also after a restart, until the account is flat or an operator sets another state.
 */
export class Flatten {
  readonly #core: GateCore;
  readonly #canceler: Canceler;
  readonly #slices: SliceRunner;
  readonly #account: AccountFeed;
  readonly #exit: Exit;
  readonly #cancelTargets: (isConcerned: (target: ExitTarget) => boolean, detail: string) => void;
  readonly #word: LastWord;
  /** Decisions of exits of its own that may still go on. */
  readonly #decided = new Set<string>();
  readonly #isQuiet: () => boolean;
  readonly #signal: AbortSignal;
  readonly #exiting = new Map<string, { readonly done: Promise<void>; readonly sinceWallMs: number }>();
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
    core: GateCore;
    canceler: Canceler;
    slices: SliceRunner;
    account: AccountFeed;
    exit: Exit;
    cancelTargets: (isConcerned: (target: ExitTarget) => boolean, detail: string) => void;
    /** The venue asked to be left alone. */
    isQuiet: () => boolean;
    signal: AbortSignal;
  }) {
    this.#core = parts.core;
    this.#word = new LastWord(parts.core);
    this.#canceler = parts.canceler;
    this.#slices = parts.slices;
    this.#account = parts.account;
    this.#exit = parts.exit;
    this.#cancelTargets = parts.cancelTargets;
    this.#isQuiet = parts.isQuiet;
    this.#signal = parts.signal;
  }

  /**
   * Halts, cancels every regular and conditional opening order and reads the lists again until they are empty, then
   * closes the positions. Protective stops stay until flat.
   */
  async run(caller: Caller, symbols: readonly string[] | null, reason: string): Promise<FlattenBody> {
    const core = this.#core;
    for (const name of symbols ?? [null]) {
      this.#emptied.delete(name);
      const appended = core.appendTightening({
        clears_at_ms: null,
        clears_when: 'an operator clears it; until it is flat positions are closed',
        flatten: true,
        layer: 'operator',
        name,
        reason,
        scope: name === null ? 'account' : 'symbol',
        set_by: caller.agent,
        state: 'halted',
      });
      this.#word.begin(name);
      await appended.committed;
    }
    // Without names the whole account: the lists that follow may tell of symbols that nobody watched.
    const targets = (): readonly string[] => symbols ?? this.#account.watched();
    if (!core.ports.clock.isSynced) return describeFlatten(core, symbols, targets(), NOTHING_DONE);
    this.#calls += 1;
    try {
      const canceled = await this.#round(caller, symbols);
      await this.#within(READ_FIRST_MS, this.#account.pollAccount());
      this.#endDone();
      return describeFlatten(core, symbols, targets(), { canceled, ...this.#word.describe(symbols) });
    } finally {
      this.#calls -= 1;
    }
  }

  /** Goes on with what is not done: after an answer that left something, and at a start. Null: nothing is left. */
  tick(): Promise<unknown> | null {
    this.endAbandoned();
    if (this.#calls > 0 || this.#isQuiet() || this.#standing().length === 0) return null;
    this.#endDone();
    const rounds: Promise<unknown>[] = [];
    for (const entry of this.#standing()) {
      if (this.#underWay.has(entry)) continue;
      const left = this.#describeLeft(this.#targetsOf(entry));
      const now = this.#core.ports.time.monotonicMs();
      const pace = this.#pace.get(entry);
      if (pace !== undefined && now < pace.nextAt) continue;
      const pauseMs = pace?.left === left ? Math.min(LONGEST_PAUSE_MS, 2 * pace.pauseMs) : ROUND_EVERY_MS;
      this.#pace.set(entry, { left, pauseMs, nextAt: now + pauseMs });
      const caller: Caller = { role: 'operator', agent: entry.setBy, tokenId: 'flatten', skillSha256: null };
      this.#underWay.add(entry);
      this.#word.begin(entry.name);
      rounds.push(this.#round(caller, symbolsOf(entry)).finally(() => this.#underWay.delete(entry)));
    }
    return rounds.length === 0 ? null : Promise.all(rounds);
  }

  /** Whether every order is proven canceled; the positions are being closed, or are closed. */
  async #round(caller: Caller, symbols: readonly string[] | null): Promise<boolean> {
    // RISK: lists that do not come must not hold up the exits: the cancels then go on beside them.
    const canceling = this.#cancelEverything(symbols);
    await this.#within(CANCEL_FIRST_MS, canceling);
    await this.#within(READ_FIRST_MS, this.#account.pollAccount());
    await this.#exitAll(caller, this.#word.wantedOf(symbols) ?? this.#account.watched());
    const isCanceled = (await this.#within(0, canceling)) === true;
    for (const name of symbols ?? [null])
      if (isCanceled) this.#emptied.add(name);
      else this.#emptied.delete(name);
    return isCanceled;
  }

  /** RISK: an exit that waits for its turn would close what an operator wants to keep by now. */
  endAbandoned(): void {
    if (this.#decided.size === 0) return;
    const isOwn = ({ decisionId }: ExitTarget): boolean => this.#decided.has(decisionId);
    const open = [...this.#core.state.targets.open].filter(isOwn);
    for (const id of this.#decided) if (!open.some(({ decisionId }) => decisionId === id)) this.#decided.delete(id);
    if (open.some(({ symbol }) => this.#word.isOver([symbol])))
      this.#cancelTargets((target) => isOwn(target) && this.#word.isOver([target.symbol]), ANOTHER_STATE);
  }

  #standing(): readonly LayerEntry[] {
    const now = this.#core.nowMs();
    const standing = [...this.#core.state.layers.values()].filter(
      (entry) => entry.isFlattening && (entry.clearsAtMs === null || now < entry.clearsAtMs),
    );
    for (const entry of this.#pace.keys()) if (!standing.includes(entry)) this.#pace.delete(entry);
    return standing;
  }
  #targetsOf(entry: LayerEntry): readonly string[] {
    return symbolsOf(entry) ?? this.#account.watched();
  }

  /**
   * What is flat stays halted, and is not closed again: whoever opens something at the venue afterwards means to.
   * Nothing counts as flat before the account was read, and the lists of orders that are left.
   */
  #endDone(): void {
    const readAtMs = this.#core.market.account?.observedAtMs ?? Number.NEGATIVE_INFINITY;
    for (const entry of this.#standing()) {
      if (readAtMs < entry.sinceMs || !this.#emptied.has(entry.name)) continue;
      if (this.#describeLeft(this.#targetsOf(entry)) !== '') continue;
      this.#core.append('state', {
        clears_at_ms: entry.clearsAtMs,
        clears_when: entry.clearsAtMs === null ? 'an operator clears it' : entry.clearsWhen,
        layer: entry.layer,
        name: entry.name,
        reason: entry.reason,
        scope: entry.scope,
        set_by: entry.setBy,
        state: 'halted',
      });
    }
  }

  /** Positions, and orders that may still open one or whose outcome is not known; empty: nothing is left. */
  #describeLeft(symbols: readonly string[]): string {
    const left: string[] = [];
    for (const symbol of symbols) {
      const lots = heldLots(this.#core.state.position(symbol));
      if (lots !== 0) left.push(`${symbol} ${lots}`);
      for (const order of liveOrders(this.#core.state.orders, symbol))
        if (!order.reduceOnly || isExitOnItsWay(order)) left.push(order.clientOrderId);
    }
    return left.join(' ');
  }

  /** What it comes to in that time of wall clock; null: later, or it failed, which is an alert. */
  async #within<T>(ms: number, running: Promise<T>): Promise<T | null> {
    const guarded = running.catch((error: unknown) => {
      if (!this.#signal.aborted) this.#core.alertRarely('FLATTEN_FAILED', String(error));
      return null;
    });
    const answered = new AbortController();
    const late = this.#core.ports.time.delay(ms, answered.signal).then(() => null);
    const first = await Promise.race([guarded, late]);
    answered.abort();
    return first;
  }

  /** Exits go on by themselves; an answer is owed in bounded time, also when an exit's outcome cannot be learned. */
  async #exitAll(caller: Caller, symbols: readonly string[]): Promise<void> {
    const exits = symbols.map((symbol) => this.#exitOnce(caller, symbol));
    const answered = new AbortController();
    await Promise.race([Promise.all(exits), this.#core.ports.time.delay(EXITS_WITHIN_MS, answered.signal)]);
    answered.abort();
  }

  /**
   * One exit of a symbol at a time, unless what became of the last one could not be found out: reduceOnly bounds both.
   */
  #exitOnce(caller: Caller, symbol: string): Promise<void> {
    const lots = heldLots(this.#core.state.position(symbol));
    if (lots === 0) return Promise.resolve();
    const exits = [...liveOrders(this.#core.state.orders, symbol)].filter(isExitOfOperator);
    const running = this.#exiting.get(symbol);
    const now = this.#core.ports.time.monotonicMs();
    // RISK: one that waits for something without closing anything may wait for ever.
    const isIdle = running !== undefined && now - running.sinceWallMs >= ROUND_EVERY_MS && !this.#isClosing(symbol);
    const isLost = exits.some((order) => order.status === 'lost');
    if (!isLost && !isIdle && running !== undefined) return running.done;
    // One of unknown outcome is not waited for: reduceOnly bounds both.
    if (!isLost && exits.some((order) => order.status === 'in_flight')) return Promise.resolve();
    const done = this.#exit(caller, symbol, lots > 0 ? 'sell' : 'buy', (id) => this.#decided.add(id))
      .catch((error: unknown) => {
        if (!this.#signal.aborted) this.#core.alertRarely('FLATTEN_EXIT_FAILED', String(error), symbol);
      })
      .finally(() => {
        if (this.#exiting.get(symbol)?.done === done) this.#exiting.delete(symbol);
      });
    this.#exiting.set(symbol, { done, sinceWallMs: now });
    return done;
  }

  /** An operator's exit of the symbol has lots to close, or an order that lives. */
  #isClosing(symbol: string): boolean {
    for (const target of this.#core.state.targets.open)
      if (target.origin === 'operator' && target.symbol === symbol)
        if (target.leftLots > 0 || !liveOrdersOf(target).next().done) return true;
    return false;
  }

  async #cancelEverything(symbols: readonly string[] | null): Promise<boolean> {
    const isOpening = (order: { readonly reduceOnly: boolean; readonly symbol: string }): boolean => {
      const wanted = this.#word.wantedOf(symbols);
      return !order.reduceOnly && (wanted === null || wanted.includes(order.symbol));
    };
    this.#slices.dropUnsent('flatten', isOpening);
    for (let round = 0; round < RELIST_ROUNDS && !this.#signal.aborted && !this.#word.isOver(symbols); round += 1) {
      // RISK: what is known goes first, and neither a list nor a cancel that hangs holds up the rest.
      void this.#canceler.cancelMatching(null, isOpening, 'flatten');
      await this.#account.pollOrders(symbols ?? (round === 0 ? [] : this.#account.watched()));
      await this.#within(RELIST_MS, this.#canceler.cancelMatching(null, isOpening, 'flatten'));
      const open = await this.#core.ports.venue.fetchOpenOrders(symbols ?? []);
      if (open.kind === 'ok' && !open.value.some((order) => !order.closePosition && isOpening(order))) {
        const left = [...everyLiveOrder(this.#core.state.orders)].filter(isOpening);
        // What is on its way is waited for; what is unknown must not hold up the exits, but is not called canceled.
        if (!left.some((order) => order.status === 'in_flight')) return left.length === 0;
      }
      await pause(this.#core.ports.time, RELIST_MS, this.#signal);
    }
    return false;
  }
}

/** Null: the whole account. */
const symbolsOf = ({ name }: LayerEntry): readonly string[] | null => (name === null ? null : [name]);
function isExitOfOperator(order: OrderState): boolean {
  return order.reduceOnly && !order.protective && order.origin === 'operator';
}
/** It may still fill: what it closes is not to be closed a second time. */
function isExitOnItsWay(order: OrderState): boolean {
  return isExitOfOperator(order) && (order.status === 'in_flight' || order.status === 'unknown');
}
