import { isInFlight, isTerminal, isUnproven, type OrderState } from '../../engine/orders/orders.ts';
import { Elapsed } from '../../engine/plan/deadline.ts';
import type { SubmitOutcome } from '../../engine/records/venue.ts';
import type { GateCore } from '../journal/journal.ts';

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
  /** The opening that goes alone: resolves when the account was read after it. */
  alone: Promise<void> | null;
}

/**
 * The first opening of a symbol, after a start and after a minute without one, goes alone: open orders, positions, and what
 * was placed in the symbol are read before the next one leaves. INVARIANT: of two daemons that open at once on one account
 * the later one's reading shows the earlier one's order, since each reads after its own order has arrived. So that one stops
 * after a single order, and the other one by its polls: a cap of the symbol is exceeded by one order at most. Nothing is
 * remembered across a start, which begins with a lone opening anyway.
 */
export class LoneOpenings {
  readonly #core: GateCore;
  readonly #read: (symbol: string) => Promise<boolean>;
  readonly #signal: AbortSignal;
  readonly #turns = new Map<string, SymbolTurns>();

  /** @param read reads what another daemon could have opened, and tells the lookout of it; false: not all could be read */
  constructor(core: GateCore, read: (symbol: string) => Promise<boolean>, signal: AbortSignal) {
    this.#core = core;
    this.#read = read;
    this.#signal = signal;
  }

  /** How long a slice waits before it is decided while its symbol's lone opening is not done, wall ms; 0: not at all. */
  waitMs(symbol: string): number {
    return this.#turns.get(symbol)?.alone == null ? 0 : SLICE_WAIT_MS;
  }

  /** Waits for the symbol's lone opening; null: it is not done within so many wall ms. */
  async take(order: OrderState, withinMs: number): Promise<Turn | null> {
    const { time } = this.#core.ports;
    const untilMs = time.monotonicMs() + withinMs;
    const turns = this.#turnsOf(order.symbol);
    while (turns.alone !== null) {
      const leftMs = untilMs - time.monotonicMs();
      if (leftMs <= 0) return null;
      const answered = new AbortController();
      await Promise.race([turns.alone, time.delay(leftMs, answered.signal)]);
      answered.abort();
    }
    const since = new Elapsed(this.#core.planClock);
    if (turns.since !== null && turns.since.ms() < QUIET_MS)
      return {
        end: (outcome) => {
          if (outcome === 'accepted') turns.since = since;
        },
      };
    let release: () => void = () => undefined;
    turns.alone = new Promise((resolve) => (release = resolve));
    return {
      end: (outcome) => {
        const free = (): void => {
          turns.alone = null;
          release();
        };
        // It never came to the venue: the next one goes alone.
        if (outcome === 'rejected') free();
        else
          void this.#readAfter(order).then((isRead) => {
            if (isRead) turns.since = since;
            free();
          });
      },
    };
  }

  /** False: it never came to the venue after all, or the daemon stops. */
  async #readAfter(order: OrderState): Promise<boolean> {
    const { time } = this.#core.ports;
    let pauseMs = AGAIN_MS;
    while (!this.#signal.aborted) {
      // RISK: one that may still be on its way can arrive after the reading, which then proves nothing.
      if (!isInFlight(order) && !isUnproven(order)) {
        if (isTerminal(order) && order.venueOrderId === null) return false;
        if (await this.#read(order.symbol).catch(() => false)) return true;
        pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs);
      }
      await time.delay(pauseMs, this.#signal);
    }
    return false;
  }

  #turnsOf(symbol: string): SymbolTurns {
    const known = this.#turns.get(symbol);
    if (known !== undefined) return known;
    const turns: SymbolTurns = { since: null, alone: null };
    this.#turns.set(symbol, turns);
    return turns;
  }
}
