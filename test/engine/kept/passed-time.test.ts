import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PassedTime } from '../../../daemon/engine/kept/passed-time.ts';
import type { GateEvent } from '../../../daemon/engine/records/events.ts';
import type { StateEvent } from '../../../daemon/engine/records/people-events.ts';
import { GateState } from '../../../daemon/engine/state/gate-state.ts';
import { forAll } from '../../for-all.ts';
import { T0 } from '../fold-fixture.ts';

const HOUR = 3_600_000;
const STATE: StateEvent = {
  clears_at_ms: null,
  clears_when: '',
  layer: 'boot',
  name: null,
  reason: '',
  scope: 'account',
  set_by: 'daemon',
  state: 'reducing',
};
const alert = (atMs: number): GateEvent => ({
  kind: 'alert',
  seq: 1,
  at_ms: atMs,
  payload: { code: 'T', detail: '', symbol: null },
});
const clock = (atMs: number, more: Partial<StateEvent>): GateEvent => ({
  kind: 'state',
  seq: 1,
  at_ms: atMs,
  payload: { ...STATE, ...more },
});
function fold(...events: readonly GateEvent[]): PassedTime {
  const time = new PassedTime();
  for (const event of events) time.note(event);
  return time;
}

describe('the time that has passed', () => {
  it('is venue time, as long as no clock jumps', () => {
    const time = fold(alert(T0), clock(T0 + 5, { t_ms: T0 + 5 }), alert(T0 + 1_000));
    assert.deepEqual([time.tMs, time.atNow(T0 + 1_500), time.of(T0 + 700)], [T0 + 1_000, T0 + 1_500, T0 + 700]);
  });

  it('goes on by what a record says after a jump, ahead or back', () => {
    const ahead = [alert(T0), clock(T0 + HOUR + 500, { t_ms: T0 + 500 }), alert(T0 + HOUR + 700)];
    const time = fold(...ahead);
    assert.deepEqual([time.tMs, time.venueMs(time.tMs)], [T0 + 700, T0 + HOUR + 700]);
    assert.equal(time.of(T0 - 100), T0 - 100, 'what the venue had dated before it jumped');
    assert.equal(time.of(T0 + HOUR + 600), T0 + 600);
    const back = fold(...ahead, clock(T0 + 900, { t_ms: T0 + 900 }), alert(T0 + 950));
    assert.deepEqual([back.tMs, back.venueMs(back.tMs)], [T0 + 950, T0 + 950]);
  });

  it('follows from the jumps on record where an older daemon wrote them', () => {
    const ahead = [alert(T0), clock(T0 + HOUR + 500, { clock_ahead_ms: HOUR }), alert(T0 + HOUR + 700)];
    assert.equal(fold(...ahead).tMs, T0 + 700);
    assert.equal(fold(...ahead, clock(T0 + 900, { clock_ahead_ms: -HOUR, clock_set_back: true })).tMs, T0 + 900);
    const wrong = [alert(T0), alert(T0 + HOUR), clock(T0 + 10, { clock_set_back: true }), alert(T0 + 30)];
    assert.equal(fold(...wrong).tMs, T0 + HOUR + 20, 'no jump was noticed: it goes on from where it was');
  });

  it('stands still with records that the clock of the host dates', () => {
    const arming = { kind: 'arming', seq: 1, at_ms: T0 + HOUR, payload: {} } as unknown as GateEvent;
    const early = clock(T0 + HOUR, { layer: 'operator', t_ms: T0 });
    assert.deepEqual(fold(alert(T0), arming, early).tMs, T0);
    assert.equal(fold(alert(T0), early, alert(T0 + 10)).tMs, T0 + 10, 'and the next one goes on as before');
  });

  it('never goes back, whatever is on record', () => {
    const drawn = fc.record({
      atMs: fc.integer({ min: 0, max: 10 }),
      more: fc.oneof(
        fc.constant(null),
        fc.record({ t_ms: fc.integer({ min: 0, max: 10 }) }),
        fc.record({ clock_ahead_ms: fc.integer({ min: -5, max: 5 }) }),
        fc.constant({ clock_set_back: true as const }),
      ),
    });
    forAll([fc.array(drawn)], { seed: 3, numRuns: 500 }, (events) => {
      const time = new PassedTime();
      for (const { atMs, more } of events) {
        const before = time.tMs;
        time.note(more === null ? alert(atMs) : clock(atMs, more));
        assert.ok(time.tMs >= before && time.atNow(atMs) >= time.tMs);
      }
    });
  });

  it('is what a layer ends by', () => {
    const state = new GateState();
    state.apply(alert(T0));
    state.apply(clock(T0 + 1, { clears_at_ms: T0 + HOUR, layer: 'breaker', scope: 'agent', name: 'alice' }));
    state.apply(clock(T0 - 5 * HOUR, { t_ms: T0 + 10 }));
    const layer = state.layers.get('breaker|agent|alice');
    assert.equal(layer?.clearsAtMs, T0 + HOUR);
    assert.equal(state.time.venueMs(layer?.clearsAtMs ?? 0), T0 - 4 * HOUR - 10);
  });
});
