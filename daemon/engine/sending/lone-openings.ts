import type { EngineCore } from '../flow/core.ts';
import { type Flow, Pending, type Started, wait, within } from '../flow/step.ts';
import { isInFlight, isTerminal, isUnproven, type OrderState } from '../orders/orders.ts';
import { Elapsed } from '../plan/deadline.ts';
import type { SubmitOutcome } from '../records/venue.ts';

/** After so long without an opening of its symbol the next one goes alone, ms of domain time. */
const QUIET_MS = 60_000;
/** Until an order of unknown outcome is looked at again, and until what could not be read is read again, wall ms. */
const AGAIN_MS = 250;
/** Twice as long after each reading that failed, up to this. */
const LONGEST_PAUSE_MS = 1_000;
const SLICE_WAIT_MS = 100;

/** The right to send one opening. */
export interface Turn {
  /** What became of it; also called where it was not sent. */
  end(outcome: SubmitOutcome['kind']): void;
}

interface SymbolTurns {
  /** Since an opening was sent that the account was read after, or that followed such a one; null: there is none. */
  since: Elapsed | null;
  /** The opening that goes alone: over when the account was read after it. */
  alone: Started<void> | null;
}

/**
 * The first opening of a symbol, after a start and after a minute without one, goes alone: open orders, positions, and what
 * was placed in the symbol are read before the next one leaves. INVARIANT: of two daemons that open at once on one account
 * the later one's reading shows the earlier one's order, since each reads after its own order has arrived. So that one stops
 * after a single order, and the other one by its polls: a cap of the symbol is exceeded by one order at most. Nothing is
 * remembered across a start, which begins with a lone opening anyway.
 */
export class LoneOpenings {
  readonly #core: Pick<EngineCore, 'begin' | 'planClock'>;
  readonly #readBeside: (symbol: string) => Flow<boolean>;
  readonly #turns = new Map<string, SymbolTurns>();

  /**
   * @param readBeside reads all that another daemon could have opened in the symbol (open orders, positions, what was placed
   * there), and tells what they show: whether it was read
   */
  constructor(core: Pick<EngineCore, 'begin' | 'planClock'>, readBeside: (symbol: string) => Flow<boolean>) {
    this.#core = core;
    this.#readBeside = readBeside;
  }

  /** How long a slice waits before it is decided while its symbol's lone opening is not done, wall ms; 0: not at all. */
  waitMs(symbol: string): number {
    return this.#turns.get(symbol)?.alone == null ? 0 : SLICE_WAIT_MS;
  }

  /** Waits for the symbol's lone opening; null: it is not done within so many wall ms. */
  *take(order: OrderState, withinMs: number): Flow<Turn | null> {
    const clock = this.#core.planClock;
    const untilMs = clock.wallMs() + withinMs;
    const turns = this.#turnsOf(order.symbol);
    while (turns.alone !== null) {
      const leftMs = untilMs - clock.wallMs();
      if (leftMs <= 0) return null;
      yield* within(leftMs, turns.alone);
    }
    const since = new Elapsed(clock);
    if (turns.since !== null && turns.since.ms() < QUIET_MS)
      return {
        end: (outcome) => {
          if (outcome === 'accepted') turns.since = since;
        },
      };
    const alone = new Pending<void>();
    turns.alone = alone;
    const free = (): void => {
      turns.alone = null;
      alone.close({ kind: 'done', result: undefined });
    };
    return {
      end: (outcome) => {
        // It never came to the venue: the next one goes alone.
        if (outcome === 'rejected') {
          free();
          return;
        }
        this.#core.begin(this.#readAfter(order)).onEnd((end) => {
          if (end.kind === 'done' && end.result) turns.since = since;
          free();
        });
      },
    };
  }

  /** False: it never came to the venue after all. */
  *#readAfter(order: OrderState): Flow<boolean> {
    let pauseMs = AGAIN_MS;
    for (;;) {
      // RISK: one that may still be on its way can arrive after the reading, which then proves nothing.
      if (!isInFlight(order) && !isUnproven(order)) {
        if (isTerminal(order) && order.venueOrderId === null) return false;
        if (yield* this.#isRead(order.symbol)) return true;
        pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs);
      }
      yield* wait(pauseMs);
    }
  }

  /** Whatever keeps it from being read: it was not. */
  *#isRead(symbol: string): Flow<boolean> {
    try {
      return yield* this.#readBeside(symbol);
    } catch {
      return false;
    }
  }

  #turnsOf(symbol: string): SymbolTurns {
    const known = this.#turns.get(symbol);
    if (known !== undefined) return known;
    const turns: SymbolTurns = { since: null, alone: null };
    this.#turns.set(symbol, turns);
    return turns;
  }
}
