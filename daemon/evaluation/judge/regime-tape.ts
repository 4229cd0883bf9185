import type { SymbolBars } from '../facts/markets.ts';
import { RegimeDetector, scaleMarket } from './regime-detector.ts';
import type { ScopeMarket } from './scope.ts';

/** What the detector says after every closed bar of a symbol, as columns: computed once, read by many judges. */
export interface RegimeTape {
  readonly symbol: string;
  readonly barMs: number;
  /** The scope's market section it was computed with. */
  readonly market: ScopeMarket;
  readonly openMs: Float64Array;
  readonly close: Float64Array;
  /** 0 calm, 1 volatile, 2 extreme, without any hold. */
  readonly label: Uint8Array;
  /** Values of the baseline. */
  readonly history: Int32Array;
  readonly isKnown: Uint8Array;
  readonly sumSquares: Float64Array;
  readonly quantile: Float64Array;
  readonly illiquidSigma: Float64Array;
}

/** Closed bars of one symbol, `barMs` long, through the judge's detector. */
export function buildRegimeTape(bars: SymbolBars, barMs: number, market: ScopeMarket): RegimeTape {
  const { openMs, close, volume } = bars;
  const count = openMs.length;
  const tape = {
    symbol: bars.instrument.symbol,
    barMs,
    market,
    openMs,
    close,
    label: new Uint8Array(count),
    history: new Int32Array(count),
    isKnown: new Uint8Array(count),
    sumSquares: new Float64Array(count),
    quantile: new Float64Array(count),
    illiquidSigma: new Float64Array(count),
  };
  const detector = new RegimeDetector(scaleMarket(market, barMs));
  for (let i = 0; i < count; i++) {
    detector.push(openMs[i]!, close[i]!, volume[i]!);
    tape.label[i] = detector.label;
    tape.history[i] = detector.history;
    tape.isKnown[i] = detector.isKnown ? 1 : 0;
    tape.sumSquares[i] = detector.sumSquares;
    tape.quantile[i] = detector.quantile;
    tape.illiquidSigma[i] = detector.illiquidSigma;
  }
  return tape;
}
