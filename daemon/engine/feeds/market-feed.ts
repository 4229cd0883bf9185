import type { LiveCore } from '../flow/core.ts';
import { call, type Flow } from '../flow/step.ts';
import { barsNeeded } from '../readings/live-market.ts';
import type { Bar, SymbolRules } from '../records/venue.ts';
import type { VenueHealth } from '../sending/venue-health.ts';
import { noteUnreadable } from './held-symbols.ts';

/** Why the venue permits no opening in a symbol; null: it does, or nothing was read yet. */
export function describeClosed(core: LiveCore, symbol: string): string | null {
  if (core.market.unlisted.has(symbol)) return 'is not listed at the venue';
  return core.state.rules.get(symbol)?.trading === false ? 'is not trading at the venue' : null;
}

/** Bars per page; Binance returns at most 1,500. */
const PAGE_BARS = 1500;

/** Reads filters, marks, quotes, funding and bars. A changed feature or label becomes a market-input event. */
export class MarketFeed {
  readonly #core: LiveCore;
  readonly #health: Pick<VenueHealth, 'onReadFailure'>;
  readonly #recorded = new Map<string, string>();
  readonly #closed = new Map<string, string | null>();
  readonly #kept: KeptBars;
  /** The last reading of the rules lacked something of one symbol. */
  hasUnreadSymbol = false;
  onQuoteRead: (symbol: string, markAtMs: number) => void = () => undefined;

  constructor(core: LiveCore, health: Pick<VenueHealth, 'onReadFailure'>) {
    this.#core = core;
    this.#health = health;
    this.#kept = new KeptBars(core);
  }

  /**
   * Reads the rules. Returns the unread parts in words; empty if all were read. What is one symbol's alone keeps that one
   * from opening, since its rules are as old as their oldest part, and no other.
   */
  *loadRules(symbols: readonly string[]): Flow<readonly string[]> {
    const outcome = yield* call('fetchRules', symbols);
    if (outcome.kind === 'failed') {
      this.#health.onReadFailure(outcome);
      return ['the exchange filters'];
    }
    const { rules: read, unread } = outcome.value;
    for (const { what, detail, cause, retryAfterMs } of unread) {
      this.#core.ports.log.warn({ what, detail }, 'could not be read');
      this.#health.onReadFailure({ detail, cause, retryAfterMs });
    }
    const unreadable = unread.flatMap(({ detail, symbol }) => (symbol === undefined ? [] : [{ detail, symbol }]));
    noteUnreadable(this.#core, 'rules', unreadable, () => true);
    const listed = new Set([...read, ...unreadable].map(({ symbol }) => symbol));
    for (const rules of read) this.#core.append('rules', { rules });
    this.#core.ports.venue.noteRules(read);
    for (const symbol of symbols) {
      const known = this.#core.state.rules.get(symbol);
      // A symbol that the venue no longer lists is closed for opening; what is held can still be valued.
      if (!listed.has(symbol) && known?.trading === true)
        this.#core.append('rules', { rules: { ...known, trading: false } satisfies SymbolRules });
    }
    this.#core.market.unlisted = new Set(symbols.filter((symbol) => !listed.has(symbol)));
    this.#tellClosed(symbols);
    this.hasUnreadSymbol = unreadable.length > 0;
    return unread.filter(({ symbol }) => symbol === undefined).map(({ what }) => what);
  }

  /**
   * Domain ms since the oldest of the symbols that are open at the venue had its rules read; infinite: it never had.
   */
  rulesAgeMs(symbols: readonly string[]): number {
    const open = symbols.filter((symbol) => describeClosed(this.#core, symbol) === null);
    const ages = open.map((symbol) => this.#core.nowMs() - (this.#core.state.rules.get(symbol)?.observedAtMs ?? 0));
    // What was read at a time that is still to come was read by a clock that was wrong.
    return ages.length === 0 || ages.some((ageMs) => ageMs < 0) ? Number.POSITIVE_INFINITY : Math.max(...ages);
  }

  /** Whether the symbol's recorded rules are fresh enough for an opening order. */
  hasRecentRules(symbol: string): boolean {
    const rules = this.#core.state.rules.get(symbol);
    const ageMs = this.#core.nowMs() - (rules?.observedAtMs ?? Number.NEGATIVE_INFINITY);
    return ageMs >= 0 && ageMs <= this.#core.policySpec.market.freshness.filters_ms;
  }

  /** A symbol that is not open at the venue delays no other, but being in the policy's scope raises an alert. */
  #tellClosed(symbols: readonly string[]): void {
    for (const symbol of symbols) {
      const closed = describeClosed(this.#core, symbol);
      if (closed === this.#closed.get(symbol)) continue;
      this.#closed.set(symbol, closed);
      if (closed !== null) this.#core.alert('SYMBOL_CLOSED', `${symbol} ${closed}: nothing is opened there`, symbol);
    }
  }

  *pollQuote(symbol: string): Flow<boolean> {
    const outcome = yield* call('fetchQuote', symbol);
    if (outcome.kind === 'failed') {
      this.#health.onReadFailure(outcome);
      return false;
    }
    this.onQuoteRead(symbol, outcome.value.markAtMs);
    this.#core.market.applyQuote(outcome.value);
    this.#recordIfNews(symbol);
    return true;
  }

  #depth(): number {
    return barsNeeded(this.#core.policySpec.market);
  }

  /** Symbols with a bar closed since the last known one; those without bars begin with the earlier copy. */
  findMissingBars(symbols: readonly string[]): readonly string[] {
    const { barMs } = this.#core.market;
    return symbols.filter((symbol) => {
      if (this.#core.market.lastBarOpenMs(symbol) === null)
        this.#applyBars(symbol, this.#kept.read(symbol, this.#depth()));
      const last = this.#core.market.lastBarOpenMs(symbol);
      return last === null || last + 2 * barMs <= this.#core.nowMs();
    });
  }

  /** Closed bars since the last known one; the first time the whole baseline. */
  *pollBars(symbol: string): Flow<boolean> {
    const barMs = this.#core.market.barMs;
    const depth = this.#depth();
    const now = this.#core.nowMs();
    const last = this.#core.market.lastBarOpenMs(symbol);
    let sinceMs = last === null ? Math.floor(now / barMs) * barMs - depth * barMs : last + barMs;
    let applied = 0;
    while (sinceMs + barMs <= this.#core.nowMs()) {
      const outcome = yield* call('fetchBars', symbol, barMs, sinceMs, PAGE_BARS);
      if (outcome.kind === 'failed') {
        this.#health.onReadFailure(outcome);
        return false;
      }
      // Another policy may count bars of another length by now, or look further back.
      if (barMs !== this.#core.market.barMs || depth !== this.#depth()) return false;
      const closedBy = this.#core.nowMs();
      // RISK: an answer may show the market of before the close. A bar is over once the exchange shows a later one.
      const closed = outcome.value.slice(0, -1).filter((bar) => bar.openTimeMs + barMs <= closedBy);
      const newest = closed.at(-1);
      if (newest === undefined) break;
      applied += this.#applyBars(symbol, closed);
      if (newest.openTimeMs + barMs <= sinceMs) break;
      sinceMs = newest.openTimeMs + barMs;
    }
    if (applied > 0) this.#kept.keep(symbol, this.#core.market.bars(symbol), depth);
    return true;
  }
  #applyBars(symbol: string, bars: readonly Bar[]): number {
    if (bars.length === 0) return 0;
    const { applied, missingBars } = this.#core.market.applyBars(symbol, bars);
    if (missingBars > 0)
      this.#core.alert(
        'BARS_MISSING',
        `${missingBars} bars of ${symbol} are missing; opening waits for a full window`,
        symbol,
      );
    this.#recordIfNews(symbol);
    return applied;
  }

  /** Another policy counts other bars: what it sees of each market is on record before anything is decided by it. */
  recordNews(): void {
    for (const symbol of this.#recorded.keys()) this.#recordIfNews(symbol);
  }

  /**
   * INVARIANT: in the turn in which decisions begin to see it. The funding rate moves at every poll. Each decision records
   * its own; here it is recorded only if the regime or a feature of closed bars changes.
   */
  #recordIfNews(symbol: string): void {
    const features = this.#core.market.closedFeatures(symbol);
    const hold = this.#core.market.hold(symbol);
    const funding = this.#core.market.symbol(symbol)?.fundingRate8h ?? null;
    const key = `${JSON.stringify(features)}/${hold?.regime ?? ''}/${hold?.since_ms ?? ''}`;
    if (this.#recorded.get(symbol) === key) return;
    this.#recorded.set(symbol, key);
    this.#core.append('market', { features, funding_rate_8h: funding, hold, symbol });
  }
}

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
