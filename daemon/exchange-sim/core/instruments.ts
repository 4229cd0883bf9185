import { type Bracket, BTCUSDT_BRACKETS, ETHUSDT_BRACKETS } from './brackets.ts';
import { type E8, e8 } from './fixed.ts';

/**
 * What the exchange states about one symbol: the filters of exchangeInfo as of 2024-05-07 (but MIN_NOTIONAL 50 for
 * BTCUSDT), its leverage brackets, and the depth of the modelled book.
 */
export interface Instrument {
  readonly symbol: string;
  readonly baseAsset: string;
  readonly subType: string;
  readonly onboardMs: number;
  readonly tick: E8;
  readonly minPrice: E8;
  readonly maxPrice: E8;
  readonly lot: E8;
  readonly minQuantity: E8;
  readonly maxQuantity: E8;
  readonly maxMarketQuantity: E8;
  /** MARKET_LOT_SIZE, where it differs from LOT_SIZE; null: it does not. */
  readonly marketLot: E8 | null;
  readonly minMarketQuantity: E8 | null;
  readonly maxOrders: number;
  readonly maxAlgoOrders: number;
  readonly minNotional: E8;
  readonly multiplierUp: E8;
  readonly multiplierDown: E8;
  readonly pricePrecision: number;
  readonly quantityPrecision: number;
  readonly brackets: readonly Bracket[];
  /** USDT that rests at each level of the modelled book. */
  readonly levelNotional: E8;
  /** Where the generated market starts, and its usual volume of a 15-minute bar in the base asset. */
  readonly startPrice: E8;
  readonly barVolume: number;
}

const BTCUSDT: Instrument = {
  symbol: 'BTCUSDT',
  baseAsset: 'BTC',
  subType: 'PoW',
  onboardMs: 1_569_398_400_000,
  tick: e8('0.10'),
  minPrice: e8('556.80'),
  maxPrice: e8('4529764'),
  lot: e8('0.001'),
  minQuantity: e8('0.001'),
  maxQuantity: e8('1000'),
  maxMarketQuantity: e8('120'),
  marketLot: null,
  minMarketQuantity: null,
  maxOrders: 200,
  maxAlgoOrders: 10,
  minNotional: e8('50'),
  multiplierUp: e8('1.05'),
  multiplierDown: e8('0.95'),
  pricePrecision: 2,
  quantityPrecision: 3,
  brackets: BTCUSDT_BRACKETS,
  levelNotional: e8('50000'),
  startPrice: e8('60000'),
  barVolume: 1500,
};

const ETHUSDT: Instrument = {
  ...BTCUSDT,
  symbol: 'ETHUSDT',
  baseAsset: 'ETH',
  subType: 'Layer-1',
  tick: e8('0.01'),
  minPrice: e8('39.86'),
  maxPrice: e8('306177'),
  maxQuantity: e8('10000'),
  maxMarketQuantity: e8('2000'),
  minNotional: e8('20'),
  brackets: ETHUSDT_BRACKETS,
  levelNotional: e8('25000'),
  startPrice: e8('3000'),
  barVolume: 25_000,
};

export const INSTRUMENTS: readonly Instrument[] = [BTCUSDT, ETHUSDT];

export function findInstrument(symbol: string): Instrument | undefined {
  return INSTRUMENTS.find((instrument) => instrument.symbol === symbol);
}
