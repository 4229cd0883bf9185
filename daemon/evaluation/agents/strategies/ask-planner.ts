import type { AgentAnswer, AgentRequest, AgentView, PlannedAsk } from '../../facts/agents.ts';
import { lotSize } from '../../intents/budgets.ts';
import type { Draws } from '../../intents/draws.ts';
import { buildClose, buildClosingOrder, buildOpening, namingDecision } from '../../intents/requests.ts';
import type { SymbolBook } from './sizing.ts';

const MEAN_PAUSE_MS = 45_000;
/** Of intentions, by what they ask for. */
const KINDS = { open: 'entry', close: 'exit', cancel: 'withdraw', modify: 'amend' } as const;

/** Puts what a trader wants into asks of its own: when, in how many pieces, by which tool. */
export class AskPlanner {
  readonly #name: string;
  readonly #draws: Draws;
  /** Pieces still to come after an ask, by its intention: each waits for the answer to the one before. */
  readonly #toCome = new Map<string, { readonly pieces: number; readonly request: AgentRequest }>();
  #intentions = 0;

  constructor(name: string, draws: Draws) {
    this.#name = name;
    this.#draws = draws;
  }

  plan(book: SymbolBook, view: AgentView, delayMs: number, request: AgentRequest): PlannedAsk {
    this.#intentions += 1;
    this.notePending(book, view, delayMs);
    const kind = KINDS[request.intent];
    return { delayMs, intention: `${this.#name}:${book.symbol}:${kind}:${this.#intentions}`, request };
  }
  /** The same intention once more after `waitMs`, and a moment later than told. */
  repeat(book: SymbolBook, view: AgentView, waitMs: number, ask: PlannedAsk): PlannedAsk {
    const delayMs = Math.ceil(waitMs) + this.#draws.int(50, 2500);
    this.notePending(book, view, delayMs);
    return { delayMs, intention: ask.intention, request: ask.request };
  }
  notePending(book: SymbolBook, view: AgentView, delayMs: number): void {
    book.pending += 1;
    book.pendingUntilMs = Math.max(book.pendingUntilMs, view.nowMs + delayMs + view.market.barMs);
  }

  /** Leaves `excess` of the `lots` held; a part as a fraction or as an opposite order. */
  planExit(book: SymbolBook, view: AgentView, lots: number, excess: number): PlannedAsk {
    const { symbol } = book;
    const delayMs = this.#takeDelay(book, view);
    const share = Math.min(1, excess / lots);
    if (share === 1 || this.#draws.chance(0.6)) {
      return this.plan(book, view, delayMs, buildClose(symbol, share));
    }
    const notionalUsdt = Math.abs(excess) * lotSize(view.market.instrument(symbol)) * view.market.mark(symbol)!;
    const terms = { symbol, side: lots > 0 ? 'sell' : 'buy', notionalUsdt, leverage: 1, slippageBps: 60 } as const;
    return this.plan(book, view, delayMs, buildClosingOrder(terms, this.#draws.chance(0.5)));
  }

  /**
   * `sizeUsdt` toward the book's target in `pieces` asks, the first of them after `afterMs` (null: at its own pace).
   */
  planEntry(
    book: SymbolBook,
    view: AgentView,
    entry: {
      readonly price: number;
      readonly sizeUsdt: number;
      readonly pieces: number;
      readonly afterMs: number | null;
    },
  ): readonly PlannedAsk[] {
    const { symbol } = book;
    const { leverage, slippageBps } = book.terms;
    const delayMs = entry.afterMs ?? this.#takeDelay(book, view);
    const limitPrice = book.isLimit ? this.#restAt(entry.price, book.side) : null;
    const notionalUsdt = entry.sizeUsdt / entry.pieces;
    const request = buildOpening({ symbol, side: book.side, notionalUsdt, leverage, slippageBps, limitPrice });
    const first = this.plan(book, view, delayMs, request);
    if (entry.pieces > 1) this.#toCome.set(first.intention, { pieces: entry.pieces - 1, request });
    return [first];
  }

  /**
   * The next piece after an answer, or nothing: it names the decision that it has seen (`after_decision_id`), so that
   * it is no repeated prompt.
   */
  planNext(book: SymbolBook, view: AgentView, ask: PlannedAsk, answer: AgentAnswer): readonly PlannedAsk[] {
    const rest = this.#toCome.get(ask.intention);
    if (rest === undefined) return [];
    this.#toCome.delete(ask.intention);
    if (answer.decision === 'BLOCK') return [];
    const request = namingDecision(rest.request, answer.decisionId);
    const next = this.plan(book, view, this.#draws.int(8000, 55_000), request);
    if (rest.pieces > 1) this.#toCome.set(next.intention, { pieces: rest.pieces - 1, request: rest.request });
    return [next];
  }

  /** A few basis points better than the price of now, as a limit. */
  #restAt(price: number, side: 'buy' | 'sell'): number {
    const offset = this.#draws.between(4, 25) / 1e4;
    return side === 'buy' ? price * (1 - offset) : price * (1 + offset);
  }

  #takeDelay(book: SymbolBook, view: AgentView): number {
    const asked = book.delayMs;
    book.delayMs = null;
    if (asked !== null) return Math.min(asked, view.market.barMs - 1);
    return Math.floor(Math.min(1000 + this.#draws.exponential(MEAN_PAUSE_MS), 0.8 * view.market.barMs));
  }
}
