import { lotE8, tickE8 } from '../../engine/records/units.ts';
import type { ReplayInstrument } from '../facts/markets.ts';

/**
 * Where the engine's exchange, which counts in lots and ticks, meets the gate, which counts in units of 1e-8. Steps never
 * change in a replay, so that nothing has to be rounded.
 */
export class Grid {
  readonly #lotE8: Float64Array;
  readonly #tickE8: Float64Array;

  /** By index of the symbol, as everything here. */
  constructor(instruments: readonly ReplayInstrument[]) {
    this.#lotE8 = Float64Array.from(instruments, lotE8);
    this.#tickE8 = Float64Array.from(instruments, tickE8);
  }

  quantityE8(symbol: number, lots: number): number {
    return lots * this.#lotE8[symbol]!;
  }
  lots(symbol: number, quantityE8: number): number {
    return quantityE8 / this.#lotE8[symbol]!;
  }
  ticks(symbol: number, priceE8: number): number {
    return priceE8 / this.#tickE8[symbol]!;
  }
}
