import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RequestRecords } from '../../../daemon/engine/callers/requests.ts';
import { forAll } from '../../for-all.ts';

const T0 = 1_740_960_000_000;
const HOUR_MS = 3_600_000;
const rejected = { agent: 'alice', origin: 'agent', paths: [''], tool: 'place_order' } as const;

describe('records of calls without an effect', () => {
  const count = (records: RequestRecords, nowMs: number, windowMs = 60_000, agent = 'alice') =>
    records.count('rejected', { origin: 'agent', agent }, nowMs, windowMs);

  it('count in a sliding window, never too few and at most a second too many', () => {
    const instants = fc.array(fc.nat(200_000), { maxLength: 80 }).map((each) => each.sort((a, b) => a - b));
    forAll([instants, fc.integer({ min: 1_000, max: 100_000 })], { seed: 48, numRuns: 300 }, (sorted, windowMs) => {
      const records = new RequestRecords();
      for (const at of sorted) records.noteRejected(rejected, T0 + at);
      const now = T0 + (sorted.at(-1) ?? 0);
      const within = (ms: number): number => sorted.filter((at) => T0 + at > now - ms).length;
      const found = count(records, now, windowMs).records;
      assert.ok(found >= within(windowMs) && found <= within(windowMs + 1_000), `${found}`);
    });
  });

  it('say when the oldest of them leaves', () => {
    const records = new RequestRecords();
    records.noteRejected(rejected, T0 + 500);
    records.noteRejected(rejected, T0 + 30_000);
    const { freeAtMs } = count(records, T0 + 30_000);
    assert.equal(freeAtMs, T0 + 61_000);
    assert.equal(count(records, T0 + 60_999).records, 2);
    assert.equal(count(records, T0 + 61_000).records, 1);
    assert.deepEqual(count(records, T0 + 91_000), { records: 0, freeAtMs: null });
  });

  it('are of one sender each, and older ones without an origin are of an agent', () => {
    const records = new RequestRecords();
    records.noteRejected({ agent: 'alice', paths: [], tool: 'cancel_all' }, T0);
    records.noteRejected({ ...rejected, agent: 'bob' }, T0);
    records.noteRejected({ ...rejected, origin: 'operator' }, T0);
    assert.equal(count(records, T0).records, 1);
    assert.equal(records.count('rejected', { origin: 'operator', agent: 'alice' }, T0, 60_000).records, 1);
    assert.equal(records.count('refusals', { origin: 'agent', agent: 'alice' }, T0, 60_000).records, 0);
  });

  it('are forgotten by the longest window, however many seconds had one', () => {
    const records = new RequestRecords();
    for (let i = 0; i < 10_000; i += 1) records.noteRejected(rejected, T0 + i * 1_000);
    assert.equal(count(records, T0 + 9_999_000, HOUR_MS).records, 3_601, 'and a second too many');
  });
});
