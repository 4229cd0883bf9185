import type { Draws } from '../../intents/draws.ts';
import type { StrategyName } from './sizing.ts';

/** What the account holds of a symbol as a signal sees it; undefined: flat. */
export interface Held {
  readonly lots: number;
  readonly entryPrice: number;
}

type Direction = -1 | 0 | 1;
/** What a strategy wants from now on. It stays wanted until the next wish. */
export interface Wish {
  readonly direction: Direction;
  /** Size in units of the strategy; its sizing says what a unit is worth. */
  readonly units: number;
  /** Rests a limit order instead of taking. */
  readonly isLimit: boolean;
  /** Asks that the size is split into, seconds apart. */
  readonly pieces: number;
  /** Instant of the first ask after the bar's close, ms; null: the trader's own pace. */
  readonly delayMs: number | null;
}

/** Reads one symbol bar by bar; every bar costs the same, however long the history. */
export interface Signal {
  /** A bar of the past: takes it in and wants nothing. */
  warm(close: number): void;
  /** A bar that has just closed at `nowMs`; null: nothing new is wanted. */
  onClose(close: number, nowMs: number, held: Held | undefined): Wish | null;
}
type SignalMaker = (draws: Draws, barMs: number) => Signal;

const HOUR_MS = 3_600_000;

function wish(direction: Direction, units: number, form: Partial<Wish> = {}): Wish {
  return { direction, units, isLimit: false, pieces: 1, delayMs: null, ...form };
}

/** Bars that span a time: at least 2. */
function barsOf(spanMs: number, barMs: number): number {
  return Math.max(2, Math.round(spanMs / barMs));
}

/** Exponential moving average over a span of bars; the first value starts it. */
class Ema {
  readonly #weight: number;
  count = 0;
  value = 0;

  constructor(bars: number) {
    this.#weight = 2 / (bars + 1);
  }
  add(sample: number): void {
    this.value = this.count === 0 ? sample : this.value + this.#weight * (sample - this.value);
    this.count += 1;
  }
}

/** A crossing counts once the averages are this many usual bar moves apart. */
const BAND_MOVES = 0.4;

/** Time-series momentum: with the faster of two moving averages above the slower one long, below it short. */
const momentum: SignalMaker = (draws, barMs) => {
  const slowBars = barsOf(draws.between(16, 28) * HOUR_MS, barMs);
  const fast = new Ema(barsOf(draws.between(4, 7) * HOUR_MS, barMs));
  const slow = new Ema(slowBars);
  const move = new Ema(slowBars);
  const band = BAND_MOVES * draws.between(0.7, 1.3);
  let last = 0;
  let direction: Direction = 0;
  const warm = (close: number): void => {
    if (last > 0) move.add(Math.abs(close - last));
    last = close;
    fast.add(close);
    slow.add(close);
  };
  return {
    warm,
    onClose(close) {
      warm(close);
      if (slow.count < slowBars) return null;
      const gap = fast.value - slow.value;
      const next = gap > 0 ? 1 : -1;
      if (Math.abs(gap) < band * move.value || next === direction) return null;
      direction = next;
      return wish(direction, 1);
    },
  };
};

const ENTER_SIGMA = 2;
const LEAVE_SIGMA = 0.3;
/** How much further it must stretch before the one addition. */
const ADD_SIGMA = 0.8;
/** Share of the entries that rest at a better price. */
const LIMIT_SHARE = 0.4;

/** Against the stretch: enters two deviations from the running mean, adds once further out, leaves near the mean. */
const meanReversion: SignalMaker = (draws, barMs) => {
  const bars = barsOf(draws.between(5, 9) * HOUR_MS, barMs);
  const mean = new Ema(bars);
  const variance = new Ema(2 * bars);
  const enter = ENTER_SIGMA * draws.between(1, 1.1);
  let units = 0;
  let direction: Direction = 0;
  /** Deviations of a close from the mean of the bars before it. */
  const stretch = (close: number): number => {
    const distance = mean.count === 0 ? 0 : close - mean.value;
    const deviation = Math.sqrt(variance.value);
    mean.add(close);
    variance.add(distance * distance);
    return deviation > 0 ? distance / deviation : 0;
  };
  const want = (more: number): Wish => {
    units = more;
    return wish(direction, units, { isLimit: draws.chance(LIMIT_SHARE) });
  };
  return {
    warm: stretch,
    onClose(close) {
      const z = stretch(close);
      if (mean.count < 2 * bars) return null;
      if (direction === 0) {
        if (Math.abs(z) < enter) return null;
        direction = z > 0 ? -1 : 1;
        return want(1);
      }
      const against = -direction * z;
      if (against < LEAVE_SIGMA) {
        direction = 0;
        return wish(0, 0);
      }
      return units > 1 || against < enter + ADD_SIGMA ? null : want(2);
    },
  };
};

/** Its profit and loss lie this many usual moves of six hours from its entry. */
const WIDTH_MOVES = 1.3;
const WIDTH_SPAN_MS = 6 * HOUR_MS;
/** Doublings after which nothing that it could ask for is larger. */
const MAX_DOUBLINGS = 12;

/** Bets a direction; after a losing round trip it doubles its size, after a winning one it starts again. */
const martingale: SignalMaker = (draws, barMs) => {
  const bars = barsOf(12 * HOUR_MS, barMs);
  const move = new Ema(bars);
  const trend = new Ema(barsOf(draws.between(1, 3) * HOUR_MS, barMs));
  const width = WIDTH_MOVES * draws.between(0.8, 1.2) * Math.sqrt(barsOf(WIDTH_SPAN_MS, barMs));
  const pauseBars = barsOf(draws.between(0.5, 4) * HOUR_MS, barMs);
  let last = 0;
  let entry = 0;
  let direction: Direction = 0;
  let doublings = 0;
  let pause = 0;
  const warm = (close: number): void => {
    if (last > 0) move.add(Math.abs(close - last));
    last = close;
    trend.add(close);
  };
  /** Its own entry counts where the account shows one in its direction: what it was filled at decides won or lost. */
  const leave = (close: number, held: Held | undefined): Wish | null => {
    const isOwn = held !== undefined && Math.sign(held.lots) === direction;
    const gain = direction * (close - (isOwn ? held.entryPrice : entry));
    if (Math.abs(gain) < width * move.value) return null;
    // A bet that was never taken is neither won nor lost.
    if (isOwn) doublings = gain < 0 ? Math.min(MAX_DOUBLINGS, doublings + 1) : 0;
    direction = 0;
    // After a loss it wants the money back at once.
    pause = gain < 0 ? 1 : pauseBars;
    return wish(0, 0);
  };
  return {
    warm,
    onClose(close, _nowMs, held) {
      warm(close);
      if (move.count < bars) return null;
      if (direction !== 0) return leave(close, held);
      pause -= 1;
      if (pause > 0) return null;
      direction = draws.chance(0.7) === close > trend.value ? 1 : -1;
      entry = close;
      return wish(direction, 2 ** doublings, { pieces: draws.chance(0.25) ? 2 : 1 });
    },
  };
};

/** Share of the news that say the opposite of what it holds. */
const FLIP_SHARE = 0.6;

/**
 * Follows seeded news that have nothing to do with the market (Poisson): enters or flips at once, in several impatient
 * asks, and loses interest after some hours without any.
 */
const narrative: SignalMaker = (draws, barMs) => {
  const meanGapMs = draws.between(16, 26) * HOUR_MS;
  const interestMs = draws.between(5, 9) * HOUR_MS;
  let nextNewsMs = Number.NEGATIVE_INFINITY;
  let boredMs = Number.POSITIVE_INFINITY;
  let direction: Direction = 0;
  /** News that break within the bar that begins: the reaction is as many seconds into it. */
  const follow = (nowMs: number): Wish => {
    const delayMs = Math.max(0, Math.floor(nextNewsMs - nowMs)) + draws.int(500, 4000);
    nextNewsMs = Math.max(nowMs + barMs, nextNewsMs + draws.exponential(meanGapMs));
    const isUp = direction === 0 ? draws.chance(0.5) : draws.chance(FLIP_SHARE) === direction < 0;
    direction = isUp ? 1 : -1;
    boredMs = nowMs + draws.exponential(interestMs) + barMs;
    return wish(direction, draws.between(0.6, 1.4), { delayMs, pieces: draws.int(1, 3) });
  };
  return {
    // News are not in the prices.
    warm: () => undefined,
    onClose(_close, nowMs) {
      if (nextNewsMs === Number.NEGATIVE_INFINITY) nextNewsMs = nowMs + draws.exponential(meanGapMs);
      if (nextNewsMs < nowMs + barMs) return follow(nowMs);
      if (direction === 0 || nowMs < boredMs) return null;
      direction = 0;
      return wish(0, 0);
    },
  };
};

export const SIGNALS: Readonly<Record<StrategyName, SignalMaker>> = {
  momentum,
  'mean-reversion': meanReversion,
  martingale,
  narrative,
};
