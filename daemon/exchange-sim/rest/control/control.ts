import { buildBrackets } from '../../core/brackets.ts';
import { decimalsOf, minimum } from '../../core/fixed.ts';
import type { Instrument } from '../../core/instruments.ts';
import { executableQuantity, fillOrder } from '../../core/orders/fills.ts';
import { toTick } from '../../core/orders/filters.ts';
import { isOpen } from '../../core/orders/orders.ts';
import { transfer } from '../../core/orders/settings.ts';
import { deleverage } from '../../core/orders/settlement.ts';
import { type Market, MOVE_TYPES, type SymbolStatus } from '../../core/state.ts';
import { catchUp, type Exchange } from '../../exchange.ts';
import { copyWorld, type Fault } from '../../faults/faults.ts';
import { holdMark, releaseMark } from '../../market/world.ts';
import { renderBooks } from './books.ts';
import { ControlError, type Json, parseFault, readDecimal, readNumber, readText } from './fault-request.ts';

const STATUSES: readonly SymbolStatus[] = ['TRADING', 'BREAK', 'HALT', 'SETTLING', 'CLOSE'];
const DECIMALS = {
  tick: 'tick',
  lot: 'lot',
  min_price: 'minPrice',
  max_price: 'maxPrice',
  min_quantity: 'minQuantity',
  max_quantity: 'maxQuantity',
  max_market_quantity: 'maxMarketQuantity',
  market_lot: 'marketLot',
  min_market_quantity: 'minMarketQuantity',
  min_notional: 'minNotional',
  multiplier_up: 'multiplierUp',
  multiplier_down: 'multiplierDown',
} as const satisfies Record<string, keyof Instrument>;
const PRECISIONS = { quantity_precision: 'quantityPrecision', price_precision: 'pricePrecision' } as const;
const FIELDS = ['symbol', 'status', 'brackets', 'max_orders', ...Object.keys(PRECISIONS), ...Object.keys(DECIMALS)];

/**
 * Changes what the exchange states about a symbol while it runs: status, filters, brackets. What is not named stays, but
 * that a finer step needs more decimals; orders and positions stay as they are. Throws ControlError for what is unknown or malformed, and then changes nothing.
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
  const instrument = { ...market.instrument, ...(changed as Partial<Instrument>) };
  market.instrument = { ...instrument, ...readPrecisions(body, instrument) };
  market.status = status ?? market.status;
}

function readPrecisions(body: Json, { lot, marketLot, tick, ...now }: Instrument): Partial<Instrument> {
  const read = (name: keyof typeof PRECISIONS, needed: number): number => {
    const decimals = readNumber(body, name, Math.max(now[PRECISIONS[name]], needed));
    if (!Number.isInteger(decimals) || decimals > 8) throw new ControlError(`"${name}" must be 0 to 8`);
    return decimals;
  };
  return {
    quantityPrecision: read('quantity_precision', Math.max(decimalsOf(lot), decimalsOf(marketLot ?? lot))),
    pricePrecision: read('price_precision', decimalsOf(tick)),
  };
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

/** What a control route answers; `cut` asks the server to drop every connection after the answer. */
export interface ControlAnswer {
  readonly body: unknown;
  readonly cut?: boolean;
}

function requireMarket(exchange: Exchange, body: Json): Market {
  const symbol = readText(body, 'symbol');
  const market = symbol === undefined ? undefined : exchange.world.state.markets.get(symbol);
  if (market === undefined) throw new ControlError('"symbol" must name a market of this exchange');
  return market;
}

/** POST /sim/set-mark: holds the mark; optionally moves the book away from it, changes its depth or its spread. */
function setMark(exchange: Exchange, body: Json): ControlAnswer {
  const market = requireMarket(exchange, body);
  const price = readDecimal(body, 'price');
  if (price === undefined || price < market.instrument.tick) throw new ControlError('"price" must be positive');
  const bookBps = readDecimal(body, 'book_bps');
  const levelNotional = readDecimal(body, 'level_notional_usdt');
  if (bookBps !== undefined) market.bookOffset = bookBps / 10_000n;
  const spreadBps = readDecimal(body, 'spread_bps');
  if (spreadBps !== undefined) market.bookHalfSpread = spreadBps / 20_000n;
  if (levelNotional !== undefined) market.levelNotional = levelNotional;
  holdMark(exchange.world, market.instrument.symbol, toTick(market.instrument, price));
  return { body: { ok: true } };
}

function release(exchange: Exchange, body: Json): ControlAnswer {
  releaseMark(exchange.world, requireMarket(exchange, body).instrument.symbol);
  return { body: { ok: true } };
}

function advance(exchange: Exchange, body: Json): ControlAnswer {
  const ms = readNumber(body, 'ms', Number.NaN);
  if (!Number.isSafeInteger(ms)) throw new ControlError('"ms" must be a whole number of milliseconds');
  exchange.clock.jump(ms);
  catchUp(exchange);
  return { body: { server_time_ms: exchange.world.state.nowMs } };
}

function move(exchange: Exchange, body: Json): ControlAnswer {
  const amount = readDecimal(body, 'amount');
  if (amount === undefined) throw new ControlError('"amount" must be a decimal');
  const type = MOVE_TYPES.find((each) => each === (body.type ?? 'TRANSFER'));
  if (type === undefined) throw new ControlError(`"type" must be one of ${MOVE_TYPES.join(', ')}`);
  transfer(exchange.world.state, amount, type);
  return { body: { ok: true } };
}

/** POST /sim/fill-order: fills a resting order at its own price, whatever the market does. */
function fill(exchange: Exchange, body: Json): ControlAnswer {
  const { state } = exchange.world;
  const order = state.orders.get(readNumber(body, 'order_id', 0));
  const market = order === undefined ? undefined : state.markets.get(order.symbol);
  if (order === undefined || market === undefined || !isOpen(order)) throw new ControlError('no such open order');
  const possible = executableQuantity(market, order);
  const quantity = minimum(readDecimal(body, 'quantity') ?? possible, possible);
  if (quantity <= 0n) throw new ControlError('nothing to fill');
  fillOrder(state, market, order, { quantity, price: order.price, maker: true });
  return { body: { ok: true } };
}

/** POST /sim/deleverage: the exchange closes a quantity of the position at the mark. */
function closeForAdl(exchange: Exchange, body: Json): ControlAnswer {
  const quantity = readDecimal(body, 'quantity');
  if (quantity === undefined || quantity <= 0n) throw new ControlError('"quantity" must be positive');
  deleverage(exchange.world.state, requireMarket(exchange, body), quantity);
  return { body: { ok: true } };
}

/** POST /sim/set-instrument: status, filters and brackets of a symbol, changed while it runs. */
function setInstrument(exchange: Exchange, body: Json): ControlAnswer {
  changeInstrument(requireMarket(exchange, body), body);
  return { body: { ok: true } };
}

/**
 * A fault that shades the view of things and names no request starts at once, and so does a list that lags or has an odd
 * row; any other waits for its request.
 */
function queueFaults(exchange: Exchange, body: Json): ControlAnswer {
  const list = Array.isArray(body.faults) ? (body.faults as readonly Json[]) : [body];
  let cut = false;
  const ids = list.map((entry) => {
    const fault = exchange.faults.add(parseFault(entry));
    const isOfList = fault.kind === 'stale-list' || fault.kind === 'odd-row';
    if (Object.keys(fault.match).length > 0 && !isOfList) return fault.id;
    if (startFault(exchange, fault)) {
      fault.remaining = 0;
      fault.hits = 1;
      cut = cut || fault.kind === 'disconnect';
    }
    return fault.id;
  });
  return { body: { ids }, cut };
}

/** Starts a fault that is a span of time; false when the kind is no such. */
export function startFault(exchange: Exchange, fault: Fault): boolean {
  switch (fault.kind) {
    case 'stale-positions':
      exchange.faults.lags.show('account', copyWorld(exchange.world), fault.ms);
      return true;
    case 'stale-market':
      exchange.faults.lags.show('market', copyWorld(exchange.world), fault.ms);
      return true;
    case 'disconnect':
      exchange.faults.disconnect(fault.ms);
      return true;
    case 'stale-list':
      exchange.faults.lags.show(fault.match.path ?? '', copyWorld(exchange.world), fault.ms);
      return true;
    case 'odd-row': {
      const { match, ms, patch } = fault;
      exchange.faults.oddRows.add({ path: match.path ?? '', symbol: match.symbol ?? '', patch }, ms);
      return true;
    }
    case 'clock-jump':
      exchange.faults.clockOffsetMs = fault.byMs;
      return true;
    case 'ban':
      exchange.faults.ban.start(fault);
      return true;
    default:
      return false;
  }
}

function renderFault(fault: Fault): unknown {
  return { id: fault.id, kind: fault.kind, match: fault.match, remaining: fault.remaining, hits: fault.hits };
}

function renderFaults({ faults }: Exchange): unknown {
  const { ban, clockOffsetMs } = faults;
  return {
    faults: faults.faults.map(renderFault),
    ban: { left_ms: ban.leftMs(), offences: ban.offences },
    clock_offset_ms: clockOffsetMs,
  };
}

function clear(exchange: Exchange): ControlAnswer {
  exchange.faults.clear();
  return { body: { ok: true } };
}

type Control = (exchange: Exchange, body: Json) => ControlAnswer;

/** The control face; it wants the control token, loopback only. */
export const CONTROL_ROUTES: Readonly<Record<string, Control>> = {
  'POST /sim/set-mark': setMark,
  'POST /sim/release-mark': release,
  'POST /sim/advance': advance,
  'POST /sim/transfer': move,
  'POST /sim/fill-order': fill,
  'POST /sim/deleverage': closeForAdl,
  'POST /sim/set-instrument': setInstrument,
  'POST /sim/faults': queueFaults,
  'POST /sim/clear-faults': clear,
  'GET /sim/faults': (exchange) => ({ body: renderFaults(exchange) }),
  'GET /sim/books': (exchange) => ({ body: renderBooks(exchange.world.state) }),
};

/** GET /sim/clock: open to everybody. */
export function renderClock(exchange: Exchange): Record<string, unknown> {
  const { clock } = exchange;
  return {
    server_time_ms: clock.now(),
    scale: clock.mode === 'manual' ? 0 : clock.scale,
    epoch_ms: clock.epochMs(),
    wall_ms: clock.wallMs,
    mode: clock.mode,
    limits_weight: exchange.limits.refusesWeight,
    countdown: exchange.world.state.countdownScope,
  };
}
