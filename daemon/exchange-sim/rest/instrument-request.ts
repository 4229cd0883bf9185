import { buildBrackets } from '../core/brackets.ts';
import type { Instrument } from '../core/instruments.ts';
import type { Market, SymbolStatus } from '../core/state.ts';
import { ControlError, type Json, readDecimal, readText } from './fault-request.ts';

const STATUSES: readonly SymbolStatus[] = ['TRADING', 'BREAK', 'HALT', 'SETTLING', 'CLOSE'];
const DECIMALS = {
  tick: 'tick',
  lot: 'lot',
  min_price: 'minPrice',
  max_price: 'maxPrice',
  min_quantity: 'minQuantity',
  max_quantity: 'maxQuantity',
  max_market_quantity: 'maxMarketQuantity',
  min_notional: 'minNotional',
  multiplier_up: 'multiplierUp',
  multiplier_down: 'multiplierDown',
} as const satisfies Record<string, keyof Instrument>;
const FIELDS = ['symbol', 'status', 'brackets', 'max_orders', ...Object.keys(DECIMALS)];

/**
 * Changes what the exchange states about a symbol while it runs: status, filters, brackets. What is not named stays;
 * orders that rest stay as they are. Throws ControlError for what is unknown or malformed, and then changes nothing.
 */
export function changeInstrument(market: Market, body: Json): void {
  for (const name of Object.keys(body)) if (!FIELDS.includes(name)) throw new ControlError(`"${name}" is unknown`);
  const changed: Partial<Record<keyof Instrument, unknown>> = {};
  for (const [name, field] of Object.entries(DECIMALS)) {
    const value = readDecimal(body, name);
    if (value === undefined) continue;
    if (value <= 0n) throw new ControlError(`"${name}" must be positive`);
    changed[field] = value;
  }
  if (body.max_orders !== undefined) {
    if (!Number.isSafeInteger(body.max_orders)) throw new ControlError('"max_orders" must be a whole number');
    changed.maxOrders = body.max_orders;
  }
  if (body.brackets !== undefined) changed.brackets = buildBrackets(readRows(body.brackets));
  const statusText = readText(body, 'status');
  const status = STATUSES.find((known) => known === statusText);
  if (statusText !== undefined && status === undefined)
    throw new ControlError(`"status" must be one of ${STATUSES.join(', ')}`);
  market.instrument = { ...market.instrument, ...(changed as Partial<Instrument>) };
  market.status = status ?? market.status;
}

/** `[[leverage, notional_cap, maintenance_ratio], ...]` from the smallest cap up. */
function readRows(value: unknown): readonly (readonly [number, string, string])[] {
  if (!Array.isArray(value) || value.length === 0) throw new ControlError('"brackets" must be a list of rows');
  let capBefore = 0;
  return value.map((row: unknown) => {
    const [leverage, cap, ratio] = Array.isArray(row) ? (row as readonly unknown[]) : [];
    const isRising = Number(cap) > capBefore;
    if (!Number.isSafeInteger(leverage) || Number(leverage) < 1 || !isRising || !(Number(ratio) > 0))
      throw new ControlError('a row of "brackets" is [leverage, notional cap above the one before, ratio]');
    capBefore = Number(cap);
    return [Number(leverage), String(cap), String(ratio)];
  });
}
