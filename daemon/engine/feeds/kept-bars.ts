import type { LiveCore } from '../flow/core.ts';
import type { Bar } from '../records/venue.ts';

/** Minimum wall time between two copies of a symbol's bars, ms. */
const KEEP_EVERY_MS = 60_000;

type Row = readonly [number, number, number, number, number, number];
interface Stored {
  readonly bar_ms: number;
  /** How many bars back the copy reaches, if the venue had them. */
  readonly depth: number;
  readonly rows: readonly Row[];
}

/** A copy of each symbol's closed bars, so that a start requests only those closed since. */
export class KeptBars {
  readonly #core: LiveCore;
  readonly #keptAt = new Map<string, number>();

  constructor(core: LiveCore) {
    this.#core = core;
  }

  /** Bars for a window of `depth` bars that ends now; empty without a valid copy that reaches that far. */
  read(symbol: string, depth: number): readonly Bar[] {
    const { barMs } = this.#core.market;
    const nowMs = this.#core.nowMs();
    const stored = this.#core.ports.startCache?.read(nameOf(symbol));
    if (!isStored(stored) || stored.bar_ms !== barMs || stored.depth < depth) return [];
    const bars = stored.rows.map(toBar);
    const last = bars.at(-1);
    if (last === undefined || last.openTimeMs + barMs > nowMs || last.openTimeMs < nowMs - depth * barMs) return [];
    return bars.every((bar, index) => isBar(bar, bars[index - 1], barMs)) ? bars : [];
  }

  keep(symbol: string, bars: readonly Bar[], depth: number): void {
    const { startCache, time } = this.#core.ports;
    const now = time.monotonicMs();
    if (startCache === undefined || now - (this.#keptAt.get(symbol) ?? Number.NEGATIVE_INFINITY) < KEEP_EVERY_MS)
      return;
    this.#keptAt.set(symbol, now);
    const stored: Stored = { bar_ms: this.#core.market.barMs, depth, rows: bars.slice(-depth).map(toRow) };
    startCache.write(nameOf(symbol), stored);
  }
}

function nameOf(symbol: string): string {
  return `bars-${symbol}`;
}
function toRow({ openTimeMs, open, high, low, close, volume }: Bar): Row {
  return [openTimeMs, open, high, low, close, volume];
}
function toBar([openTimeMs, open, high, low, close, volume]: Row): Bar {
  return { openTimeMs, open, high, low, close, volume };
}
/** The same checks as for the venue's own answer (venue/parse-market.ts). */
function isBar(bar: Bar, before: Bar | undefined, barMs: number): boolean {
  const { openTimeMs, open, high, low, close, volume } = bar;
  const isOrdered = openTimeMs % barMs === 0 && (before === undefined || openTimeMs > before.openTimeMs);
  return isOrdered && low > 0 && low <= Math.min(open, close) && high >= Math.max(open, close) && volume >= 0;
}
function isStored(value: unknown): value is Stored {
  if (typeof value !== 'object' || value === null || !('rows' in value) || !Array.isArray(value.rows)) return false;
  return value.rows.every((row) => Array.isArray(row) && row.length === 6 && row.every(Number.isFinite));
}
