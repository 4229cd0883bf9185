import { bootEvent } from '../callers/layers.ts';
import { PERIODS } from '../feeds/feed-schedule.ts';
import { noteUnread } from '../flow/all-read.ts';
import type { ClockMoved } from '../flow/core.ts';
import { type Flow, joined, Pending, resultOf, resultsOf, within } from '../flow/step.ts';
import { COMPARED_COUNTS_MS } from './ledger-check.ts';
import { FILTERS, type StartParts, type StartRead, StartReads } from './start-reads.ts';

/** How long a start waits to learn whether another daemon is active before it accepts exits, wall ms. */
const OTHER_DAEMON_MS = 500;
/** How long exits from before a restart wait for a quote besides the account, wall ms. */
const QUOTES_MS = 1_000;
/** Recorded filters older than this, domain ms, are read again once a start is ready. */
const FILTERS_LOOK_AGAIN_MS = 60_000;
/** How long an unfinished start may use the weight reserved for starts, wall ms. */
const STARTING_MS = 10_000;

/**
 * Keeps the boot layer honest: `reducing` until clock, filters, account, orders and market were read and every order
 * that may have been sent is matched. {@link StartReads} says what is read, and when it need not be.
 */
export class Reconciliation {
  readonly #parts: StartParts;
  readonly #reads: StartReads;
  isReconciled = false;
  /** Account and orders were read completely in this process. */
  wasRead = false;
  /** Everything was read, including prices and settings. */
  wasReconciled = false;
  missing: readonly string[] = ['the first contact with the venue'];
  /** What the boot layer has reported missing since it was entered. */
  readonly #reported = new Set<string>();
  #beganAt = Number.NEGATIVE_INFINITY;

  constructor(parts: StartParts) {
    this.#parts = parts;
    this.#reads = new StartReads(parts);
    const { core, ledgerCheck, marks, schedule } = parts;
    ledgerCheck.onCompared = (hasTransfers) => {
      schedule.noteRead('income');
      if (hasTransfers) return;
      schedule.noteRead('transfers');
      marks.note('transfers', core.nowMs());
    };
  }

  /** Counts recent enough reads from before this start. Precondition: domain time is known. */
  takeUp(): void {
    const { account, core, market, marks, schedule } = this.#parts;
    core.ports.venue.noteStarting?.(true);
    marks.load();
    schedule.noteRead('allOrders', marks.ageMs('all_orders'));
    schedule.noteRead('transfers', marks.ageMs('transfers'));
    schedule.noteRead('income', marks.ageMs('compared') + PERIODS.income.domainMs - COMPARED_COUNTS_MS);
    // A start goes by what is recorded, and looks soon whether the venue has changed it: not at each of many in a row.
    const ageMs = market.rulesAgeMs(account.watched());
    if (ageMs < FILTERS_LOOK_AGAIN_MS) schedule.noteRead('rules', ageMs);
  }

  /**
   * A failed read refuses nothing here. It keeps the boot layer up, which retries, and exits do not wait
   * for it.
   *
   * @throws LedgerRefusedError
   */
  *refuseOtherDaemon(): Flow<void> {
    // Of a first start nothing is open that this daemon placed: it waits for the steps that all lists are read in.
    if (this.#parts.core.state.rules.size === 0) yield* this.#run(this.#reads.steps());
    yield* this.#parts.ledgerCheck.refuseStart((compared) => {
      const lists = this.#parts.schedule.isDue('allOrders')
        ? this.#parts.core.begin(this.#parts.account.askFirst())
        : Pending.done();
      return this.#within(OTHER_DAEMON_MS, joined([lists, compared]));
    });
  }

  /** `isNew`: earlier reads no longer count. */
  enterBoot(reason: string, isNew = true, moved?: ClockMoved): void {
    this.isReconciled = false;
    this.#reported.clear();
    this.#beganAt = this.#parts.core.ports.time.monotonicMs();
    if (isNew) {
      this.#parts.marks.forget();
      this.#parts.schedule.forget();
    }
    this.#parts.core.appendBoot(reason, moved);
  }

  /** Reads whatever is missing; clears the boot layer when everything succeeded. */
  *reconcile(): Flow<boolean> {
    const { time, venue } = this.#parts.core.ports;
    venue.noteStarting?.(time.monotonicMs() - this.#beganAt < STARTING_MS);
    const missing = [...(yield* this.#readAll())];
    this.missing = missing;
    if (missing.length > 0) {
      this.#parts.core.ports.log.warn({ missing }, 'not reconciled yet');
      this.#tellMissing(missing.join(', '));
      return false;
    }
    venue.noteStarting?.(false);
    if (!this.isReconciled) {
      this.isReconciled = true;
      this.wasReconciled = true;
      this.#parts.core.append('state', bootEvent('reconciled', 'active'));
    }
    return true;
  }

  *#readAll(): Flow<readonly string[]> {
    const steps = this.#parts.core.begin(this.#run(this.#reads.steps()));
    if (this.#parts.core.state.rules.size === 0) yield* resultOf(steps);
    const quotes = this.#parts.core.begin(this.#run(this.#reads.quotes()));
    let holdings = yield* this.#run(this.#reads.holdings());
    // Somebody may hold what this daemon has never read the steps of, or the venue may have changed them.
    if (holdings.length > 0 && (yield* this.#areStepsRead())) holdings = yield* this.#run(this.#reads.holdings());
    if (holdings.length === 0 && !this.wasRead) {
      yield* this.#within(QUOTES_MS, resultOf(quotes));
      this.wasRead = true;
    }
    const first = [...(yield* resultOf(steps)), ...holdings];
    const rest = yield* this.#run(this.#reads.rest(holdings.length === 0));
    return [...new Set([...first, ...(yield* resultOf(quotes)), ...rest])];
  }
  *#areStepsRead(): Flow<boolean> {
    try {
      return !(yield* this.#reads.readRules()).includes(FILTERS);
    } catch {
      return false;
    }
  }

  /** Starts all reads, in order; returns the failed ones in words. */
  *#run(reads: readonly StartRead[]): Flow<readonly string[]> {
    const weight = reads.reduce((sum, read) => sum + read.weight, 0);
    const left = this.#parts.core.ports.venue.readWeightLeft?.() ?? null;
    if (left !== null && weight > left) {
      const what = reads.map((read) => read.what);
      this.#parts.core.ports.log.warn({ what, weight, left }, 'the start waits for request weight of the venue');
    }
    const running = reads.map((read) => this.#parts.core.begin(this.#readOne(read)));
    const unread = yield* resultsOf(running.filter((_, index) => reads[index]?.isNeeded === true));
    return unread.flat();
  }
  *#readOne({ read, what }: StartRead): Flow<readonly string[]> {
    try {
      return yield* read();
    } catch (error) {
      noteUnread(this.#parts.core, what, error);
      return [what];
    }
  }

  /** Refusals state why nothing is opened yet; each cause is recorded once. */
  #tellMissing(missing: string): void {
    if (this.isReconciled || this.#reported.has(missing)) return;
    this.#reported.add(missing);
    this.#parts.core.append('state', bootEvent(`not read yet: ${missing}`, 'reducing'));
  }

  #within(ms: number, flow: Flow<unknown>): Flow<unknown> {
    return within(ms, this.#parts.core.begin(this.#guarded(flow)));
  }
  *#guarded(flow: Flow<unknown>): Flow<void> {
    try {
      yield* flow;
    } catch (error) {
      if (!this.#parts.core.isStopping()) noteUnread(this.#parts.core, 'the venue', error);
    }
  }
}
