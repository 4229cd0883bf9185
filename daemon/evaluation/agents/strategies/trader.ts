import type { Agent, AgentAnswer, AgentView, PlannedAsk } from '../../facts/agents.ts';
import type { ReplayInstrument } from '../../facts/markets.ts';
import { lotSize, minNotional } from '../../intents/budgets.ts';
import type { Draws } from '../../intents/draws.ts';
import { buildCancel } from '../../intents/requests.ts';
import { AskPlanner } from './ask-planner.ts';
import type { Signal, Wish } from './signals.ts';
import { type Sizing, SymbolBook, sizeOpening } from './sizing.ts';

/** Opening asks that one wish makes at most, repetitions of an intention not counted. */
const OPENS_PER_WISH = 3;
const REPEATS_PER_INTENTION = 2;
/** A target that somebody else has left is restored at most this often. */
const RESTORE_MS = 2 * 3_600_000;
/** Own limit orders are withdrawn after this time. */
const REST_MS = 3_600_000;
/** Closes read back when the first bar arrives. */
const WARM_SPAN_MS = 4 * 86_400_000;
/** Below this share of the target a difference is not worth an order. */
const TOLERANCE = 0.08;
/** Refusals that time alone removes. */
const PACING_CODES = new Set(['COOLDOWN', 'RATE', 'FLIP']);
const NONE: readonly PlannedAsk[] = [];

interface Desk {
  readonly symbol: string;
  readonly signal: Signal;
  readonly book: SymbolBook;
}

/**
 * Trades the difference between what its signals want and what the account holds, whatever its origin, spread
 * over the bar as people and schedulers do, and reads the answers.
 */
export class Trader implements Agent {
  readonly #sizing: Sizing;
  readonly #draws: Draws;
  readonly #planner: AskPlanner;
  readonly #createSignal: (symbol: string, barMs: number) => Signal;
  #desks: Desk[] | null = null;

  constructor(name: string, sizing: Sizing, draws: Draws, createSignal: (symbol: string, barMs: number) => Signal) {
    this.#planner = new AskPlanner(name, draws);
    this.#sizing = sizing;
    this.#draws = draws;
    this.#createSignal = createSignal;
  }

  onBar(view: AgentView): readonly PlannedAsk[] {
    this.#desks ??= this.#openDesks(view);
    let asks: PlannedAsk[] | null = null;
    for (const desk of this.#desks) {
      // A gap: neither a new close nor a price to trade at.
      if (view.market.mark(desk.symbol) === null) continue;
      const planned = this.#follow(desk, view);
      if (planned.length > 0) {
        asks ??= [];
        asks.push(...planned);
      }
    }
    return asks ?? NONE;
  }

  onAnswer(ask: PlannedAsk, answer: AgentAnswer, view: AgentView): readonly PlannedAsk[] {
    const desk = this.#desks?.find(({ symbol }) => symbol === ask.request.symbol);
    if (desk === undefined) return NONE;
    const { book } = desk;
    book.pending = Math.max(0, book.pending - 1);
    if (ask.request.intent === 'cancel') return NONE;
    for (const order of answer.orders) {
      if (order.isOpen && !order.reduceOnly) book.resting.set(order.clientOrderId, view.nowMs);
    }
    if (ask.request.intent === 'close') {
      if (!book.opensAfterExit || answer.decision === 'BLOCK') return NONE;
      book.opensAfterExit = false;
      return this.#open(desk, view, this.#draws.int(1500, 40_000), 0);
    }
    if (answer.decision !== 'BLOCK') return this.#planner.planNext(book, view, ask, answer);
    const repeated = this.#takeRefusal(desk, ask, answer, view);
    // An intention that is not repeated ends, and with it the pieces that were to follow.
    return repeated.length > 0 ? repeated : this.#planner.planNext(book, view, ask, answer);
  }

  #openDesks(view: AgentView): Desk[] {
    const { market } = view;
    return market.symbols.map((symbol) => {
      const signal = this.#createSignal(symbol, market.barMs);
      const reach = Math.ceil(WARM_SPAN_MS / market.barMs);
      for (let back = reach; back >= 1; back--) {
        const close = market.close(symbol, back);
        if (close !== undefined) signal.warm(close);
      }
      return { symbol, signal, book: new SymbolBook(symbol) };
    });
  }

  #follow(desk: Desk, view: AgentView): readonly PlannedAsk[] {
    const { symbol, signal, book } = desk;
    const close = view.market.close(symbol, 0);
    if (close === undefined) return NONE;
    const held = view.account.positions.get(symbol);
    const lots = held?.lots ?? 0;
    book.noteHeld(lots, view.nowMs);
    const wished = signal.onClose(close, view.nowMs, held);
    if (wished !== null) this.#take(desk, wished, view);
    else if (lots !== 0 && book.targetLots !== 0 && view.nowMs - book.heldSinceMs > this.#sizing.longestHoldMs)
      book.settle(0);
    const isBusy = book.pending > 0 && view.nowMs < book.pendingUntilMs;
    const asks = book.resting.size > 0 ? this.#tendResting(desk, view, wished !== null) : NONE;
    if (isBusy || lots === book.targetLots) return asks;
    // What rests may still bring what is missing; an exit waits for nothing.
    if (book.resting.size > 0 && book.excess(lots) === 0) return asks;
    if (asks.length === 0) book.pending = 0;
    return [...asks, ...this.#approach(desk, view, lots)];
  }

  #take({ symbol, book }: Desk, wished: Wish, view: AgentView): void {
    const instrument = view.market.instrument(symbol);
    const terms = this.#sizing.termsOf(wished.units, view.account.equityUsdt, this.#draws);
    const lotUsdt = lotSize(instrument) * view.market.mark(symbol)!;
    book.targetLots = wished.direction * Math.floor(terms.positionUsdt / lotUsdt);
    book.terms = terms;
    book.isLimit = wished.isLimit;
    book.pieces = wished.pieces;
    book.delayMs = wished.delayMs;
    book.opensLeft = wished.direction === 0 ? 0 : OPENS_PER_WISH;
    book.opensAfterExit = false;
    book.isApproaching = book.opensLeft > 0;
    book.repeats.clear();
  }

  /** Closes what is too much, opens what is missing. */
  #approach(desk: Desk, view: AgentView, lots: number): readonly PlannedAsk[] {
    const { book, symbol } = desk;
    const { targetLots } = book;
    const excess = book.excess(lots);
    if (excess !== 0) {
      const isWhole = excess === lots;
      if (!isWhole && Math.abs(excess) < TOLERANCE * Math.abs(targetLots)) return NONE;
      book.opensAfterExit = isWhole && targetLots !== 0 && book.opensLeft > 0;
      return [this.#planner.planExit(book, view, lots, excess)];
    }
    const missing = Math.abs(targetLots - lots);
    const instrument = view.market.instrument(symbol);
    if (missing * lotSize(instrument) * view.market.mark(symbol)! < this.#minWorth(instrument, view, desk)) {
      book.isApproaching = false;
      return NONE;
    }
    if (book.opensLeft > 0 || this.#mayRestore(book, view.nowMs)) return this.#open(desk, view, null, lots);
    if (book.isApproaching) book.settle(lots);
    return NONE;
  }

  #minWorth(instrument: ReplayInstrument, view: AgentView, { symbol, book }: Desk): number {
    const price = view.market.mark(symbol)!;
    const target = Math.abs(book.targetLots) * lotSize(instrument) * price;
    return Math.max(TOLERANCE * target, Math.min(minNotional(instrument, price), target));
  }

  /**
   * INVARIANT: a target that its own asks do not reach is settled, so what is missing later is somebody else's doing.
   */
  #mayRestore(book: SymbolBook, nowMs: number): boolean {
    if (book.isApproaching || nowMs - book.restoredMs < RESTORE_MS) return false;
    book.restoredMs = nowMs;
    book.opensLeft = 1;
    book.isApproaching = true;
    book.repeats.clear();
    return true;
  }

  /** `lots`: what counts as held in the target's direction. */
  #open(desk: Desk, view: AgentView, afterMs: number | null, lots: number): readonly PlannedAsk[] {
    const { symbol, book } = desk;
    const instrument = view.market.instrument(symbol);
    const price = view.market.mark(symbol);
    if (price === null) return NONE;
    const lotUsdt = lotSize(instrument) * price;
    const missingUsdt = Math.abs(book.targetLots - lots) * lotUsdt;
    const size = sizeOpening({ missingUsdt, heldUsdt: Math.abs(lots) * lotUsdt, price }, book.terms, instrument, view);
    if (size === 0) {
      book.settle(lots);
      return NONE;
    }
    book.opensLeft = Math.max(0, book.opensLeft - 1);
    const pieces = Math.max(1, Math.min(book.pieces, Math.floor(size / (2 * minNotional(instrument, price)))));
    book.pieces = 1;
    const asks = this.#planner.planEntry(book, view, { price, sizeUsdt: size, pieces, afterMs });
    book.isLimit = false;
    return asks;
  }

  /** Withdraws own limit orders that are too old or no longer wanted; until they are gone nothing else is asked. */
  #tendResting(desk: Desk, view: AgentView, isNewWish: boolean): readonly PlannedAsk[] {
    const { symbol, book } = desk;
    const open = new Set(view.account.openOrders.map(({ clientOrderId }) => clientOrderId));
    const asks: PlannedAsk[] = [];
    for (const [id, placedMs] of book.resting) {
      if (!open.has(id)) book.resting.delete(id);
      else if (isNewWish || view.nowMs - placedMs >= REST_MS) {
        asks.push(this.#planner.plan(book, view, this.#draws.int(500, 5000), buildCancel(symbol, id)));
      }
    }
    return asks;
  }

  #takeRefusal({ book }: Desk, ask: PlannedAsk, answer: AgentAnswer, view: AgentView): readonly PlannedAsk[] {
    const repeats = book.repeats.get(ask.intention) ?? 0;
    const { retryAfterMs } = answer;
    const mayRepeat =
      retryAfterMs !== null &&
      retryAfterMs <= view.market.barMs &&
      repeats < REPEATS_PER_INTENTION &&
      ask.request.side === book.side &&
      answer.reasons.some(({ code }) => PACING_CODES.has(code));
    if (!mayRepeat) {
      book.settle(view.account.positions.get(ask.request.symbol!)?.lots ?? 0);
      return NONE;
    }
    book.repeats.set(ask.intention, repeats + 1);
    return [this.#planner.repeat(book, view, retryAfterMs, ask)];
  }
}
