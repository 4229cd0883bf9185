import type { StateEvent } from '../records/events.ts';
import type { GateViews } from './views.ts';

type Moved = Pick<StateEvent, 'clock_agrees' | 'clock_ahead_ms' | 'clock_set_back' | 'host_offset_ms'>;

/** Left over where a clock came back from where it had gone: what its synchronisation is off by. */
const NOTHING_MS = 1_000;

/**
 * What the record of a clock that moved does to the views, beside the time that has passed.
 *
 * @param wentMs by how much venue time went further ahead of that with this record
 */
export function noteClock(state: GateViews, event: Moved, atMs: number, wentMs: number): void {
  const aheadMs = event.clock_ahead_ms === undefined ? 0 : wentMs;
  if (event.clock_set_back === true) {
    state.latestEventAtMs = atMs;
    setBack(state, atMs);
  }
  const leftMs = state.clockAheadMs + aheadMs;
  state.clockAheadMs = event.clock_agrees === true || leftMs <= NOTHING_MS ? 0 : leftMs;
  // While the clock is ahead, what it is compared with is how both were before.
  if (state.clockAheadMs === 0 && event.host_offset_ms !== undefined) state.hostOffsetMs = event.host_offset_ms;
}

/**
 * The clock was set back to `nowMs`: what lies after it has happened by now. RISK: left in the future, days of accounts
 * would leave what is lost meanwhile out of today, and no alert would go out until time has caught up.
 */
function setBack(state: GateViews, nowMs: number): void {
  state.accounts.setBack(nowMs);
  state.outbox.setBack(nowMs);
}
