import { layerKey } from './layers.ts';
import type { OrderState } from './orders.ts';
import type { PositionState } from './positions.ts';
import { setBackFills } from './shares.ts';
import type { GateViews } from './views.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The clock was set back to `nowMs`: what lies after it has happened by now. RISK: left in the future it would hold
 * things up until time has caught up: exits for their rate, cuts and stops for the last one, readings of the account
 * for being older than what is known. What bounds risk counts from now on, so that no window is shorter for it.
 */
export function setBack(state: GateViews, nowMs: number): void {
  if (state.account !== null && state.account.requested_at_ms > nowMs)
    state.account = { ...state.account, requested_at_ms: nowMs };
  for (const order of state.orders.all.held.values()) setBackOrder(order, nowMs);
  state.orders.ended.setBack(nowMs);
  state.targets.setBack(nowMs);
  state.displaced.setBack(nowMs);
  for (const position of state.positions.values()) setBackPosition(position, nowMs);
  state.pacing.setBack(nowMs);
  state.requests.setBack(nowMs);
  state.approvals.setBack(nowMs);
  state.requestRecords.setBack(nowMs);
  state.equity.setBack(nowMs);
  state.lives.setBack(nowMs);
  state.accounts.setBack(nowMs);
  state.outbox.setBack(nowMs);
  state.passkeys.setBack(nowMs);
  setBackLayers(state, nowMs);
}

function setBackOrder(order: Mutable<OrderState>, nowMs: number): void {
  order.dueAtMs -= Math.max(0, order.plannedAtMs - nowMs);
  order.plannedAtMs = Math.min(order.plannedAtMs, nowMs);
  order.updatedAtMs = Math.min(order.updatedAtMs, nowMs);
  order.sentAtMs = earlier(order.sentAtMs, nowMs);
  order.acknowledgedAtMs = earlier(order.acknowledgedAtMs, nowMs);
  order.sentByMs = earlier(order.sentByMs, nowMs);
  order.untoldAtMs = earlier(order.untoldAtMs, nowMs);
  order.amendSentByMs = earlier(order.amendSentByMs, nowMs);
}

function setBackPosition(position: PositionState, nowMs: number): void {
  position.lastFillAtMs = Math.min(position.lastFillAtMs, nowMs);
  position.sinceMs = earlier(position.sinceMs, nowMs);
  position.disputedSinceMs = earlier(position.disputedSinceMs, nowMs);
  position.readAtMs = earlier(position.readAtMs, nowMs);
  setBackFills(position, nowMs);
  const own = position.ownLeverage;
  if (own !== null && own.confirmedAtMs > nowMs) position.ownLeverage = { ...own, confirmedAtMs: nowMs };
}

/** What was set under the wrong clock ends as long after now as it would have after that. */
function setBackLayers({ layers, pacing }: GateViews, nowMs: number): void {
  for (const entry of [...layers.values()]) {
    if (entry.sinceMs <= nowMs) continue;
    const clearsAtMs = entry.clearsAtMs === null ? null : entry.clearsAtMs - (entry.sinceMs - nowMs);
    layers.set(layerKey(entry.layer, entry.scope, entry.name), { ...entry, sinceMs: nowMs, clearsAtMs });
    const breaker =
      entry.layer === 'breaker' && entry.scope === 'agent' ? pacing.breakers.get(entry.name ?? '') : undefined;
    if (breaker !== undefined && clearsAtMs !== null) breaker.untilMs = clearsAtMs;
  }
}

function earlier(atMs: number | null, nowMs: number): number | null {
  return atMs === null ? null : Math.min(atMs, nowMs);
}
