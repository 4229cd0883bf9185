// biome-ignore-all lint/style/noExcessiveLinesPerFile: one book: trades and income settle each other

import { heldIn, keepLast, SeenIds } from '../kept/collections.ts';
import type { OrderState } from '../orders/order.ts';
import type { DecisionEvent } from '../records/decisions.ts';
import type { RequestSumEvent } from '../records/house-events.ts';
import { fromE8, usdtE8, worthE8 } from '../records/units.ts';
import type { AccountEvent, IncomeEvent, IncomeRow, TradeEvent } from '../records/venue-events.ts';
import type { Gift, Owner } from '../words.ts';
import { AccountDays, dayOf } from './account-days.ts';
import {
  addEntries,
  addTrade,
  type CostBook,
  createCostBook,
  giveHeld,
  NOT_BEGUN,
  type Post,
  putSetBack,
  takeOut,
  wasFlatSince,
} from './cost-book.ts';
import { type Booking, type CostTrade, paid, unrealisedE8 } from './cost-fold.ts';
import { idOf, isLiquidation, kindOf, slippageOf } from './income-rows.ts';

/** Lists of income overlap by minutes, or by what a start reads again. */
const KEEP_INCOME_MS = 2 * 86_400_000;
/** Those that are kept whatever their age, so that a clock that was days ahead makes none of them news again. */
const KEEP_INCOMES = 1_000;
/** Trades of a symbol that are kept until they are read. */
const MAX_UNREPORTED = 1_000;
/** Rows of the newest income may still be missing from a list. */
export const INCOME_LATE_MS = 10_000;

/** What the exchange says of a trade that is not among its bookings yet. */
export interface Unconfirmed {
  readonly atMs: number;
  readonly realisedUsdt: number;
  readonly feesUsdt: number;
}
/**
 * Profit by agent, symbol and day, from recorded trades and income alone. Trades move lots in the order in which the
 * exchange made them, whenever they are listed (cost-book.ts), so an agent's profit is that of its own buys and sells: its
 * lots close at what they cost it. What closes on nobody's order is taken as positions are, and with it profit and fee.
 */
export class Accounts {
  readonly days = new AccountDays();
  private readonly seenIncome = new SeenIds(KEEP_INCOME_MS, KEEP_INCOMES);
  readonly books = new Map<string, CostBook>();
  /** Instants of trades that only income has told of, by symbol and trade id. */
  private readonly unreported = new Map<string, Map<string, number>>();
  /** Trades that the exchange's income need not contain yet. */
  private readonly unbooked = new Map<string, Unconfirmed>();
  /** First reading of the account; what was before is in what was held then. */
  sinceMs: number | null = null;
  /** Every booking until then is recorded; null: none was read. */
  incomeReadToMs: number | null = null;
  /** The last recovery: of symbols that are not known yet as well. */
  disowned: Gift | null = null;
  /** The day that the newest reading of the account has begun; null: none was read. */
  openDayMs: number | null = null;

  /** Trades that income has not confirmed yet. */
  get unconfirmed(): readonly Unconfirmed[] {
    return [...this.unbooked.values()];
  }
  /** The day that began with the last first reading, if it is not before an instant. */
  openedAfter(atMs: number): number | null {
    return this.openDayMs !== null && this.openDayMs >= atMs ? this.openDayMs : null;
  }
  /** Rows that are news: not recorded yet, and of after the first reading. */
  newsOf(rows: readonly IncomeRow[]): readonly IncomeRow[] {
    const sinceMs = this.sinceMs ?? Number.POSITIVE_INFINITY;
    return rows.filter((row) => row.at_venue_ms > sinceMs && !this.seenIncome.has('', idOf(row)));
  }
  /** Trades of a symbol that only income has told of: when they were made, by id. */
  unreportedTrades(symbol: string): ReadonlyMap<string, number> {
    return this.unreported.get(symbol) ?? NONE;
  }
  unreportedSymbols(): Iterable<string> {
    return this.unreported.keys();
  }

  /** The first reading says what was held before; it is nobody's. Of a symbol that it could not read a later one says it. */
  applyAccount(event: AccountEvent): void {
    const { positions, requested_at_ms: readAtMs, unread = [] } = event;
    const isFirst = this.sinceMs === null;
    this.sinceMs ??= readAtMs;
    if (isFirst) for (const symbol of unread) this.books.set(symbol, createCostBook(symbol, NOT_BEGUN));
    const isKnownNow = ({ sinceMs, symbol }: CostBook): boolean => sinceMs === NOT_BEGUN && !unread.includes(symbol);
    const begun = isFirst
      ? positions.map(({ symbol }) => symbol)
      : [...this.books.values()].filter(isKnownNow).map(({ symbol }) => symbol);
    for (const symbol of begun) {
      const held = positions.find((position) => position.symbol === symbol);
      const quantityE8 = held?.quantity_e8 ?? 0;
      const costE8 = worthE8(quantityE8, usdtE8(held?.entry_price ?? 0));
      const sinceMs = Math.max(readAtMs, held?.updated_at_ms ?? 0);
      this.books.set(symbol, createCostBook(symbol, sinceMs, quantityE8, costE8));
    }
    const dayMs = dayOf(readAtMs);
    const isNewDay = this.openDayMs === null || dayMs > this.openDayMs;
    if (isNewDay) {
      this.openDayMs = dayMs;
      this.days.noteOpened(dayMs);
    }
    // RISK: the day's first trade may be made before its first reading, which no longer shows what it closed.
    for (const { mark_price: mark, symbol } of positions)
      if (isNewDay || begun.includes(symbol))
        addEntries(this.#book(symbol), [{ kind: 'mark', atMs: readAtMs, priceE8: usdtE8(mark) }], this.#postTo(symbol));
  }
  #book(symbol: string): CostBook {
    const known = this.books.get(symbol);
    if (known !== undefined) return known;
    const book = createCostBook(symbol, this.sinceMs ?? NOT_BEGUN);
    this.books.set(symbol, book);
    if (this.disowned !== null) giveHeld(book, this.disowned, this.#postTo(symbol));
    return book;
  }
  #postTo(symbol: string): Post {
    return (posting, sign) => this.days.post(symbol, posting, sign);
  }

  /** By owner, USDT. */
  unrealised(symbol: string, mark: number): ReadonlyMap<Owner, number> {
    const book = this.books.get(symbol);
    if (book === undefined) return new Map();
    return new Map([...unrealisedE8(book.held, usdtE8(mark))].map(([owner, amountE8]) => [owner, fromE8(amountE8)]));
  }

  /** Whether the symbol's trades that are on record have left nothing held at some instant after that. */
  wasFlatSince(symbol: string, atMs: number): boolean {
    const book = this.books.get(symbol);
    return book !== undefined && wasFlatSince(book, atMs);
  }

  /** A trade that is recorded for the first time. Whose lots it moved, the first where it moved several owners'. */
  applyTrade(event: TradeEvent, order: OrderState | undefined): Owner {
    const { at_venue_ms: atMs, symbol } = event;
    if (this.sinceMs === null || atMs <= this.sinceMs) return order?.origin === 'agent' ? order.agent : null;
    const book = this.#book(symbol);
    const post = this.#postTo(symbol);
    const trade = costTradeOf(event, order);
    let { owner } = trade;
    if (atMs > book.sinceMs) owner = addTrade(book, trade, post);
    // Nobody knows yet what it closed.
    else this.days.post(symbol, { atMs, owner: order?.agent ?? null, figures: paid(trade) });
    const unreported = this.unreported.get(symbol);
    const isBooked = unreported?.delete(event.trade_id) === true;
    if (unreported?.size === 0) this.unreported.delete(symbol);
    const reported = { atMs, realisedUsdt: event.realised_pnl_usdt, feesUsdt: event.fee_usdt };
    if (isBooked || atMs <= (this.incomeReadToMs ?? 0)) this.#confirm(reported);
    else this.unbooked.set(`${symbol} ${event.trade_id}`, reported);
    return owner;
  }

  #confirm({ atMs, realisedUsdt, feesUsdt }: Unconfirmed): void {
    this.days.tell(atMs, realisedUsdt, feesUsdt);
  }

  /** `isReported`: whether a trade is recorded. */
  applyIncome(event: IncomeEvent, isReported: (symbol: string, tradeId: string) => boolean): void {
    const sinceMs = this.sinceMs ?? Number.POSITIVE_INFINITY;
    const shared = new Map<string, Booking[]>();
    for (const row of event.rows) {
      const { amount_usdt: amount, at_venue_ms: atMs, symbol, type } = row;
      if (atMs <= sinceMs || !this.seenIncome.add('', idOf(row), atMs)) continue;
      const kind = kindOf(type);
      this.days.book(atMs, kind, amount);
      this.#noteTraded(row, isReported);
      if (kind !== 'funding' && kind !== 'other') continue;
      const booking = { kind: kind === 'funding' ? 'funded' : 'charged', atMs, amountE8: usdtE8(amount) } as const;
      shared.set(symbol, [...(shared.get(symbol) ?? []), booking]);
    }
    this.incomeReadToMs = Math.max(this.incomeReadToMs ?? 0, event.read_to_ms);
    for (const [key, reported] of this.unbooked) {
      if (reported.atMs > this.incomeReadToMs) continue;
      this.unbooked.delete(key);
      this.#confirm(reported);
    }
    for (const [symbol, bookings] of shared) addEntries(this.#book(symbol), bookings, this.#postTo(symbol));
  }

  /** Income tells of a trade. */
  #noteTraded(row: IncomeRow, isReported: (symbol: string, tradeId: string) => boolean): void {
    const { at_venue_ms: atMs, symbol, trade_id: tradeId } = row;
    if (tradeId === null) return;
    const reported = this.unbooked.get(`${symbol} ${tradeId}`);
    if (reported !== undefined && this.unbooked.delete(`${symbol} ${tradeId}`)) this.#confirm(reported);
    if (isReported(symbol, tradeId)) return;
    const unreported = heldIn(this.unreported, symbol, () => new Map<string, number>());
    keepLast(unreported.set(tradeId, atMs), MAX_UNREPORTED);
  }

  /** An operator gave a symbol to an agent; null: what is held is nobody's from here on. */
  noteHolder(symbol: string, gift: Gift): void {
    // What the first reading shows is nobody's.
    if (this.sinceMs !== null) giveHeld(this.#book(symbol), gift, this.#postTo(symbol));
  }
  disown(atMs: number, seq: number): void {
    this.disowned = { owner: null, atMs, seq };
    for (const symbol of this.books.keys()) this.noteHolder(symbol, this.disowned);
  }

  /** A call of an agent that was decided. */
  noteDecision({ agent, decision, request }: DecisionEvent, atMs: number): void {
    if (decision.kind !== 'tool' || request.origin !== 'agent') return;
    const cut = decision.decision === 'LIMIT' ? 1 : 0;
    const block = decision.decision === 'BLOCK' ? 1 : 0;
    this.days.ask(atMs, agent, { requests: 1, cuts: cut, blocks: block });
  }
  /** Calls that are recorded as a sum. */
  noteSum({ agent, count, kind, last_ms, origin }: RequestSumEvent): void {
    if (origin !== 'agent' || (kind !== 'blocked' && kind !== 'empty_cancel')) return;
    this.days.ask(last_ms, agent, { requests: count, blocks: kind === 'blocked' ? count : 0 });
  }

  /** RISK: days that have not come would leave what is lost meanwhile out of today, and trades of now before the first. */
  setBack(nowMs: number): void {
    const today = dayOf(nowMs);
    if (this.openDayMs !== null) this.openDayMs = Math.min(this.openDayMs, today);
    const entries = new Map([...this.books].map(([symbol, book]) => [book, takeOut(book, this.#postTo(symbol))]));
    this.days.setBack(today);
    for (const [book, told] of entries) putSetBack(book, told, nowMs, this.#postTo(book.symbol));
    if (this.disowned !== null) this.disowned = { ...this.disowned, atMs: Math.min(this.disowned.atMs, nowMs) };
    this.seenIncome.setBack(nowMs);
    if (this.sinceMs !== null) this.sinceMs = Math.min(this.sinceMs, nowMs);
    if (this.incomeReadToMs !== null) this.incomeReadToMs = Math.min(this.incomeReadToMs, nowMs);
    for (const [key, reported] of this.unbooked)
      this.unbooked.set(key, { ...reported, atMs: Math.min(reported.atMs, nowMs) });
    for (const unreported of this.unreported.values())
      for (const [id, atMs] of unreported) unreported.set(id, Math.min(atMs, nowMs));
  }
}

const NONE: ReadonlyMap<string, number> = new Map();

function costTradeOf(event: TradeEvent, order: OrderState | undefined): CostTrade {
  const isLiquidated = isLiquidation(event);
  const isExit = order?.reduceOnly === true || isLiquidated;
  const isOwn = order?.origin === 'agent' || (order?.reduceOnly === false && order.origin !== 'operator');
  const slippage = slippageOf(event, order);
  return {
    kind: 'trade',
    atMs: event.at_venue_ms,
    number: Number(event.trade_id),
    // The fee of an order is its agent's; that of an exit by others is borne with what it closed.
    owner: isOwn ? (order?.agent ?? null) : null,
    isBorne: order?.origin !== 'agent',
    agentsFirst: order?.origin === 'gate' || isLiquidated,
    opens: !isExit,
    quantityE8: event.side === 'buy' ? event.quantity_e8 : -event.quantity_e8,
    priceE8: usdtE8(event.price),
    feeE8: usdtE8(event.fee_usdt),
    slippageE8: slippage === null ? null : usdtE8(slippage),
    seq: order?.decidedSeq ?? 0,
  };
}
