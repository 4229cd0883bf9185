// biome-ignore-all lint/style/noExcessiveLinesPerFile: one book: trades and income settle each other

import { SeenIds } from '../kept/seen-ids.ts';
import type { OrderState } from '../orders/order.ts';
import {
  adoptLots,
  createOwnedLots,
  type MovingTrade,
  moveLots,
  NOT_BEGUN,
  type OwnedLots,
  setBackOwned,
  splitHeld,
  wasFlatSince,
} from '../positions/owned-lots.ts';
import type {
  AccountEvent,
  DecisionEvent,
  IncomeEvent,
  IncomeRow,
  RequestSumEvent,
  TradeEvent,
} from '../records/events.ts';
import { fromE8 } from '../records/units.ts';
import type { Owner } from '../words.ts';
import { AccountDays, copyOf, dayOf, putUsdt } from './account-days.ts';
import { idOf, isLiquidation, kindOf, slippageOf } from './income-rows.ts';

/** Lists of income overlap by minutes, or by what a start reads again. */
const KEEP_INCOME_MS = 2 * 86_400_000;
/** Those that are kept whatever their age, so that a clock that was days ahead makes none of them news again. */
const KEEP_INCOMES = 1_000;
/** Income of trades that are not read yet, and funding that waits for them: of one symbol at most. */
const MAX_WAITING = 1_000;
/** Rows of the newest income may still be missing from a list. */
export const INCOME_LATE_MS = 10_000;

/** What the exchange says of a trade that is not among its bookings yet. */
export interface Unconfirmed {
  readonly atMs: number;
  readonly realisedUsdt: number;
  readonly feesUsdt: number;
}
/** What of a symbol's income waits. */
interface Waiting {
  /** Instants of trades that only income has told of, by trade id. */
  readonly unreported: Map<string, number>;
  readonly funding: IncomeRow[];
}

/**
 * Profit by agent, symbol and day, from recorded trades and income alone. Trades move lots in the order in which the
 * exchange made them, so an agent's profit is that of its own buys and sells: its lots close at what they cost it. What
 * closes on nobody's order is taken as positions are (holding.ts), and with it profit and fee.
 */
export class Accounts {
  readonly days = new AccountDays();
  private readonly seenIncome = new SeenIds(KEEP_INCOME_MS, KEEP_INCOMES);
  readonly books = new Map<string, OwnedLots>();
  private readonly waiting = new Map<string, Waiting>();
  /** Trades that the exchange's income need not contain yet. */
  private readonly unbooked = new Map<string, Unconfirmed>();
  /** First reading of the account; what was before is in what was held then. */
  sinceMs: number | null = null;
  /** Every booking until then is recorded; null: none was read. */
  incomeReadToMs: number | null = null;
  /** The day that the newest reading of the account has begun; null: none was read. */
  openDayMs: number | null = null;
  /** At the first reading of that day, of symbols that were not traded since. */
  private openingMarks = new Map<string, number>();
  /** By symbol: the newest day of which it is known what was held when it began. */
  private readonly begun = new Map<string, number>();

  /** Trades that income has not confirmed yet. */
  get unconfirmed(): readonly Unconfirmed[] {
    return [...this.unbooked.values()];
  }
  /** Bookings of a span that wait for trades before they are split, USDT. */
  waitingUsdt(fromMs: number, toMs: number): number {
    let usdt = 0;
    for (const { funding } of this.waiting.values())
      for (const { amount_usdt: amount, at_venue_ms: atMs } of funding)
        if (atMs >= fromMs && atMs < toMs) usdt += amount;
    return usdt;
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
    return this.waiting.get(symbol)?.unreported ?? NONE;
  }
  *unreportedSymbols(): Generator<string> {
    for (const [symbol, { unreported }] of this.waiting) if (unreported.size > 0) yield symbol;
  }

  /** The first reading says what was held before; it is nobody's. Of a symbol that it could not read a later one says it. */
  applyAccount(event: AccountEvent): void {
    const isFirst = this.sinceMs === null;
    this.sinceMs ??= event.requested_at_ms;
    if (isFirst) for (const { symbol } of event.positions) this.#begin(symbol, event);
    if (isFirst) for (const symbol of event.unread ?? []) this.books.set(symbol, createOwnedLots(symbol, NOT_BEGUN));
    this.#openDay(event);
    if (isFirst) return;
    for (const { sinceMs, symbol } of this.books.values())
      if (sinceMs === NOT_BEGUN && event.unread?.includes(symbol) !== true) this.#begin(symbol, event);
  }
  #begin(symbol: string, { positions, requested_at_ms: readAtMs }: AccountEvent): void {
    const held = positions.find((position) => position.symbol === symbol);
    const { entry_price: price = 0, quantity_e8: quantityE8 = 0, updated_at_ms: changedAtMs = 0 } = held ?? {};
    const sinceMs = Math.max(readAtMs, changedAtMs);
    this.books.set(symbol, createOwnedLots(symbol, sinceMs, quantityE8, fromE8(quantityE8) * price));
    if (held !== undefined) this.openingMarks.set(symbol, held.mark_price);
  }

  /** The first reading of a day values what was held when it began. */
  #openDay(event: AccountEvent): void {
    const dayMs = dayOf(event.requested_at_ms);
    if (this.openDayMs !== null && dayMs <= this.openDayMs) return;
    for (const symbol of [...this.openingMarks.keys()]) this.#openSymbol(symbol);
    this.openDayMs = dayMs;
    this.days.noteOpened(dayMs);
    const held = event.positions.filter(({ symbol }) => this.begun.get(symbol) !== dayMs);
    this.openingMarks = new Map(held.map(({ mark_price: mark, symbol }) => [symbol, mark]));
  }
  /**
   * RISK: the day's first trade may be made before its first reading, which no longer shows what it closed, and realises
   * what was won or lost the day before. What was held is valued at its price.
   */
  #openByTrade({ at_venue_ms: atMs, price, symbol }: TradeEvent): void {
    const dayMs = dayOf(atMs);
    if (this.openDayMs === null || dayMs < this.openDayMs || dayMs <= (this.begun.get(symbol) ?? 0)) return;
    this.begun.set(symbol, dayMs);
    for (const [owner, usdt] of this.unrealised(symbol, price)) this.days.open(dayMs, owner, symbol, usdt);
  }
  /** The first trade of a day comes after all of the day before in its symbol. */
  #openSymbol(symbol: string): void {
    const mark = this.openingMarks.get(symbol);
    if (this.openDayMs === null || mark === undefined) return;
    this.openingMarks.delete(symbol);
    this.begun.set(symbol, this.openDayMs);
    for (const [owner, usdt] of this.unrealised(symbol, mark)) this.days.open(this.openDayMs, owner, symbol, usdt);
  }
  /** What was held when a day began, by owner and symbol, USDT; null: the day is not known. */
  openingOf(dayMs: number): ReadonlyMap<Owner, ReadonlyMap<string, number>> {
    const opening = copyOf(this.days.find(dayMs)?.opening ?? new Map());
    if (dayMs !== this.openDayMs) return opening;
    for (const [symbol, mark] of this.openingMarks)
      for (const [owner, usdt] of this.unrealised(symbol, mark)) putUsdt(opening, owner, symbol, usdt);
    return opening;
  }

  /** By owner, USDT. */
  unrealised(symbol: string, mark: number): ReadonlyMap<Owner, number> {
    const found = new Map<Owner, number>();
    const book = this.books.get(symbol);
    if (book === undefined) return found;
    for (const [owner, quantityE8] of book.owned)
      found.set(owner, fromE8(quantityE8) * mark - (book.costs.get(owner) ?? 0));
    return found;
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
    if (this.openDayMs !== null && atMs >= this.openDayMs) this.#openSymbol(symbol);
    this.#openByTrade(event);
    let book = this.books.get(symbol);
    if (book === undefined) {
      book = createOwnedLots(symbol, this.sinceMs);
      this.books.set(symbol, book);
    }
    const agent = order?.agent ?? null;
    const isOpening = order?.reduceOnly === false;
    const owner = order?.origin === 'agent' || (isOpening && order.origin !== 'operator') ? agent : null;
    const agentsFirst = order?.origin === 'gate' || isLiquidation(event);
    const trade: MovingTrade = {
      owner,
      agentsFirst,
      isExit: order?.reduceOnly === true || isLiquidation(event),
      side: event.side,
      quantityE8: event.quantity_e8,
      atMs,
      price: event.price,
      feeUsdt: event.fee_usdt,
      slippageUsdt: slippageOf(event, order),
      isBorne: order?.origin !== 'agent' && atMs > book.sinceMs,
    };
    const moved = atMs <= book.sinceMs ? [] : moveLots(book, trade);
    for (const { owner, quantityE8, realisedUsdt, trade: of } of moved) {
      this.days.add(of.atMs, owner, symbol, { realisedUsdt });
      if (of.isBorne) this.#pay(symbol, of, owner, quantityE8);
    }
    // The fee of an order is its agent's; that of an exit by others is borne with what it closed.
    if (!trade.isBorne) this.#pay(symbol, trade, agent, event.quantity_e8);
    const waiting = this.waiting.get(symbol);
    const isBooked = waiting?.unreported.delete(event.trade_id) === true;
    const reported = { atMs, realisedUsdt: event.realised_pnl_usdt, feesUsdt: event.fee_usdt };
    if (isBooked || atMs <= (this.incomeReadToMs ?? 0)) this.#confirm(reported);
    else this.unbooked.set(`${symbol} ${event.trade_id}`, reported);
    if (isBooked) this.#settle(symbol, waiting);
    return (moved[0] ?? { owner }).owner;
  }

  #pay(symbol: string, trade: MovingTrade, owner: Owner, quantityE8: number): void {
    const { atMs, feeUsdt, price, slippageUsdt } = trade;
    const part = quantityE8 / trade.quantityE8;
    const usdt = fromE8(quantityE8) * price;
    const paid = { feesUsdt: feeUsdt * part, turnoverUsdt: usdt, fills: 1 };
    const slipped = slippageUsdt === null ? {} : { slippageUsdt: slippageUsdt * part, slippageOfUsdt: usdt };
    this.days.add(atMs, owner, symbol, { ...paid, ...slipped });
  }

  #confirm({ atMs, realisedUsdt, feesUsdt }: Unconfirmed): void {
    this.days.tell(atMs, realisedUsdt, feesUsdt);
  }

  /** `isReported`: whether a trade is recorded. */
  applyIncome(event: IncomeEvent, isReported: (symbol: string, tradeId: string) => boolean): void {
    const sinceMs = this.sinceMs ?? Number.POSITIVE_INFINITY;
    const symbols = new Set<string>();
    for (const row of event.rows) {
      if (row.at_venue_ms <= sinceMs || !this.seenIncome.add('', idOf(row), row.at_venue_ms)) continue;
      this.#takeRow(row, isReported);
      symbols.add(row.symbol);
    }
    this.incomeReadToMs = Math.max(this.incomeReadToMs ?? 0, event.read_to_ms);
    for (const [key, reported] of this.unbooked) {
      if (reported.atMs > this.incomeReadToMs) continue;
      this.unbooked.delete(key);
      this.#confirm(reported);
    }
    for (const symbol of symbols) {
      const waiting = this.waiting.get(symbol);
      if (waiting !== undefined) this.#settle(symbol, waiting);
    }
  }

  #takeRow(row: IncomeRow, isReported: (symbol: string, tradeId: string) => boolean): void {
    const { amount_usdt: amount, at_venue_ms: atMs, symbol, trade_id: tradeId } = row;
    const kind = kindOf(row.type);
    this.days.book(atMs, kind, amount);
    const waiting = this.waiting.get(symbol) ?? { unreported: new Map<string, number>(), funding: [] };
    this.waiting.set(symbol, waiting);
    const reported = tradeId === null ? undefined : this.unbooked.get(`${symbol} ${tradeId}`);
    if (reported !== undefined && this.unbooked.delete(`${symbol} ${tradeId}`)) this.#confirm(reported);
    if (tradeId !== null && !isReported(symbol, tradeId)) {
      waiting.unreported.set(tradeId, atMs);
      const [oldest] = waiting.unreported.keys();
      if (waiting.unreported.size > MAX_WAITING && oldest !== undefined) waiting.unreported.delete(oldest);
    }
    if (kind === 'funding' || kind === 'other') waiting.funding.push(row);
  }

  /** Splits what was booked on what was held, once every trade before it is known. */
  #settle(symbol: string, waiting: Waiting): void {
    const firstUnreportedMs = Math.min(Number.POSITIVE_INFINITY, ...waiting.unreported.values());
    const isReady = ({ at_venue_ms: atMs }: IncomeRow): boolean => atMs < firstUnreportedMs;
    const due = waiting.funding.filter((row, i) => isReady(row) || i < waiting.funding.length - MAX_WAITING);
    if (due.length > 0) {
      const later = waiting.funding.filter((row) => !due.includes(row));
      waiting.funding.splice(0, waiting.funding.length, ...later);
    }
    for (const row of due) {
      const { amount_usdt: amount, at_venue_ms: atMs, type } = row;
      const isFunding = kindOf(type) === 'funding';
      // A liquidation is charged to those whose lots it took, at the instant at which they are gone.
      const parts = splitHeld(this.books.get(symbol), isFunding ? atMs : atMs - 1, amount);
      for (const [owner, part] of parts)
        this.days.add(atMs, owner, symbol, isFunding ? { fundingUsdt: part } : { otherUsdt: part });
    }
    if (waiting.unreported.size === 0 && waiting.funding.length === 0) this.waiting.delete(symbol);
  }

  /** An operator gave a symbol to an agent; null: what is held is nobody's from here on. */
  noteHolder(symbol: string, agent: Owner, atMs: number): void {
    const book = this.books.get(symbol);
    if (book !== undefined) adoptLots(book, agent, atMs);
  }
  disown(atMs: number): void {
    for (const book of this.books.values()) adoptLots(book, null, atMs);
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
    if (this.openDayMs !== null && this.openDayMs > today) {
      if (this.days.firstOpened(today) !== this.openDayMs) this.openingMarks.clear();
      this.openDayMs = today;
    }
    for (const [symbol, dayMs] of this.begun) this.begun.set(symbol, Math.min(dayMs, today));
    this.days.setBack(today);
    this.seenIncome.setBack(nowMs);
    if (this.sinceMs !== null) this.sinceMs = Math.min(this.sinceMs, nowMs);
    if (this.incomeReadToMs !== null) this.incomeReadToMs = Math.min(this.incomeReadToMs, nowMs);
    for (const book of this.books.values()) setBackOwned(book, nowMs);
    for (const [key, reported] of this.unbooked)
      this.unbooked.set(key, { ...reported, atMs: Math.min(reported.atMs, nowMs) });
    for (const { funding, unreported } of this.waiting.values()) {
      for (const [id, atMs] of unreported) unreported.set(id, Math.min(atMs, nowMs));
      const rows = funding.map((row) => ({ ...row, at_venue_ms: Math.min(row.at_venue_ms, nowMs) }));
      funding.splice(0, funding.length, ...rows);
    }
  }
}

const NONE: ReadonlyMap<string, number> = new Map();
