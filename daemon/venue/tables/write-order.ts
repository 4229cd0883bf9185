import type { Side } from '../../core/request.ts';
import { formatE8, type Step, stepE8 } from '../wire/exact-fields.ts';
import type { Steps } from './instruments.ts';

/**
 * The writing of an order: the one place where units of 1e-8 become whole lots and ticks, of the rules in force then.
 * What was asked for under other rules is written smaller, and at a price that is no worse for its sender.
 */
function floorTo(units: number | bigint, step: Step): bigint {
  const size = stepE8(step);
  return (BigInt(units) / size) * size;
}
function ceilTo(units: number | bigint, step: Step): bigint {
  const size = stepE8(step);
  return ((BigInt(units) + size - 1n) / size) * size;
}

/** @throws RangeError when it is less than a lot */
export function writeQuantity(quantityE8: number | bigint, { lot }: Steps): string {
  return formatE8(floorTo(quantityE8, lot));
}
/** A buy pays no more, a sale gets no less. @throws RangeError when it is less than a tick */
export function writePrice(priceE8: number, side: Side, { tick }: Steps): string {
  return formatE8(side === 'buy' ? floorTo(priceE8, tick) : ceilTo(priceE8, tick));
}
/** Of a stop: the other way round, so that it does not fire before its price. */
export function writeTrigger(triggerE8: number, side: Side, { tick }: Steps): string {
  return formatE8(side === 'buy' ? ceilTo(triggerE8, tick) : floorTo(triggerE8, tick));
}

interface MarketLots extends Steps {
  readonly minLots: number;
  readonly maxMarketLots: number;
}
const MAX_PARTS = 100;
/**
 * Quantities, in units of 1e-8, of reduce-only market orders that close all of a holding: rounded up to a lot, and no less
 * than the smallest order, since the exchange takes no more than is held. What is left after {@link MAX_PARTS} is for
 * another call. A largest order of 0 is no limit.
 */
export function splitClosing(heldE8: bigint, { lot, maxMarketLots, minLots }: MarketLots): readonly number[] {
  const size = stepE8(lot);
  const least = BigInt(Math.max(1, minLots)) * size;
  const most = floorTo(Number.MAX_SAFE_INTEGER, lot);
  const largest = maxMarketLots < 1 ? most : minimum(most, maximum(least, BigInt(maxMarketLots) * size));
  const quantities: number[] = [];
  for (let left = heldE8; left > 0n && quantities.length < MAX_PARTS; left -= largest)
    quantities.push(Number(maximum(least, ceilTo(minimum(left, largest), lot))));
  return quantities;
}
function minimum(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
function maximum(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
