import { bestPrice } from '../book.ts';
import { divideRounded, type E8, format, multiply } from '../fixed.ts';
import type { Instrument } from '../instruments.ts';
import { bookOf, type Market, type Side } from '../state.ts';
import { type Rejection, reject } from './rejections.ts';

/** Any id of 1 to 36 characters of this set is accepted. */
const CLIENT_ID = /^[.A-Z:/a-z0-9_-]{1,36}$/;

export function checkClientId(id: string): Rejection | undefined {
  return CLIENT_ID.test(id) ? undefined : reject('CLIENT_ID_INVALID');
}

function isOver(value: E8, decimals: number): boolean {
  return value % 10n ** BigInt(8 - decimals) !== 0n;
}

/** PRICE_FILTER: positive, within the decimals, bounds and tick of the symbol. */
export function checkPrice(instrument: Instrument, price: E8): Rejection | undefined {
  if (price <= 0n) return reject('PRICE_LESS_THAN_ZERO');
  if (isOver(price, instrument.pricePrecision)) return reject('BAD_PRECISION');
  if (price > instrument.maxPrice) return reject('PRICE_ABOVE_MAX');
  if (price < instrument.minPrice) return reject('PRICE_BELOW_MIN');
  if (price % instrument.tick !== 0n) return reject('PRICE_OFF_TICK');
  return undefined;
}

interface LotSize {
  readonly lot: E8;
  readonly minimum: E8;
  readonly maximum: E8;
}
export function lotSize({ lot, minQuantity, maxQuantity }: Instrument): LotSize {
  return { lot, minimum: minQuantity, maximum: maxQuantity };
}
export function marketLotSize(instrument: Instrument): LotSize {
  const { lot, marketLot, maxMarketQuantity, minMarketQuantity, minQuantity } = instrument;
  return { lot: marketLot ?? lot, minimum: minMarketQuantity ?? minQuantity, maximum: maxMarketQuantity };
}

/** LOT_SIZE, or MARKET_LOT_SIZE for market orders. */
export function checkQuantity(instrument: Instrument, quantity: E8, isMarket: boolean): Rejection | undefined {
  if (quantity <= 0n) return reject('QUANTITY_LESS_THAN_ZERO');
  if (isOver(quantity, instrument.quantityPrecision)) return reject('BAD_PRECISION');
  const { lot, maximum, minimum } = isMarket ? marketLotSize(instrument) : lotSize(instrument);
  if (quantity < minimum) return reject('QUANTITY_BELOW_MIN');
  if (quantity > maximum) return reject('QUANTITY_ABOVE_MAX');
  if (quantity % lot !== 0n) return reject('QUANTITY_OFF_STEP');
  return undefined;
}

/** PERCENT_PRICE against the mark. A market order is judged by the best price it would meet. */
export function checkPercentPrice(market: Market, side: Side, price: E8 | null): Rejection | undefined {
  const { instrument, mark } = market;
  const cap = multiply(mark, instrument.multiplierUp);
  const floor = multiply(mark, instrument.multiplierDown);
  if (price === null) {
    const best = bestPrice(bookOf(market), side === 'BUY' ? 'ask' : 'bid');
    const isOut = side === 'BUY' ? best > cap : best < floor;
    return isOut ? reject('MARKET_OUT_OF_BAND') : undefined;
  }
  if (side === 'BUY' && price > cap) return reject('PRICE_ABOVE_CAP');
  if (side === 'SELL' && price < floor) return reject('PRICE_BELOW_FLOOR');
  return undefined;
}

/** MIN_NOTIONAL; a market order is valued at the mark. Reduce-only orders are exempt. */
export function checkNotional(market: Market, quantity: E8, price: E8 | null): Rejection | undefined {
  const { minNotional } = market.instrument;
  if (multiply(quantity, price ?? market.mark) >= minNotional) return undefined;
  return reject('MIN_NOTIONAL', trimZeros(format(minNotional)));
}

function trimZeros(text: string): string {
  return text.replace(/\.?0+$/, '');
}

/** Nearest tick to a price. */
export function toTick(instrument: Instrument, price: E8): E8 {
  return divideRounded(price, instrument.tick) * instrument.tick;
}
