import type { CountdownEvent } from '../records/venue-events.ts';

/** Domain time and the venue's may differ by this, ms. */
const CLOCKS_APART_MS = 1_000;

interface Countdown {
  /** For how long it was asked for last, ms. */
  ms: number;
  /** When it may run out, unless it is set again, domain ms; null: the venue has confirmed that none runs. */
  dueAtMs: number | null;
  /** The last span in which it may have run out, domain ms; null: it never did. */
  lapse: { readonly fromMs: number; readonly untilMs: number } | null;
}

/**
 * The venue's dead-man countdowns by symbol, folded from records alone. RISK: one that may run counts as running until the
 * venue has confirmed its end.
 */
export class Countdowns {
  private readonly bySymbol = new Map<string, Countdown>();

  apply({ action, countdown_ms: countdownMs, sent_at_ms: sentAtMs, symbol }: CountdownEvent): void {
    const known = this.bySymbol.get(symbol) ?? { ms: 0, dueAtMs: null, lapse: null };
    this.bySymbol.set(symbol, known);
    if (known.dueAtMs !== null && sentAtMs >= known.dueAtMs) known.lapse = { fromMs: known.dueAtMs, untilMs: sentAtMs };
    known.ms = countdownMs;
    known.dueAtMs = action === 'ended' ? null : sentAtMs + countdownMs;
  }

  /** Records are missing that may have set one: it may have run out at any time. */
  assume(symbol: string): void {
    this.bySymbol.set(symbol, { ms: 0, dueAtMs: 0, lapse: null });
  }

  /** Symbols of which one may run. */
  *running(): Generator<string> {
    for (const [symbol, { dueAtMs }] of this.bySymbol) if (dueAtMs !== null) yield symbol;
  }
  mayRun(symbol: string): boolean {
    return (this.bySymbol.get(symbol)?.dueAtMs ?? null) !== null;
  }

  /** It runs, and more than a third of its time is left at that instant, domain ms. */
  runsFor(symbol: string, nowMs: number): boolean {
    const { dueAtMs = null, ms = 0 } = this.bySymbol.get(symbol) ?? {};
    return dueAtMs !== null && dueAtMs - nowMs > ms / 3;
  }

  /** Whether the symbol's countdown may have run out at that instant, ms of the venue: then the venue canceled its orders. */
  wasDue(symbol: string, atMs: number): boolean {
    const { dueAtMs = null, lapse = null } = this.bySymbol.get(symbol) ?? {};
    const isPast = (fromMs: number): boolean => atMs >= fromMs - CLOCKS_APART_MS;
    if (dueAtMs !== null && isPast(dueAtMs)) return true;
    return lapse !== null && isPast(lapse.fromMs) && atMs <= lapse.untilMs + CLOCKS_APART_MS;
  }
}
