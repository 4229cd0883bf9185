import type { ReplayInstrument } from '../../../daemon/evaluation/facts/markets.ts';

/** A symbol with round figures: lot 0.001, tick 0.1, taker 5 bps, two brackets. */
export const INSTRUMENT: ReplayInstrument = {
  symbol: 'BTCUSDT',
  tickMantissa: 1,
  tickScale: 10,
  lotMantissa: 1,
  lotScale: 1000,
  minLots: 1,
  maxLots: 1_000_000,
  minNotionalUsdt: 50,
  takerFee: 0.0005,
  makerFee: 0.0002,
  brackets: [
    { initialLeverage: 125, notionalFloor: 0, notionalCap: 50_000, maintenanceRate: 0.004, cum: 0 },
    { initialLeverage: 20, notionalFloor: 50_000, notionalCap: 10_000_000, maintenanceRate: 0.025, cum: 1050 },
  ],
};
