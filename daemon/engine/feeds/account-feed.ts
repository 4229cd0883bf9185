import { CLOCKS_APART_MS, spanOf } from '../accounts/recent-moves.ts';
import { awaitsReading } from '../claims/exit-sizes.ts';
import type { LiveCore } from '../flow/core.ts';
import { ask, call, type Flow, joined, resultOf, type Started } from '../flow/step.ts';
import { everyLiveOrder, isResting, isTerminal, type OrderState } from '../orders/orders.ts';
import { isFlat, isSettled } from '../positions/positions.ts';
import type { AccountSnapshot, FetchOutcome, Listed, VenueOrder } from '../records/venue.ts';
import { type Ask, isAsSent, type OrderProof } from '../sending/order-proof.ts';
import type { VenueHealth } from '../sending/venue-health.ts';
import { accountEvent, findUnexplained, hasWalletMoved, showAccount } from './account-reading.ts';
import { noteUnreadable } from './held-symbols.ts';
import { Absences, ChangedOrders, describeForeign, isAnother, isLater } from './listed-orders.ts';
import type { ReadingMarks } from './reading-marks.ts';
import { TransferFeed } from './transfer-feed.ts';

/** An account record at least this often, so that drawdown has a history, ms of domain time. */
const RECORD_EVERY_MS = 60_000;
const PEAK_EVERY_MS = 5_000;

/** A first list that was requested longer ago is requested again, wall ms. */
const FIRST_LIST_COUNTS_MS = 5_000;

type Health = Pick<VenueHealth, 'onReadFailure' | 'onUnknown'>;
type Orders = Listed<VenueOrder>;
/** A query for open orders, and what was known at the time. */
interface AskedOrders {
  readonly isWhole: boolean;
  readonly isAsked: (symbol: string) => boolean;
  readonly live: ReadonlySet<OrderState>;
  readonly resting: readonly OrderState[];
  readonly askedAtMs: number;
  readonly askedAtWallMs: number;
  readonly forms: ReturnType<ChangedOrders['noteForms']>;
  readonly ask: Ask;
  readonly answer: Started<FetchOutcome<Orders>>;
}

/** Reads account and open orders from the venue and folds what is news into the ledger. */
export class AccountFeed {
  readonly #core: LiveCore;
  readonly #proof: OrderProof;
  readonly #health: Health;
  readonly #changed: ChangedOrders;
  readonly #absences: Absences;
  readonly #marks: ReadingMarks;
  readonly transfers: TransferFeed;
  #first: AskedOrders | null = null;
  #isFirstAnswered = false;
  /** The wallet moved, and the transfers could not be read then. */
  #owesTransfers = false;
  #asked = 0;
  #newest = 0;
  /** The highest balance that is recorded, and that of the reading before. */
  #peak = Number.NEGATIVE_INFINITY;
  #before: number | null = null;
  /** Which symbols are on isolated margin, by the last account snapshot. */
  isolated: AccountSnapshot['isolated'] | null = null;
  onRead: (feed: 'account' | 'orders' | 'mode') => void = () => undefined;

  constructor(core: LiveCore, proof: OrderProof, health: Health, marks: ReadingMarks) {
    this.#core = core;
    this.#marks = marks;
    this.transfers = new TransferFeed(core, marks);
    this.#proof = proof;
    this.#health = health;
    this.#changed = new ChangedOrders(core);
    this.#absences = new Absences(core);
  }

  /** The symbols that feeds read, sorted: those of the policy, of positions and of live orders. */
  watched(): readonly string[] {
    const { policySpec, state } = this.#core;
    const symbols = new Set<string>(policySpec.scope.symbols);
    for (const position of state.positions.values()) if (!isFlat(position)) symbols.add(position.symbol);
    for (const order of everyLiveOrder(state.orders)) symbols.add(order.symbol);
    return [...symbols].sort();
  }

  *pollAccount(): Flow<boolean> {
    this.#asked += 1;
    const nr = this.#asked;
    const { moves } = this.#core.state.equity;
    const knownMoves = moves.list;
    const askedErrorMs = this.#clockErrorMs();
    const outcome = yield* call('fetchAccount', this.watched());
    if (outcome.kind === 'failed') {
      this.#health.onReadFailure(outcome);
      return false;
    }
    const snapshot = outcome.value;
    this.onRead('account');
    // Several callers ask at once, and answers may overtake each other. Instants do not tell: clocks are set back.
    if (nr < this.#newest) return true;
    this.#newest = nr;
    this.isolated = snapshot.isolated;
    // Asked before the clock was set back: when that was is not known.
    if (snapshot.requestedAtMs > this.#core.nowMs()) return false;
    const last = this.#core.state.account;
    if (hasWalletMoved(this.#core, snapshot.walletUsdt) || this.#owesTransfers)
      this.#owesTransfers = !(yield* this.transfers.pollMoves());
    if (nr < this.#newest) return true;
    if (snapshot.requestedAtMs > this.#core.nowMs()) return false;
    // Moved while the venue answered: whether the answer shows it nobody can tell, and the next one does.
    const errorMs = Math.max(askedErrorMs, this.#clockErrorMs());
    const span = spanOf(snapshot.requestedAtMs, snapshot.observedAtMs, errorMs);
    const { time } = this.#core.state;
    if (moves.isUnclear(knownMoves, { fromMs: time.of(span.fromMs), toMs: time.of(span.toMs) })) {
      this.#core.market.readings.onUnclear();
      return false;
    }
    noteUnreadable(this.#core, 'position', snapshot.unreadable, () => true);
    for (const symbol of findUnexplained(this.#core.state, snapshot)) this.#core.lookout.suspect(symbol);
    showAccount(this.#core, snapshot, span);
    // A balance that only one reading shows was never available.
    const before = this.#before ?? last?.margin_balance_usdt ?? snapshot.marginBalanceUsdt;
    const peak = Math.min(before, snapshot.marginBalanceUsdt);
    this.#before = snapshot.marginBalanceUsdt;
    if (this.#isNews(snapshot, peak)) {
      this.#peak = Math.max(this.#peak, peak);
      this.#core.append('account', accountEvent(snapshot, peak, errorMs));
    }
    return true;
  }

  /** Clocks are always apart by a little; what a slow answer left open comes on top. */
  #clockErrorMs(): number {
    const errorMs = Math.ceil(this.#core.ports.clock.uncertaintyMs);
    return errorMs > CLOCKS_APART_MS ? errorMs : 0;
  }

  #isNews(snapshot: AccountSnapshot, peak: number): boolean {
    const { state } = this.#core;
    const last = state.account;
    if (last === null) return true;
    const age = snapshot.requestedAtMs - last.requested_at_ms;
    if (age < 0 || age >= RECORD_EVERY_MS || state.uncontained.size > 0) return true;
    if (awaitsReading(state) || snapshot.walletUsdt !== last.wallet_usdt) return true;
    if (peak > this.#peak && age >= PEAK_EVERY_MS) return true;
    const held = new Map(snapshot.positions.map((position) => [position.symbol, position]));
    const unread = new Set(snapshot.unreadable.map(({ symbol }) => symbol));
    if (unread.size !== (last.unread?.length ?? 0) || last.unread?.every((symbol) => unread.has(symbol)) === false)
      return true;
    for (const position of state.positions.values()) {
      // RISK: stops and cuts wait for a reading of after the last fill. One that was asked for before may have shown it.
      if (position.lastFillAtMs >= state.accountAskedMs) return true;
      if (unread.has(position.symbol)) continue;
      const seen = held.get(position.symbol);
      if ((seen?.quantityE8 ?? 0) !== position.quantityE8 || !isSettled(position)) return true;
      if ((seen?.liquidationPrice ?? null) !== position.liquidationPrice) return true;
      const leverage = snapshot.leverage[position.symbol];
      if (leverage !== undefined && leverage !== position.leverage) return true;
    }
    return snapshot.positions.some(
      (position) => position.quantityE8 !== (state.positions.get(position.symbol)?.quantityE8 ?? 0),
    );
  }

  /**
   * Matches the venue's open lists with our orders; returns false when they could not be read. `symbols`: of these
   * only; empty: of the whole account, which alone shows an order of somebody else in a symbol that nobody watches.
   */
  *pollOrders(symbols: readonly string[] = []): Flow<boolean> {
    const asked = (symbols.length === 0 ? this.#takeFirst() : null) ?? this.#askOrders(symbols);
    return (yield* this.#matchOrders(asked, yield* resultOf(asked.answer))) !== null;
  }
  /** The same, by lists that are asked for now: what they show; null: they could not be read. */
  *listOrders(symbols: readonly string[]): Flow<readonly VenueOrder[] | null> {
    const asked = this.#askOrders(symbols);
    return yield* this.#matchOrders(asked, yield* resultOf(asked.answer));
  }

  /** The first thing that a start asks for; {@link pollOrders} matches the answer. */
  *askFirst(): Flow<void> {
    const first = this.#askOrders([]);
    this.#first = first;
    const outcome = yield* resultOf(first.answer);
    this.#isFirstAnswered = true;
    if (outcome.kind === 'ok') this.#tellListed(outcome.value.rows);
  }
  /** The list of the whole account that a start began with has come, and was not matched yet. */
  get isFirstAnswered(): boolean {
    return this.#first !== null && this.#isFirstAnswered;
  }
  #takeFirst(): AskedOrders | null {
    const first = this.#first;
    this.#first = null;
    const ageMs = first === null ? 0 : this.#core.ports.time.monotonicMs() - first.askedAtWallMs;
    return ageMs > FIRST_LIST_COUNTS_MS ? null : first;
  }

  /** What was known when the venue was asked, and its answer. */
  #askOrders(symbols: readonly string[]): AskedOrders {
    const { ports, state } = this.#core;
    const live = new Set(everyLiveOrder(state.orders));
    const isAsked = (symbol: string): boolean => symbols.length === 0 || symbols.includes(symbol);
    return {
      isWhole: symbols.length === 0,
      isAsked,
      live,
      resting: [...live].filter((order) => isResting(order) && isAsked(order.symbol)),
      askedAtMs: this.#core.nowMs(),
      askedAtWallMs: ports.time.monotonicMs(),
      forms: this.#changed.noteForms(),
      ask: this.#proof.ask(),
      answer: this.#core.begin(call('fetchOpenOrders', symbols)),
    };
  }

  *#matchOrders(asked: AskedOrders, outcome: FetchOutcome<Orders>): Flow<readonly VenueOrder[] | null> {
    const { ask, askedAtMs, forms, live, resting } = asked;
    if (outcome.kind === 'failed') {
      this.#health.onReadFailure(outcome);
      return null;
    }
    this.onRead('orders');
    const { rows, unreadable } = outcome.value;
    noteUnreadable(this.#core, 'open orders', unreadable, asked.isAsked);
    const listed = new Set<string>();
    const lookups: Started<void>[] = [];
    for (const report of rows) {
      listed.add(report.clientOrderId);
      const order = this.#core.state.orders.all.get(report.clientOrderId);
      if (order === undefined) this.#takeListed(report, ask);
      else if (isAnother(order, report)) {
        if (isLater(report.venueOrderId, order.venueOrderId)) this.#takeListed(report, ask);
      } else if (this.#proof.isOther(order, report)) {
        // Ours counts in full until its end is proven, and nothing is opened meanwhile.
        if (isTerminal(order)) this.#takeListed(report, ask);
      } else if (isTerminal(order)) {
        // One that ended while the venue was asked is listed rightly, and has ended; one whose end the venue showed is
        // listed by a copy of before.
        if (!live.has(order) && !order.isEndShown && order.plannedAtMs < this.#core.state.time.of(askedAtMs))
          lookups.push(this.#core.begin(this.#lookUpListed(order, report, asked.ask)));
      } else {
        this.#proof.adopt(order, report, ask);
        this.#changed.compare(order, report, forms.get(order));
      }
    }
    // What was working when we asked and is no longer listed has ended; how, only a lookup tells.
    for (const order of resting) {
      if (listed.has(order.clientOrderId) || isTerminal(order)) this.#absences.end(order);
      else lookups.push(this.#core.begin(this.#lookUpGone(order)));
    }
    yield* joined(lookups);
    if (asked.isWhole) this.#marks.note('all_orders', askedAtMs);
    return rows;
  }

  *#lookUpGone(order: OrderState): Flow<void> {
    const since = this.#proof.ask();
    const found = yield* ask<'lookUp'>({ fx: 'lookUp', key: order });
    if (found.kind === 'found') {
      this.#absences.end(order);
      this.#proof.adopt(order, found.order, since);
    } else if (found.kind === 'not_found' && order.foreign) {
      // RISK: one old list and one -2013 prove nothing (BINANCE.md fact 6): until it has lasted the order counts in
      // full.
      if (this.#absences.isProven(order) && !isTerminal(order))
        this.#proof.recordAbsent(order, { status: 'canceled', detail: 'no longer at the venue' }, since);
    } else if (found.kind === 'not_found') this.#health.onUnknown(order);
  }

  /** Listed, though we saw no end of it: it lives, unless a lookup knows that it has ended and the list is old. */
  *#lookUpListed(order: OrderState, report: VenueOrder, since: Ask): Flow<void> {
    const found = yield* ask<'lookUp'>({ fx: 'lookUp', key: report });
    const isOld =
      found.kind === 'found' && (isTerminal(found.order) || found.order.venueOrderId !== report.venueOrderId);
    // Its id may be in use again by now.
    const isSame = this.#core.state.orders.all.get(order.clientOrderId) === order && !isAnother(order, report);
    if (!isOld && isSame && isTerminal(order)) this.#takeListed(report, since);
  }

  /** An order that no record explains may be another daemon's. */
  #tellListed(listed: readonly VenueOrder[]): void {
    for (const report of listed)
      if (!this.#core.state.orders.all.has(report.clientOrderId)) this.#core.lookout.listed(report);
  }

  /**
   * Somebody else's order on our account counts in exposure and is never canceled silently; neither is one forgotten
   * that had ended for us and is open.
   */
  #takeListed(report: VenueOrder, ask: Ask): void {
    if (isTerminal(report)) return;
    const known = this.#core.state.orders.all.get(report.clientOrderId);
    const isOther = known !== undefined && !isAsSent(known, report, this.#core.state);
    const isRevived = known !== undefined && !isOther && !isAnother(known, report);
    if (!isRevived && !isOther) this.#core.lookout.listed(report);
    this.#core.append('order', {
      ...(isOther ? { another: true as const } : {}),
      average_price: null,
      client_order_id: report.clientOrderId,
      detail: isRevived ? 'open at the venue after all' : 'not placed by this daemon',
      evidence: { asked_seq: ask.seq, kind: 'shown' },
      executed_e8: report.executedE8,
      foreign: describeForeign(report),
      retryable: false,
      status: report.status,
      venue_at_ms: report.updatedAtMs,
      venue_order_id: report.venueOrderId,
    });
  }
}
