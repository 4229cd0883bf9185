export interface RulesView {
  /** Largest notional that the brackets allow at leverage 1, 2, … up to the policy's cap, USDT. */
  readonly bracket_caps: readonly number[];
  readonly lot_mantissa: number;
  /** One lot = lot_mantissa / lot_scale of the base asset. */
  readonly lot_scale: number;
  readonly maintenance_rate: number;
  readonly max_lots: number;
  /** MARKET_LOT_SIZE: the largest market order. */
  readonly max_market_lots: number;
  /** PRICE_FILTER: the highest price of a limit order. */
  readonly max_price_ticks: number;
  readonly min_lots: number;
  readonly min_notional_usdt: number;
  /** PRICE_FILTER: the lowest price of a limit order. */
  readonly min_price_ticks: number;
  /**
   * PERCENT_PRICE: a sell at less than `mark x multiplier_down` is refused, and a buy at more than `mark x
   * multiplier_up`.
   */
  readonly multiplier_down: number;
  readonly multiplier_up: number;
  readonly observed_at_ms: number;
  readonly taker_fee: number;
  /** One tick = tick_mantissa / tick_scale USDT. */
  readonly tick_mantissa: number;
  readonly tick_scale: number;
  /** The venue trades the symbol now. */
  readonly trading: boolean;
}

type PriceScale = Pick<RulesView, 'tick_mantissa' | 'tick_scale'>;
type LotScale = Pick<RulesView, 'lot_mantissa' | 'lot_scale'>;

/**
 * A decimal such as 60000.1 is not a binary fraction: divided by its tick it may miss the integer by an ulp. Whatever
 * lies this close to an integer *is* that integer; the distance is far below one tick or lot (and 1e-10 USDT of a
 * unit).
 */
const SNAP = 1e-6;
/** Of large figures an ulp is more than that: a few of them. */
const RELATIVE_SNAP = 1e-15;
function isNear(value: number, nearest: number): boolean {
  const distance = Math.abs(value - nearest);
  return distance <= SNAP || distance <= Math.abs(value) * RELATIVE_SNAP;
}

export function floorSnap(value: number): number {
  const nearest = Math.round(value);
  return isNear(value, nearest) ? nearest : Math.floor(value);
}
export function ceilSnap(value: number): number {
  const nearest = Math.round(value);
  return isNear(value, nearest) ? nearest : Math.ceil(value);
}
export function floorTicks(price: number, scale: PriceScale): number {
  return floorSnap((price * scale.tick_scale) / scale.tick_mantissa);
}
export function ceilTicks(price: number, scale: PriceScale): number {
  return ceilSnap((price * scale.tick_scale) / scale.tick_mantissa);
}
export function ticksToPrice(ticks: number, scale: PriceScale): number {
  return (ticks * scale.tick_mantissa) / scale.tick_scale;
}
/**
 * Whole lots of a quantity that somebody has written, never upwards: it is a decimal, and what its binary fraction lacks
 * of that alone is made up for.
 */
export function writtenLots(quantity: number, scale: LotScale): number {
  const lots = (quantity * scale.lot_scale) / scale.lot_mantissa;
  const nearest = Math.round(lots);
  return Math.abs(lots - nearest) <= lots * RELATIVE_SNAP ? nearest : Math.floor(lots);
}
export function lotsToQuantity(lots: number, scale: LotScale): number {
  return (lots * scale.lot_mantissa) / scale.lot_scale;
}
/** USDT to whole units, never upwards: (usdt * scales) / mantissas keeps decimals exact where a division would not. */
export function floorUnits(usdt: number, rules: RulesView): number {
  return floorSnap((usdt * (rules.lot_scale * rules.tick_scale)) / (rules.lot_mantissa * rules.tick_mantissa));
}
/** `units <= floorUnits(usdt)` for a whole number of units, without the rounding where there is room to spare. */
export function hasUnits(usdt: number, rules: RulesView, units: number): boolean {
  const raw = (usdt * (rules.lot_scale * rules.tick_scale)) / (rules.lot_mantissa * rules.tick_mantissa);
  return raw >= units || units <= floorSnap(raw);
}
export function unitsToUsdt(units: number, rules: RulesView): number {
  return (units * (rules.lot_mantissa * rules.tick_mantissa)) / (rules.lot_scale * rules.tick_scale);
}

/** q_min: least lots with q >= minQty and q p >= MIN_NOTIONAL at the price that is sent. */
export function minimumLots(rules: RulesView, priceTicks: number): number {
  const notionalUnits = ceilSnap(
    (rules.min_notional_usdt * (rules.lot_scale * rules.tick_scale)) / (rules.lot_mantissa * rules.tick_mantissa),
  );
  return Math.max(rules.min_lots, Math.ceil(notionalUnits / priceTicks), 1);
}
/** Lots of a notional at a value per lot, never upwards. */
export function lotsFor(notionalUsdt: number, valueTicks: number, rules: RulesView): number {
  if (!(notionalUsdt > 0)) return 0;
  return Math.floor(floorUnits(notionalUsdt, rules) / valueTicks);
}

/**
 * {@link lotsFor}, but not above `wanted` lots, whose units are `wantedUnits`. Most budgets have room to spare, and
 * there nothing need be rounded: units that reach an integer reach it rounded down as well.
 */
export function lotsWithin(
  notionalUsdt: number,
  valueTicks: number,
  rules: RulesView,
  wanted: number,
  wantedUnits: number,
): number {
  if (hasUnits(notionalUsdt, rules, wantedUnits) && Number.isSafeInteger(wantedUnits)) return wanted;
  return Math.min(lotsFor(notionalUsdt, valueTicks, rules), wanted);
}

/** Filters with which quantities and prices can be written down at all: whole positive sizes of a sane scale. */
export function areUsable(rules: RulesView): boolean {
  return (
    isSize(rules.tick_mantissa) &&
    isSize(rules.lot_mantissa) &&
    isSize(rules.tick_scale) &&
    isSize(rules.lot_scale) &&
    isPowerOfTen(rules.tick_scale) &&
    isPowerOfTen(rules.lot_scale)
  );
}

function isSize(size: number): boolean {
  return Number.isSafeInteger(size) && size >= 1 && size <= 1e12;
}

function isPowerOfTen(scale: number): boolean {
  let power = 1;
  while (power < scale) power *= 10;
  return power === scale;
}
function decimals(scale: number): number {
  let digits = 0;
  for (let power = 1; power < scale; power *= 10) digits += 1;
  return digits;
}
/** `units * mantissa / scale` with as many decimals as the scale has, written from the integer: exact, and cheap. */
export function formatDecimal(units: number, mantissa: number, scale: number): string {
  const value = units * mantissa;
  const digits = decimals(scale);
  if (!Number.isSafeInteger(value) || digits === 0) return (value / scale).toFixed(digits);
  const figures = `${Math.abs(value)}`;
  const text = figures.length > digits ? figures : figures.padStart(digits + 1, '0');
  const point = text.length - digits;
  const unsigned = `${text.slice(0, point)}.${text.slice(point)}`;
  return value < 0 ? `-${unsigned}` : unsigned;
}
/**
 * Reads what `formatQuantity` and `formatPrice` write, in units of 1/scale: "60000.1" at 10 is 600001. Digit by digit,
 * so without a rounding; NaN for a text with another number of decimals or anything else in it.
 */
export function readDecimal(text: string, scale: number): number {
  let value = 0;
  let scaleLeft = 0;
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - 48;
    if (digit >= 0 && digit <= 9) {
      value = value * 10 + digit;
      scaleLeft /= 10;
    } else if (digit === -2 && scaleLeft === 0 && at > 0 && scale > 1) scaleLeft = scale;
    else return Number.NaN;
  }
  return (scaleLeft === 0 && scale === 1 && text !== '') || scaleLeft === 1 ? value : Number.NaN;
}
export function formatQuantity(lots: number, scale: LotScale): string {
  return formatDecimal(lots, scale.lot_mantissa, scale.lot_scale);
}
const E8 = 100_000_000;
/** A little above half an ulp of such figures: 0.3 as it is written stays 0.3. */
const HAIR = 1e-6;
/** In units of 1e-8, rounded down, without zeros at the end. */
export function formatE8(quantity: number): string {
  return formatDecimal(Math.floor(quantity * E8 + HAIR), 1, E8).replace(/\.?0+$/, '');
}
/** A quantity as it was asked for: whole lots as an order of them is written, else in units of 1e-8. */
export function formatAsked(quantity: number, scale: LotScale): string {
  const lots = Math.round((quantity * scale.lot_scale) / scale.lot_mantissa);
  return Math.abs(lotsToQuantity(lots, scale) - quantity) * E8 < 1 - HAIR
    ? formatQuantity(lots, scale)
    : formatE8(quantity);
}
export function formatPrice(ticks: number, scale: PriceScale): string {
  return formatDecimal(ticks, scale.tick_mantissa, scale.tick_scale);
}
