import { classifyFeatures, fundingRatePer8h, type MarketFeatures, scaleBarCount } from '../../core/features/market.ts';
import { MarketFeatureWindow } from '../../core/features/market-window.ts';
import { type RegimeHold, stepRegimeHold } from '../../core/features/regime-hold.ts';
import type { MarketSection } from '../../core/policy.ts';
import { isNear, type ReadSpan } from '../accounts/recent-moves.ts';
import { heldIn } from '../kept/collections.ts';
import type { Bar, MarketQuote } from '../records/venue.ts';
import type { AccountInputs, LiveInputs, SymbolInputs } from './inputs.ts';
import { UnreadableRows } from './unreadable-rows.ts';

/** A reading of the account, with what was moved since and is not in it. */
export type AccountReading = AccountInputs & ReadSpan;

/** Readings come seconds apart, and a move may lie beside two or three of them. */
const MOST = 8;

/**
 * The account as decisions see it. Each reading is known to contain a move, or not to. RISK: beside one that was made while
 * it was read nobody can tell. Taken wrongly, a deposit is a loss, and a withdrawal a gain. Such a reading no longer counts:
 * the newest does of which it is known what it contains.
 */
export class AccountReadings {
  #kept: readonly AccountReading[] = [];
  /** Null: there is none that counts. Read at every decision. */
  shown: AccountInputs | null = null;
  /** The account is to be read again, now. */
  onUnclear: () => void = () => undefined;

  /** @param movedUsdt what is known to have been moved, and is not in it */
  add(reading: AccountReading, movedUsdt: number): void {
    this.#keep([...this.#kept.slice(1 - MOST), withMoved(reading, movedUsdt)]);
  }

  /** Something was moved into the account (USDT), or out of it, and was not known when any of them was requested. */
  noteMove(usdt: number, atMs: number): void {
    const isClear = (reading: AccountReading): boolean => !isNear(atMs, reading);
    const newest = this.#kept.at(-1);
    const clear = this.#kept.filter(isClear);
    this.#keep(clear.map((reading) => (reading.fromMs > atMs ? reading : withMoved(reading, usdt))));
    if (newest !== undefined && !isClear(newest)) this.onUnclear();
  }

  forget(): void {
    this.#keep([]);
  }

  #keep(kept: readonly AccountReading[]): void {
    this.#kept = kept;
    this.shown = kept.at(-1) ?? null;
  }
}

/** What comes in is available once a reading says so. */
function withMoved(reading: AccountReading, movedUsdt: number): AccountReading {
  const { availableUsdt, marginBalanceUsdt } = reading;
  return {
    ...reading,
    availableUsdt: Math.max(0, availableUsdt + Math.min(0, movedUsdt)),
    marginBalanceUsdt: marginBalanceUsdt + movedUsdt,
  };
}

/** What one symbol's feed holds: the feature window, the held regime, the last quote. */
class SymbolFeed {
  window: MarketFeatureWindow;
  hold: RegimeHold | null = null;
  quote: MarketQuote | null = null;
  /** The book agrees with the mark, or two marks in a row said the same against it. */
  isConfirmed = false;
  lastBarOpenMs = Number.NEGATIVE_INFINITY;
  inputs: SymbolInputs | null = null;

  constructor(window: MarketFeatureWindow) {
    this.window = window;
  }
}
interface BarIntake {
  readonly applied: number;
  readonly missingBars: number;
}

/** Marks, quotes, bars and the account as the feeds saw them last: live inputs of the reduced view. */
export class LiveMarket {
  #section: MarketSection;
  readonly #feeds = new Map<string, SymbolFeed>();
  readonly #symbols = new Map<string, SymbolInputs>();
  readonly #bars = new Map<string, Bar[]>();
  /** Symbols that were requested and that the venue does not list. */
  unlisted: ReadonlySet<string> = new Set();
  readonly unreadable = new UnreadableRows();
  readonly readings = new AccountReadings();
  clockSkewMs: number | null = null;

  constructor(section: MarketSection) {
    this.#section = section;
  }

  get barMs(): number {
    return this.#section.bar_ms;
  }

  /**
   * Another policy may use other windows: features are computed again from the bars held; a held regime stays held. Bars
   * of another length are none of these, and more of them reach further back: until they are read anew there are no
   * features, and nothing opens.
   */
  usePolicy(section: MarketSection): void {
    const rebuild = JSON.stringify(section) !== JSON.stringify(this.#section);
    const areOthers = section.bar_ms !== this.#section.bar_ms || barsNeeded(section) > barsNeeded(this.#section);
    this.#section = section;
    if (!rebuild) return;
    if (areOthers) this.#bars.clear();
    for (const [symbol, feed] of this.#feeds) {
      this.#rebuild(symbol, feed);
      this.#refresh(symbol, feed);
    }
  }

  get account(): AccountInputs | null {
    return this.readings.shown;
  }

  inputs(nowMs: number): LiveInputs {
    return { nowMs, clockSkewMs: this.clockSkewMs, account: this.account, symbols: this.#symbols };
  }
  symbol(symbol: string): SymbolInputs | null {
    return this.#symbols.get(symbol) ?? null;
  }
  /** The book and the mark as they were read last. */
  quote(symbol: string): MarketQuote | null {
    return this.#feeds.get(symbol)?.quote ?? null;
  }
  hold(symbol: string): RegimeHold | null {
    return this.#feeds.get(symbol)?.hold ?? null;
  }
  closedFeatures(symbol: string): MarketFeatures | null {
    return this.#feeds.get(symbol)?.window.readClosed() ?? null;
  }
  lastBarOpenMs(symbol: string): number | null {
    const open = this.#feeds.get(symbol)?.lastBarOpenMs ?? Number.NEGATIVE_INFINITY;
    return Number.isFinite(open) ? open : null;
  }
  /** Closed bars that are held, oldest first. */
  bars(symbol: string): readonly Bar[] {
    return this.#bars.get(symbol) ?? [];
  }
  restoreHold(symbol: string, hold: RegimeHold): void {
    this.#feed(symbol).hold = hold;
  }

  /**
   * The clock was set back: quotes and the account are to be read again, and bars of later instants had not closed yet.
   */
  setBack(nowMs: number): void {
    this.readings.forget();
    this.#symbols.clear();
    for (const [symbol, feed] of this.#feeds) {
      feed.quote = null;
      feed.inputs = null;
      const bars = this.bars(symbol).filter((bar) => bar.openTimeMs + this.#section.bar_ms <= nowMs);
      this.#bars.set(symbol, bars);
      this.#rebuild(symbol, feed);
      const { hold } = feed;
      if (hold !== null && hold.bars_as_of_ms > nowMs)
        feed.hold = { ...hold, bars_as_of_ms: feed.window.readClosed()?.bars_as_of_ms ?? 0 };
    }
  }

  /** Of the bars that are held. */
  #rebuild(symbol: string, feed: SymbolFeed): void {
    const bars = this.bars(symbol);
    feed.window = new MarketFeatureWindow(this.#section.bar_ms, this.#section);
    for (const bar of bars) feed.window.applyBar(toFeatureBar(bar));
    feed.lastBarOpenMs = bars.at(-1)?.openTimeMs ?? Number.NEGATIVE_INFINITY;
  }

  #feed(symbol: string): SymbolFeed {
    const begin = (): SymbolFeed => new SymbolFeed(new MarketFeatureWindow(this.#section.bar_ms, this.#section));
    return heldIn(this.#feeds, symbol, begin);
  }

  /** Takes in closed bars in order; the hold steps at each close. */
  applyBars(symbol: string, bars: readonly Bar[]): BarIntake {
    const feed = this.#feed(symbol);
    const kept = this.#bars.get(symbol) ?? [];
    let applied = 0;
    let missingBars = 0;
    for (const bar of bars) {
      const outcome = feed.window.applyBar(toFeatureBar(bar));
      if (outcome.kind === 'rejected') continue;
      if (outcome.kind === 'applied_after_gap') missingBars += outcome.missing_bars;
      applied += 1;
      feed.lastBarOpenMs = bar.openTimeMs;
      kept.push(bar);
      const features = feed.window.readClosed();
      // A hold restored from the ledger has seen the bars before it: replayed history may not raise it again.
      const isNews = feed.hold === null || bar.openTimeMs + this.#section.bar_ms > feed.hold.bars_as_of_ms;
      if (features === null || !isNews) continue;
      this.#step(feed, features, true);
      // Its label stands through the bar that begins with it, whether or not that bar has been quoted.
      this.#step(feed, features, false);
    }
    const capacity = 2 * barsNeeded(this.#section);
    if (kept.length > capacity) kept.splice(0, kept.length - capacity);
    this.#bars.set(symbol, kept);
    this.#refresh(symbol, feed);
    return { applied, missingBars };
  }

  applyQuote(quote: MarketQuote): void {
    const feed = this.#feed(quote.symbol);
    const { quote: before } = feed;
    const isNear = isNearBook(quote, this.#section.collar_bps);
    const isSecond = before !== null && !isNearBook(before, this.#section.collar_bps);
    const isNews = before === null || quote.markAtMs !== before.markAtMs;
    feed.isConfirmed = isNear || (isNews ? isSecond : isSecond && feed.isConfirmed);
    feed.quote = quote;
    this.#refresh(quote.symbol, feed);
  }

  #refresh(symbol: string, feed: SymbolFeed): void {
    const quote = feed.quote;
    if (quote === null) return;
    const features = feed.window.readLive(quote.mark);
    // RISK: one bad print would hold a regime for hours. What is decided by this quote is judged by it all the same,
    // and nothing is opened while book and mark lie apart.
    if (features !== null && feed.isConfirmed) this.#step(feed, features, false);
    const inputs: SymbolInputs = {
      mark: quote.mark,
      markAtMs: quote.markAtMs,
      bid: quote.bid,
      ask: quote.ask,
      quoteAtMs: quote.quoteAtMs,
      fundingRate8h: fundingRatePer8h(quote.fundingRate, quote.fundingIntervalMs / 3_600_000),
      fundingAtMs: quote.markAtMs,
      features,
      heldRegime: feed.hold?.regime ?? 'extreme',
    };
    feed.inputs = inputs;
    this.#symbols.set(symbol, inputs);
  }

  #step(feed: SymbolFeed, features: MarketFeatures, isClosed: boolean): void {
    const quote = feed.quote;
    const rate = quote === null ? null : fundingRatePer8h(quote.fundingRate, quote.fundingIntervalMs / 3_600_000);
    // History that precedes the first quote has no funding of its own; zero is what it is judged with.
    const verdict = classifyFeatures(features, rate ?? 0, this.#section);
    const hold = scaleBarCount(this.#section.regime_hold_bars, this.#section.bar_ms, features.bar_ms);
    feed.hold = stepRegimeHold(
      feed.hold,
      { raw: verdict.regime, bars_as_of_ms: features.bars_as_of_ms, is_closed: isClosed },
      hold,
    );
  }
}

/** How many closed bars the features of a symbol need. */
export function barsNeeded({ liquidity, volatility }: MarketSection): number {
  return Math.max(volatility.baseline_bars, liquidity.baseline_bars) + volatility.window_bars + 1;
}

/** As far apart as openings take them to be one market (rule 11). */
export function isNearBook({ mark, bid, ask }: Pick<MarketQuote, 'mark' | 'bid' | 'ask'>, collarBps: number): boolean {
  return Math.abs((bid + ask) / 2 - mark) * 1e4 <= collarBps * mark;
}

function toFeatureBar(bar: Bar): {
  open_time_ms: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
} {
  return {
    open_time_ms: bar.openTimeMs,
    open: bar.open,
    high: bar.high,
    low: bar.low,
    close: bar.close,
    volume: bar.volume,
  };
}
