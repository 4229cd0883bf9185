import { at, type Breach } from '../breach.ts';
import { type History, isOwnersHandIn } from '../history.ts';
import { START_MS } from '../market.ts';
import type { Action } from '../plan.ts';

/**
 * From the end of a cut that has left something above its cap until the next one, ms: five seconds, two readings, and
 * some more.
 */
const AGAIN_WITHIN_MS = 15_000;
const UNIT = 1e-8;
const CAPS = /the tightened (symbol notional|gross notional|liquidation distance) cap/;

/** Who is told of a cut is told which cap it is for. */
export function findCutsUnnamed({ events }: History): readonly Breach[] {
  return events.flatMap(({ atMs, event }) =>
    event.kind === 'alert' && event.payload.code === 'POSITION_CUT' && !CAPS.test(event.payload.detail)
      ? [{ code: 'cut-unnamed', detail: `${event.payload.symbol} at ${at(atMs)}: ${event.payload.detail}` }]
      : [],
  );
}

/** A cut is not sized before the account was queried for what the gate's previous exit has left. */
export function findCutsUnread(history: History): readonly Breach[] {
  const breaches: Breach[] = [];
  let readAtMs = Number.NEGATIVE_INFINITY;
  for (const { atMs, event } of history.events) {
    if (event.kind === 'account') readAtMs = Math.max(readAtMs, event.payload.requested_at_ms - START_MS);
    if (event.kind !== 'exit_target' || event.payload.action !== 'opened' || event.payload.cause !== 'cut') continue;
    const { decision_id: id, symbol } = event.payload;
    const before = history.fills.findLast(
      (fill) =>
        fill.symbol === symbol &&
        fill.atMs < atMs &&
        // The daemon's clock is a moment off the venue's: its own fill may seem to come before its record.
        fill.order?.decision.rootId !== id &&
        fill.order?.decision.origin === 'gate' &&
        !fill.order.planned.protective,
    );
    if (before !== undefined && before.atMs > readAtMs)
      breaches.push({
        code: 'cut-twice',
        detail: `${symbol}: the gate closed ${before.quantityE8} at ${at(before.atMs)} and cuts again at ${at(atMs)} by a reading asked for at ${at(readAtMs)}`,
      });
  }
  return breaches;
}

/**
 * What a cut leaves above its cap is cut again in good time, whether it closed a part or nothing: the book was thin, or
 * the venue refused it. Of the cap of a symbol, which the books alone show.
 */
export function findCutsLeft(history: History): readonly Breach[] {
  const { decisions, endMs, events, fills, plan, world } = history;
  if (plan.steps.some(({ do: action }) => keepsFromCutting(action))) return [];
  const cuts = new Map<string, string>();
  const breaches: Breach[] = [];
  let cap = Number.POSITIVE_INFINITY;
  for (const [index, { atMs, event }] of events.entries()) {
    if (event.kind === 'policy' && event.payload.action === 'in_force') {
      const { name } = event.payload;
      cap =
        world.policies.find(({ policy }) => policy.spec.name === name)?.policy.spec.budgets.symbol_notional_usdt ?? cap;
    }
    if (event.kind !== 'exit_target') continue;
    const { decision_id: id } = event.payload;
    if (event.payload.action === 'opened') {
      if (event.payload.cause === 'cut') cuts.set(id, event.payload.symbol);
      continue;
    }
    const symbol = cuts.get(id);
    const untilMs = atMs + AGAIN_WITHIN_MS;
    if (symbol === undefined || untilMs > endMs || isOwnersHandIn(history, symbol)) continue;
    const later = events.slice(index).filter((note) => note.atMs <= untilMs);
    if (later.some((note) => note.event.kind === 'policy' || note.event.kind === 'state')) continue;
    const isAbove = (ms: number): boolean => {
      const held = fills.findLast((fill) => fill.symbol === symbol && fill.atMs <= ms)?.after ?? 0;
      return Math.abs(held) * UNIT * leastMark(history, symbol, atMs, untilMs) > cap * 1.05;
    };
    const isCut = [...decisions.values()].some(
      (decision) =>
        decision.origin === 'gate' && decision.symbol === symbol && decision.atMs > atMs && decision.atMs <= untilMs,
    );
    if (isAbove(atMs) && isAbove(untilMs) && !isCut)
      breaches.push({
        code: 'cut-left',
        detail: `${symbol}: ${id} ended at ${at(atMs)} (${event.payload.reason}, ${event.payload.filled_e8} closed), what is left is above the cap, and nothing more is cut by ${at(untilMs)}`,
      });
  }
  return breaches;
}

/** While nothing can be read or sent, or the operator has taken over, nothing is cut. */
function keepsFromCutting(action: Action): boolean {
  if (action.kind === 'fault') return action.fault.kind !== 'partial-fill';
  return /^(wire|trouble|crash|restart|away|state|flatten|halt_market)$/.test(action.kind);
}

/** The least that the mark was meanwhile. */
function leastMark({ world }: History, symbol: string, fromMs: number, untilMs: number): number {
  const marks = world.venue.marks.filter((mark) => mark.symbol === symbol && mark.atMs <= untilMs);
  const first = marks.findLastIndex(({ atMs }) => atMs <= fromMs);
  return Math.min(...marks.slice(Math.max(0, first)).map(({ mark }) => mark));
}
