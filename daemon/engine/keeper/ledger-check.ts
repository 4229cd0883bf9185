import { layerEvent, layerKey } from '../callers/layers.ts';
import { noteUnreadable, takeUpUnreadable } from '../feeds/held-symbols.ts';
import { describeClosed } from '../feeds/market-feed.ts';
import type { ReadingMarks } from '../feeds/reading-marks.ts';
import { allRead } from '../flow/all-read.ts';
import type { LiveCore, Lookout, StrangeOrder } from '../flow/core.ts';
import { call, type Flow, Pending, resultOf, type Started } from '../flow/step.ts';
import type { OrderState } from '../orders/orders.ts';
import { ownerOf } from '../plan/orders.ts';
import type { PlacedOrder, VenueOrder } from '../records/venue.ts';
import { orderOf } from '../state/views.ts';
import { recordIncome } from '../trades/record-income.ts';
import {
  findContradiction,
  LEDGER_LAYER,
  LedgerRefusedError,
  readReason,
  WAY_OUT,
  writeReason,
} from './ledger-refusal.ts';

/** How far a new ledger looks back for other ledgers on its account, ms. */
const NEW_LEDGER_LOOKBACK_MS = 86_400_000;
/** The venue's order list goes back seven days, and the ledger tells of our own orders for as long. */
const LONGEST_LOOKBACK_MS = 6 * 86_400_000;
/** The venue tells three months of income. */
const LONGEST_INCOME_MS = 85 * 86_400_000;
/** Lists may be this late: the period is checked again, ms. */
const START_OVERLAP_MS = 300_000;
const OVERLAP_MS = 120_000;
/** Minimum time between two lists of a symbol's orders, wall ms. */
const LIST_EVERY_MS = 5_000;
/** The same while a row of them cannot be read, wall ms. */
const UNREADABLE_EVERY_MS = 30_000;
/** Minimum time between two complete comparisons, wall ms. */
const COMPARE_EVERY_MS = 15_000;
/** How long a comparison counts for the next start, ms; income is read again after that at the latest. */
export const COMPARED_COUNTS_MS = 30_000;
const PLACED = 'placed orders';
/** Most orders of one page of the venue. */
const ROWS_OF_A_PAGE = 1000;

/**
 * Compares the account's recent orders, open or not, with the ledger. Two ledgers on one account would each count half
 * of it (BY-45), and a restored one would reuse ids (BY-46). Orders of people and other tools do not matter here.
 */
export class LedgerCheck implements Lookout {
  readonly #core: LiveCore;
  readonly #marks: ReadingMarks | null;
  #fromMs: number | null = null;
  /** Income was read up to here, venue time. */
  #incomeToMs: number | null = null;
  /** The symbol's orders were read up to here, venue time. */
  readonly #listedToMs = new Map<string, number>();
  readonly #listedAt = new Map<string, number>();
  /** Newest trade of the symbol whose order was checked. */
  readonly #judgedTrades = new Map<string, bigint>();
  readonly #suspects = new Set<string>();
  #isAnySuspected = false;
  #comparedAt = Number.NEGATIVE_INFINITY;
  #isRunning = false;
  #strange: StrangeOrder | null = null;
  /** Whether a complete comparison has run in this process. */
  isCompared = false;
  #hasTransfers = true;
  /** A start has read income; without a transfer in it, transfers need not be read at once. */
  onCompared: (hasTransfers: boolean) => void = () => undefined;

  constructor(core: LiveCore, marks: ReadingMarks | null = null) {
    this.#core = core;
    this.#marks = marks;
  }

  /** Call it with the views from before this start. */
  begin(): void {
    const { lastEventAtMs } = this.#core.state;
    this.#fromMs = lastEventAtMs === 0 ? null : lastEventAtMs - START_OVERLAP_MS;
    // RISK: a row that nobody could read may be older than all that a start reads.
    for (const symbol of takeUpUnreadable(this.#core, PLACED)) {
      this.#listedToMs.set(symbol, 0);
      this.#suspects.add(symbol);
    }
  }

  /**
   * Compares recent orders and executions. What cannot be read yet refuses nothing: nothing is opened until {@link
   * compare} has read it. What was found before holds until a recovery. `wait`: how long for the comparison, and for
   * what beside it.
   *
   * @throws LedgerRefusedError
   */
  *refuseStart(wait: (compared: Started<unknown>) => Flow<unknown> = resultOf): Flow<void> {
    const standing = this.#core.state.layers.get(layerKey(LEDGER_LAYER));
    if (standing !== undefined) throw new LedgerRefusedError(readReason(standing.reason));
    this.#takeUp();
    yield* wait(this.isCompared ? Pending.done() : this.#core.begin(this.compare()));
    if (this.#strange !== null) throw new LedgerRefusedError(this.#strange);
  }

  /** An earlier process's comparison, recorded up to here, counts for a while. */
  #takeUp(): void {
    if (this.#marks === null || this.#marks.ageMs('compared') > COMPARED_COUNTS_MS) return;
    this.isCompared = true;
    this.#incomeToMs = this.#marks.atMs('compared');
  }

  /** Checks recent orders of all symbols; false: they could not be read. Findings go to {@link found}. */
  *compare(): Flow<boolean> {
    const askedAtMs = this.#core.nowMs();
    const { scope } = this.#core.policySpec;
    const held = [...this.#core.state.positions.values()].filter(({ quantityE8 }) => quantityE8 !== 0);
    const symbols = new Set(held.map(({ symbol }) => symbol));
    // RISK: income is listed late, and of what was canceled unfilled there is none: nothing else tells a new ledger, or one
    // that was put back, what it lacks.
    const isFirst = !this.isCompared;
    const isRead = yield* this.#readIncome((isWhole) => {
      return isWhole && !isFirst ? symbols : new Set([...symbols, ...scope.symbols]);
    });
    if (isRead && !this.isCompared) this.onCompared(this.#hasTransfers);
    this.isCompared ||= isRead;
    if (isRead && this.#strange === null) this.#marks?.note('compared', askedAtMs);
    return isRead;
  }

  /** A feed: executions of the whole account since the last read, and the orders of unexplained ones. */
  pollIncome(): Flow<boolean> {
    return this.#readIncome(() => new Set());
  }

  /** Checks what is suspected. Called in every round. */
  start(): void {
    if (this.#isRunning || (this.#suspects.size === 0 && !this.#isAnySuspected)) return;
    const now = this.#core.ports.time.monotonicMs();
    if (this.#isAnySuspected && now - this.#comparedAt >= COMPARE_EVERY_MS) {
      this.#isAnySuspected = false;
      this.#comparedAt = now;
      this.#core.begin(
        this.#run(this.compare(), () => {
          this.#isAnySuspected = true;
        }),
      );
      return;
    }
    const isDue = (symbol: string): boolean => {
      const everyMs = this.#core.market.unreadable.has(PLACED, symbol) ? UNREADABLE_EVERY_MS : LIST_EVERY_MS;
      return now - (this.#listedAt.get(symbol) ?? Number.NEGATIVE_INFINITY) >= everyMs;
    };
    const due = [...this.#suspects].filter(isDue);
    if (due.length === 0) return;
    for (const symbol of due) this.#suspects.delete(symbol);
    this.#core.begin(
      this.#run(this.#list(due), () => {
        for (const symbol of due) this.#suspects.add(symbol);
      }),
    );
  }

  *#run(reading: Flow<boolean>, onUnread: () => void): Flow<void> {
    this.#isRunning = true;
    let isRead = false;
    try {
      isRead = yield* reading;
    } catch {
      // It is read again.
    }
    this.#isRunning = false;
    if (!isRead) onUnread();
  }

  /** Reads what was placed in the symbol, now; false: it could not be read. Findings go to {@link found}. */
  readPlaced(symbol: string): Flow<boolean> {
    return this.#list([symbol]);
  }

  suspect(symbol: string | null): void {
    if (symbol === null) this.#isAnySuspected = true;
    else this.#suspects.add(symbol);
  }

  listed(report: VenueOrder): void {
    this.#judge({ ...report, placedAtMs: report.placedAtMs ?? report.updatedAtMs }, report.kind === 'algo');
  }

  /** Nothing is opened from here on; raises one alert. */
  found(strange: StrangeOrder): void {
    const core = this.#core;
    const { code, detail, symbol } = strange;
    this.#strange ??= strange;
    if (core.state.layers.has(layerKey(LEDGER_LAYER))) return;
    const clearsWhen = `the ledger is recovered (./holdfast recover${code === 'OTHER_DAEMON' ? ' --take-over' : ''})`;
    core.append('state', layerEvent(LEDGER_LAYER, writeReason(strange), 'ledger', clearsWhen));
    core.alert(code, `${detail}. ${WAY_OUT[code]}`, symbol);
  }

  *#readIncome(others: (isWhole: boolean) => ReadonlySet<string>): Flow<boolean> {
    const askedAtMs = this.#core.nowMs();
    const sinceMs = this.#incomeToMs === null ? this.#incomeSinceMs() : this.#goOnFrom(this.#incomeToMs);
    const outcome = yield* call('fetchExecutions', sinceMs);
    if (outcome.kind === 'failed') return false;
    const { executions, isWhole, lastTransferMs } = outcome.value;
    recordIncome(this.#core, outcome.value, askedAtMs);
    this.#hasTransfers = !isWhole || lastTransferMs !== null;
    const newest = new Map<string, bigint>();
    for (const { symbol, tradeId } of executions) {
      const id = BigInt(tradeId);
      if (id <= (this.#judgedTrades.get(symbol) ?? -1n)) continue;
      if (this.#core.state.seenTrades.has(symbol, tradeId)) continue;
      if (id > (newest.get(symbol) ?? -1n)) newest.set(symbol, id);
    }
    const isRead = yield* this.#list([...new Set([...newest.keys(), ...others(isWhole)])]);
    if (!isRead) return false;
    for (const [symbol, id] of newest) this.#judgedTrades.set(symbol, id);
    const readToMs = isWhole ? askedAtMs : (executions.at(-1)?.atMs ?? askedAtMs);
    this.#incomeToMs = Math.min(askedAtMs, readToMs);
    return true;
  }

  #list(symbols: readonly string[]): Flow<boolean> {
    // Of what the venue does not trade it tells nothing, and nobody opens there.
    const open = symbols.filter((symbol) => describeClosed(this.#core, symbol) === null);
    return allRead(
      this.#core,
      open.map((symbol) => this.#listSymbol(symbol)),
    );
  }

  *#listSymbol(symbol: string): Flow<boolean> {
    const askedAtMs = this.#core.nowMs();
    this.#listedAt.set(symbol, this.#core.ports.time.monotonicMs());
    const listedToMs = this.#listedToMs.get(symbol);
    const fromMs = listedToMs === undefined ? this.#startsAtMs() : this.#goOnFrom(listedToMs);
    const sinceMs = Math.max(fromMs, askedAtMs - LONGEST_LOOKBACK_MS);
    const outcome = yield* call('fetchPlacedOrders', symbol, sinceMs);
    if (outcome.kind === 'failed') return false;
    const { rows, unreadable } = outcome.value;
    noteUnreadable(this.#core, PLACED, unreadable, (covered) => covered === symbol);
    for (const placed of rows) this.#judge(placed, false);
    // RISK: an order in such a row may be another daemon's. The list is read again, from the same time on.
    if (unreadable.length > 0) {
      this.#suspects.add(symbol);
      return true;
    }
    // One page or more: there may be later ones than the last that was read.
    const lastMs = rows.length < ROWS_OF_A_PAGE ? askedAtMs : rows.at(-1)?.placedAtMs;
    this.#listedToMs.set(symbol, Math.min(askedAtMs, lastMs ?? askedAtMs));
    return true;
  }

  /** Rows come late, and the venue may have set its clock back since. */
  #goOnFrom(readToMs: number): number {
    return Math.max(0, Math.min(readToMs, this.#core.nowMs()) - OVERLAP_MS);
  }

  /** After a long absence the accounts lack more than what is compared; all since they began, where nothing was told yet. */
  #incomeSinceMs(): number {
    const { incomeReadToMs, sinceMs } = this.#core.state.accounts;
    const from = Math.min(this.#startsAtMs(), incomeReadToMs ?? sinceMs ?? Number.POSITIVE_INFINITY);
    return Math.max(0, from, this.#core.nowMs() - LONGEST_INCOME_MS);
  }
  #startsAtMs(): number {
    const now = this.#core.nowMs();
    const readAtMs = this.#core.state.account?.requested_at_ms ?? now;
    const fromMs = Math.min(this.#fromMs ?? now - NEW_LEDGER_LOOKBACK_MS, now - OVERLAP_MS, readAtMs);
    return Math.max(0, fromMs, now - LONGEST_LOOKBACK_MS);
  }

  #judge(placed: PlacedOrder, isAlgo: boolean): void {
    const { clientOrderId, placedAtMs, symbol } = placed;
    const { recovery, takenOverUntilMs, time } = this.#core.state;
    const at = `order ${clientOrderId} of ${new Date(placedAtMs).toISOString()}`;
    switch (ownerOf(clientOrderId, this.#core.ids.genesisId)) {
      case 'none':
        return;
      case 'other_ledger':
        if (takenOverUntilMs !== null && placedAtMs <= takenOverUntilMs) return;
        this.found({ code: 'OTHER_DAEMON', detail: `${at} was placed by another Holdfast ledger`, symbol });
        return;
      case 'own': {
        if (recovery !== null && placedAtMs <= recovery.at_venue_ms) return;
        const detail = findContradiction(this.#find(clientOrderId), placed, time.of(placedAtMs), isAlgo);
        if (detail === null) return;
        this.found({ code: 'LEDGER_BEHIND_VENUE', detail: `${at} ${detail}`, symbol });
      }
    }
  }

  /** Also one that has left the views. */
  #find(clientOrderId: string): OrderState | undefined {
    const known = this.#core.state.orders.all.get(clientOrderId);
    if (known !== undefined) return known;
    const row = this.#core.ports.ledger.readEndedOrders({ clientOrderId }).at(-1);
    return row === undefined ? undefined : orderOf(row);
  }
}
