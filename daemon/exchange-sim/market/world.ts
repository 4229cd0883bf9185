import { type E8, multiply } from '../core/fixed.ts';
import { expireOrders, nextExpiryMs } from '../core/orders/orders.ts';
import { moveMark, runCountdowns, settleFunding } from '../core/orders/settlement.ts';
import type { ExchangeState, Market } from '../core/state.ts';
import { type Bar, type BarSource, isLowFirstWhenFlat, pathTicks, STEPS_PER_BAR } from './bars.ts';

/** How far a symbol has walked its bars, and the bar as it really went (a held mark can leave the tape). */
export interface Cursor {
  index: number;
  /** The step that comes next, 0..20. */
  step: number;
  lowFirst: boolean;
  live: { open: number; high: number; low: number; close: number; touched: boolean };
  /** Bars whose marks were held, by open time; they replace the tape's in the history. */
  readonly overrides: Map<number, Bar>;
}

/** The exchange state together with the tapes that move it. Time passes only in `advanceTo`. */
export interface World {
  readonly state: ExchangeState;
  readonly sources: ReadonlyMap<string, BarSource>;
  readonly cursors: Map<string, Cursor>;
}

export function ticksOf(market: Market, mark: E8): number {
  return Number(mark / market.barUnits.tick);
}

/** Puts every symbol at the bar and step of `state.nowMs`, at the tape's mark. */
export function createWorld(state: ExchangeState, sources: ReadonlyMap<string, BarSource>): World {
  const world: World = { state, sources, cursors: new Map() };
  for (const [symbol, source] of sources) {
    const market = requireMarket(state, symbol);
    const index = source.indexAt(state.nowMs);
    const bar = source.bar(index);
    if (bar === undefined) throw new RangeError(`${symbol} has no bar at ${state.nowMs}`);
    const passed = Math.floor(((state.nowMs - bar.openMs) * STEPS_PER_BAR) / source.barMs);
    const last = Math.min(STEPS_PER_BAR, passed);
    const lowFirst = isLowFirstWhenFlat(bar);
    const walked = Array.from({ length: last + 1 }, (_, step) => pathTicks(bar, lowFirst, step));
    const close = walked.at(-1) ?? bar.open;
    const live = { open: bar.open, high: Math.max(...walked), low: Math.min(...walked), close, touched: false };
    const isOver = last === STEPS_PER_BAR;
    const cursor: Cursor = {
      index: isOver ? index + 1 : index,
      step: isOver ? 0 : last + 1,
      lowFirst,
      live,
      overrides: new Map(),
    };
    world.cursors.set(symbol, cursor);
    market.mark = BigInt(close) * market.barUnits.tick;
    scheduleFunding(world, symbol, market, state.nowMs);
    market.fundingRate = source.fundingBetween(0, state.nowMs).at(-1)?.rate ?? 0n;
  }
  return world;
}

function requireMarket(state: ExchangeState, symbol: string): Market {
  const market = state.markets.get(symbol);
  if (market === undefined) throw new RangeError(`no market ${symbol}`);
  return market;
}

function scheduleFunding(world: World, symbol: string, market: Market, afterMs: number): void {
  market.nextFundingMs = world.sources.get(symbol)?.nextFunding(afterMs)?.atMs ?? Number.POSITIVE_INFINITY;
}

function stepTime(source: BarSource, cursor: Cursor): number {
  const bar = source.bar(cursor.index);
  return bar === undefined ? Number.POSITIVE_INFINITY : bar.openMs + (cursor.step * source.barMs) / STEPS_PER_BAR;
}

/**
 * Lets time pass to `toMs`: mark steps, funding, dead-man countdowns and good-till-dates happen in order of their
 * instants (at one instant: marks, then funding, then countdowns, then expiries). Deterministic, and the same whether done at once or in parts.
 */
export function advanceTo(world: World, toMs: number): void {
  const { state } = world;
  for (let next = findNext(world); next.atMs <= toMs; next = findNext(world)) {
    state.nowMs = Math.max(state.nowMs, next.atMs);
    next.happen();
  }
  state.nowMs = Math.max(state.nowMs, toMs);
}

function findNext(world: World): { readonly atMs: number; readonly happen: () => void } {
  const { cursors, sources, state } = world;
  let next = { atMs: Number.POSITIVE_INFINITY, happen: (): void => undefined };
  const offer = (atMs: number | null | undefined, happen: () => void): void => {
    if (atMs != null && atMs < next.atMs) next = { atMs, happen };
  };
  for (const [symbol, cursor] of cursors) {
    const source = sources.get(symbol);
    offer(source && stepTime(source, cursor), () => step(world, symbol));
  }
  for (const market of state.markets.values()) {
    offer(market.nextFundingMs, () => settle(world, market));
    offer(market.countdownAtMs, () => runCountdowns(state));
    offer(nextExpiryMs(market), () => expireOrders(state));
  }
  return next;
}

function settle(world: World, market: Market): void {
  const { symbol } = market.instrument;
  const atMs = market.nextFundingMs;
  const point = world.sources.get(symbol)?.fundingBetween(atMs, atMs).at(0);
  scheduleFunding(world, symbol, market, atMs);
  if (point !== undefined) settleFunding(world.state, market, point.rate);
}

function step(world: World, symbol: string): void {
  const cursor = world.cursors.get(symbol);
  const source = world.sources.get(symbol);
  const bar = cursor === undefined ? undefined : source?.bar(cursor.index);
  if (cursor === undefined || bar === undefined) return;
  const market = requireMarket(world.state, symbol);
  if (cursor.step === 0) openBar(market, cursor, bar);
  if (!market.held) {
    const mark = BigInt(pathTicks(bar, cursor.lowFirst, cursor.step)) * market.barUnits.tick;
    if (mark !== market.mark) moveMark(world.state, market, mark);
  }
  noteMark(market, cursor);
  cursor.step += 1;
  if (cursor.step <= STEPS_PER_BAR) return;
  if (cursor.live.touched) {
    const { open, high, low, close } = cursor.live;
    cursor.overrides.set(bar.openMs, { ...bar, open, high, low, close });
  }
  cursor.index += 1;
  cursor.step = 0;
}

/** The path of a bar is fixed when it opens: first the extreme that hurts the position of that moment. */
function openBar(market: Market, cursor: Cursor, bar: Bar): void {
  const { quantity } = market.position;
  cursor.lowFirst = quantity === 0n ? isLowFirstWhenFlat(bar) : quantity > 0n;
  const open = market.held ? ticksOf(market, market.mark) : bar.open;
  cursor.live = { open, high: open, low: open, close: open, touched: market.held };
}

function noteMark(market: Market, cursor: Cursor): void {
  const ticks = ticksOf(market, market.mark);
  const { live } = cursor;
  live.high = Math.max(live.high, ticks);
  live.low = Math.min(live.low, ticks);
  live.close = ticks;
}

/** Puts a symbol's mark where a test wants it and holds it there, with everything that a move of the mark causes. */
export function holdMark(world: World, symbol: string, mark: E8): void {
  const market = requireMarket(world.state, symbol);
  const cursor = world.cursors.get(symbol);
  market.held = true;
  moveMark(world.state, market, mark);
  world.state.changes.account = true;
  if (cursor === undefined) return;
  cursor.live.touched = true;
  noteMark(market, cursor);
}

/** Lets the tape move the mark again, from its next step on. */
export function releaseMark(world: World, symbol: string): void {
  const market = requireMarket(world.state, symbol);
  market.held = false;
  market.bookOffset = 0n;
  market.bookHalfSpread = 0n;
  market.levelNotional = market.instrument.levelNotional;
  world.state.changes.account = true;
}

/** Quote volume in USDT of a bar at its typical price. */
export function quoteVolume(market: Market, bar: Bar): E8 {
  const { tick, lot } = market.barUnits;
  const typical = BigInt(Math.round((bar.high + bar.low + bar.close) / 3)) * tick;
  return multiply(typical, BigInt(Math.round(bar.volume)) * lot);
}
