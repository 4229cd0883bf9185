import type { StateEvent } from '../events.ts';
import { type LayerEntry, layerKey } from './layers.ts';
import type { OrderState } from './orders.ts';
import type { PositionState } from './positions.ts';
import type { Redate } from './redate.ts';
import type { GateViews } from './views.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
type Moved = Pick<StateEvent, 'clock_agrees' | 'clock_ahead_ms' | 'clock_set_back' | 'host_offset_ms'>;

/** Left over where a clock came back from where it had gone: what its synchronisation is off by. */
const NOTHING_MS = 1_000;

/**
 * What the record of a clock that moved does to the views. RISK: a window that is measured by a clock that went ahead is
 * over at once, and forgets what it held before anybody sets that clock right. Whatever bounds risk ages by the time that
 * has passed, and not by what a clock says: it goes ahead with the clock, and comes back with it.
 */
export function noteClock(state: GateViews, event: Moved, atMs: number): void {
  const aheadMs = event.clock_ahead_ms ?? 0;
  const isSetBack = event.clock_set_back === true;
  if (aheadMs !== 0 || isSetBack) {
    if (aheadMs > 0) state.clockAheadFromMs = state.latestEventAtMs;
    const redate: Redate = (dateMs) => Math.min(dateMs + aheadMs, isSetBack ? atMs : Number.POSITIVE_INFINITY);
    redateWindows(state, redate);
    state.signals.putOff(aheadMs);
    redateLayers(state, redate);
  }
  if (isSetBack) {
    state.latestEventAtMs = atMs;
    setBack(state, atMs);
  }
  const leftMs = state.clockAheadMs + aheadMs;
  state.clockAheadMs = event.clock_agrees === true || leftMs <= NOTHING_MS ? 0 : leftMs;
  // While the clock is ahead, what it is compared with is how both were before.
  if (state.clockAheadMs === 0 && event.host_offset_ms !== undefined) state.hostOffsetMs = event.host_offset_ms;
}

/** Where what the venue dates lies among what the gate dates: all that was before the clock went ahead went with it. */
export function sinceJump({ clockAheadFromMs, clockAheadMs }: GateViews, atVenueMs: number): number {
  return clockAheadMs > 0 && atVenueMs <= clockAheadFromMs ? atVenueMs + clockAheadMs : atVenueMs;
}

/** What is dated by the gate itself, and what it decides by. */
function redateWindows(state: GateViews, redate: Redate): void {
  for (const order of state.orders.all.values()) redateOrder(order, redate);
  const { approvals, claims, equity, lives, orders, pacing, passkeys, requestRecords, requests } = state;
  for (const part of [approvals, claims, equity, lives, orders.ended, pacing, passkeys]) part.redate(redate);
  for (const part of [requestRecords, requests]) part.redate(redate);
  for (const { release } of state.positions.values())
    if (release !== null) release.untilMs = redateKnown(release.untilMs, redate);
}

/** What was set ends as long after now as it would have. */
function redateLayers({ layers, pacing }: GateViews, redate: Redate): void {
  const of = (entry: LayerEntry | undefined): number =>
    entry === undefined ? 0 : redate(entry.sinceMs) - entry.sinceMs;
  for (const [agent, breaker] of pacing.breakers) {
    const entry = layers.get(layerKey('breaker', 'agent', agent));
    if (entry?.clearsAtMs === breaker.untilMs) breaker.untilMs += of(entry);
    else if (breaker.untilMs !== Number.MAX_SAFE_INTEGER) breaker.untilMs = redate(breaker.untilMs);
  }
  for (const [key, entry] of [...layers]) {
    const clearsAtMs = entry.clearsAtMs === null ? null : entry.clearsAtMs + of(entry);
    layers.set(key, { ...entry, sinceMs: redate(entry.sinceMs), clearsAtMs });
  }
}

/**
 * The clock was set back to `nowMs`: what lies after it has happened by now. RISK: left in the future it would hold
 * things up until time has caught up: exits for their rate, cuts and stops for the last one, readings of the account
 * for being older than what is known. What the venue dates stays as the venue dates it otherwise.
 */
function setBack(state: GateViews, nowMs: number): void {
  if (state.account !== null && state.account.requested_at_ms > nowMs)
    state.account = { ...state.account, requested_at_ms: nowMs };
  for (const order of state.orders.all.values())
    (order as Mutable<OrderState>).updatedAtMs = Math.min(order.updatedAtMs, nowMs);
  for (const position of state.positions.values()) setBackPosition(position, nowMs);
  state.accounts.setBack(nowMs);
  state.outbox.setBack(nowMs);
}
function redateOrder(order: Mutable<OrderState>, redate: Redate): void {
  const plannedAtMs = redate(order.plannedAtMs);
  order.dueAtMs += plannedAtMs - order.plannedAtMs;
  if (order.lapsesAtMs !== null) order.lapsesAtMs += plannedAtMs - order.plannedAtMs;
  order.plannedAtMs = plannedAtMs;
  order.sentAtMs = redateKnown(order.sentAtMs, redate);
  order.acknowledgedAtMs = redateKnown(order.acknowledgedAtMs, redate);
  order.sentByMs = redateKnown(order.sentByMs, redate);
  order.untoldAtMs = redateKnown(order.untoldAtMs, redate);
  order.amendSentByMs = redateKnown(order.amendSentByMs, redate);
}

function setBackPosition(position: PositionState, nowMs: number): void {
  position.lastFillAtMs = Math.min(position.lastFillAtMs, nowMs);
  position.sinceMs = earlier(position.sinceMs, nowMs);
  position.disputedSinceMs = earlier(position.disputedSinceMs, nowMs);
  position.readAtMs = earlier(position.readAtMs, nowMs);
  for (const [i, fill] of position.fills.entries()) if (fill.atMs > nowMs) position.fills[i] = { ...fill, atMs: nowMs };
  const own = position.ownLeverage;
  if (own !== null && own.confirmedAtMs > nowMs) position.ownLeverage = { ...own, confirmedAtMs: nowMs };
}

function redateKnown(atMs: number | null, redate: Redate): number | null {
  return atMs === null ? null : redate(atMs);
}
function earlier(atMs: number | null, nowMs: number): number | null {
  return atMs === null ? null : Math.min(atMs, nowMs);
}
