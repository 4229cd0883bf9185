import type { Market } from '../core/state.ts';
import { type Bar, type BarSource, isLowFirstWhenFlat, pathTicks, STEPS_PER_BAR } from './bars.ts';
import type { Cursor, World } from './world.ts';

const MINUTE = 60_000;

/** Bar lengths of klines, in milliseconds. */
export const INTERVALS: ReadonlyMap<string, number> = new Map([
  ['1m', MINUTE],
  ['3m', 3 * MINUTE],
  ['5m', 5 * MINUTE],
  ['15m', 15 * MINUTE],
  ['30m', 30 * MINUTE],
  ['1h', 60 * MINUTE],
  ['2h', 120 * MINUTE],
  ['4h', 240 * MINUTE],
  ['6h', 360 * MINUTE],
  ['8h', 480 * MINUTE],
  ['12h', 720 * MINUTE],
  ['1d', 1440 * MINUTE],
  ['3d', 4320 * MINUTE],
  ['1w', 10_080 * MINUTE],
]);

export interface KlineQuery {
  readonly intervalMs: number;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly limit: number;
}

/** The bar at an index as an observer at the world's instant sees it: closed, running, or not there yet. */
function seenBar(source: BarSource, cursor: Cursor, index: number): Bar | undefined {
  const bar = source.bar(index);
  if (bar === undefined) return undefined;
  const running = cursor.step === 0 ? cursor.index - 1 : cursor.index;
  if (index > running) return undefined;
  if (index === running && cursor.step !== 0) {
    const { open, high, low, close } = cursor.live;
    return { ...bar, open, high, low, close, volume: Math.round((bar.volume * (cursor.step - 1)) / STEPS_PER_BAR) };
  }
  return cursor.overrides.get(bar.openMs) ?? bar;
}

/** Bars in ticks and lots at the asked length, oldest first, at most `limit`; the last one may be running. */
export function buildKlines(world: World, market: Market, query: KlineQuery): readonly Bar[] | undefined {
  const { symbol } = market.instrument;
  const source = world.sources.get(symbol);
  const cursor = world.cursors.get(symbol);
  if (source === undefined || cursor === undefined) return [];
  const { intervalMs } = query;
  if (intervalMs % source.barMs === 0) return mergeBars(source, cursor, query, world.state.nowMs);
  if (source.barMs % intervalMs === 0) return splitBars(source, cursor, query, world.state.nowMs);
  return undefined;
}

function range(query: KlineQuery, nowMs: number): { from: number; to: number; newestFirst: boolean } {
  const to = Math.min(query.toMs ?? nowMs, nowMs);
  const isOpenStart = query.fromMs === undefined;
  const from = query.fromMs ?? to - query.limit * query.intervalMs;
  return { from: Math.max(0, from), to, newestFirst: isOpenStart };
}

function cut(bars: readonly Bar[], query: KlineQuery, newestFirst: boolean): readonly Bar[] {
  return newestFirst ? bars.slice(-query.limit) : bars.slice(0, query.limit);
}

function mergeBars(source: BarSource, cursor: Cursor, query: KlineQuery, nowMs: number): readonly Bar[] {
  const { intervalMs } = query;
  const { from, to, newestFirst } = range(query, nowMs);
  const merged: Bar[] = [];
  // An open start needs `limit` bars that exist, not a span of time: a tape may have gaps.
  let index = newestFirst
    ? Math.max(0, source.indexAt(to) - (query.limit + 1) * (intervalMs / source.barMs))
    : Math.max(0, source.indexAt(Math.ceil(from / intervalMs) * intervalMs - 1) + 1);
  for (; ; index++) {
    const bar = seenBar(source, cursor, index);
    if (bar === undefined) break;
    const openMs = Math.floor(bar.openMs / intervalMs) * intervalMs;
    if (openMs > to || (!newestFirst && merged.length > query.limit)) break;
    const last = merged.at(-1);
    if (last === undefined || last.openMs !== openMs) merged.push({ ...bar, openMs });
    else merged[merged.length - 1] = join(last, bar);
  }
  return cut(merged, query, newestFirst);
}

function join(a: Bar, b: Bar): Bar {
  return {
    openMs: a.openMs,
    open: a.open,
    high: Math.max(a.high, b.high),
    low: Math.min(a.low, b.low),
    close: b.close,
    volume: a.volume + b.volume,
  };
}

/** Shorter bars than the tape has: cut from the path that the mark walks; the volume is spread evenly. */
function splitBars(source: BarSource, cursor: Cursor, query: KlineQuery, nowMs: number): readonly Bar[] {
  const { intervalMs } = query;
  const { from, to, newestFirst } = range(query, nowMs);
  const parts = source.barMs / intervalMs;
  const result: Bar[] = [];
  const lastIndex = source.indexAt(to);
  const needed = Math.ceil(query.limit / parts) + 1;
  const start = newestFirst ? Math.max(0, lastIndex - needed) : Math.max(0, source.indexAt(from));
  for (let index = start; index <= lastIndex && (newestFirst || result.length < query.limit); index++) {
    const walk = seenWalk(source, cursor, index);
    if (walk === undefined) break;
    for (let part = 0; part < parts; part++) {
      const openMs = walk.bar.openMs + part * intervalMs;
      const bar = cutPart(walk, openMs, part, parts);
      if (openMs > to || bar === undefined) break;
      if (newestFirst || openMs >= from) result.push(bar);
    }
  }
  return cut(result, query, newestFirst);
}

/** The marks of a bar as far as they have been walked; index 0 is the open. */
interface Walk {
  readonly bar: Bar;
  readonly marks: readonly number[];
}

function seenWalk(source: BarSource, cursor: Cursor, index: number): Walk | undefined {
  const bar = source.bar(index);
  const seen = seenBar(source, cursor, index);
  if (bar === undefined || seen === undefined) return undefined;
  const isLast = index === (cursor.step === 0 ? cursor.index - 1 : cursor.index);
  const lowFirst = isLast ? cursor.lowFirst : isLowFirstWhenFlat(bar);
  const walked = isLast && cursor.step !== 0 ? cursor.step - 1 : STEPS_PER_BAR;
  const isHeld = cursor.overrides.has(bar.openMs) || (isLast && cursor.live.touched);
  // Of a bar whose mark was held only the last mark is known, not the instants of the others.
  const mark = (step: number) => (isHeld ? seen.close : pathTicks(bar, lowFirst, step));
  return { bar, marks: Array.from({ length: walked + 1 }, (_, step) => mark(step)) };
}

function cutPart(walk: Walk, openMs: number, part: number, parts: number): Bar | undefined {
  const first = Math.floor((part * STEPS_PER_BAR) / parts);
  const last = Math.max(first + 1, Math.floor(((part + 1) * STEPS_PER_BAR) / parts));
  const marks = walk.marks.slice(first, last + 1);
  const [open, close] = [marks[0], marks.at(-1)];
  if (open === undefined || close === undefined) return undefined;
  const volume = Math.floor(walk.bar.volume / parts);
  return { openMs, open, high: Math.max(...marks), low: Math.min(...marks), close, volume };
}
