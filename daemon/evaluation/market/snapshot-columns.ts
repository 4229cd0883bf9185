import type { WindowSnapshot } from '../../core/features/market.ts';

const COLUMNS = [
  'bars_as_of_ms',
  'bar_count',
  'history_count',
  'return_count',
  'close',
  'volume_ema',
  'sum_of_squares',
  'sigma',
  'sigma_baseline',
  'liquidity_floor',
  'jump_ratio',
] as const satisfies readonly (keyof WindowSnapshot)[];
const WIDTH = COLUMNS.length;
type Filled = { -readonly [name in keyof WindowSnapshot]: WindowSnapshot[name] };

/** A window's snapshot after every bar of a series, in one array of numbers. */
export class SnapshotColumns {
  readonly #figures: Float64Array;
  /** Handed out again and again: of use until the next `at`. */
  readonly #scratch: Filled;

  constructor(places: number, barMs: number) {
    this.#figures = new Float64Array(places * WIDTH).fill(Number.NaN);
    this.#scratch = {
      bar_ms: barMs,
      bars_as_of_ms: 0,
      bar_count: 0,
      history_count: 0,
      return_count: 0,
      close: 0,
      volume_ema: 0,
      sum_of_squares: 0,
      sigma: 0,
      sigma_baseline: null,
      liquidity_floor: null,
      jump_ratio: 0,
    };
  }

  set(place: number, snapshot: WindowSnapshot): void {
    const from = place * WIDTH;
    for (let i = 0; i < WIDTH; i++) this.#figures[from + i] = snapshot[COLUMNS[i]!] ?? Number.NaN;
  }

  /** The snapshot at a place; null where none was set. The object is overwritten by the next call. */
  at(place: number): WindowSnapshot | null {
    const figures = this.#figures;
    const from = place * WIDTH;
    const asOf = figures[from];
    if (asOf === undefined || Number.isNaN(asOf)) return null;
    const into = this.#scratch;
    into.bars_as_of_ms = asOf;
    into.bar_count = figures[from + 1]!;
    into.history_count = figures[from + 2]!;
    into.return_count = figures[from + 3]!;
    into.close = figures[from + 4]!;
    into.volume_ema = figures[from + 5]!;
    into.sum_of_squares = figures[from + 6]!;
    into.sigma = figures[from + 7]!;
    into.sigma_baseline = orNull(figures[from + 8]!);
    into.liquidity_floor = orNull(figures[from + 9]!);
    into.jump_ratio = figures[from + 10]!;
    return into;
  }
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
