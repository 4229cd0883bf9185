import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Counts, judgeSoak, type Queues, type Sample } from '../../scripts/soak/judge.ts';

const MINUTES = 10;
const PLANNED = 3_000;
const COUNTS: Counts = { permitted: PLANNED, refused: 600, reads: 600, others: [] };
const MB = 1 << 20;

/** Ten minutes of a process that holds what it held: noise, and a first minute in which it grows. */
function play(change: (sample: Sample, minute: number) => Partial<Sample> = () => ({})): readonly Sample[] {
  return Array.from({ length: MINUTES * 12 }, (_, i) => {
    const minute = i / 12;
    const warm = Math.min(1, minute);
    const sample: Sample = {
      at_ms: i * 5_000,
      rss: (150 + 30 * warm + (i % 3)) * MB,
      heap: (60 + 10 * warm + (i % 2)) * MB,
      external: 5 * MB,
      resources: { Timeout: 20 + (i % 3), TCPSocketWrap: 6 + (i % 2) },
      pause_p999_ms: 8,
    };
    return { ...sample, ...change(sample, minute) };
  });
}
const queues = (growth = 0): readonly Queues[] =>
  Array.from({ length: MINUTES * 12 }, (_, i) => ({
    at_ms: i * 5_000,
    open_orders: (i % 2) + Math.floor((growth * i) / 12),
    unknown_orders: 0,
  }));

describe('the judge of a soak', () => {
  test('passes a process that holds what it held', () => {
    assert.deepEqual(judgeSoak(play(), queues(), COUNTS, PLANNED).broken, []);
  });

  const CASES: readonly (readonly [string, () => ReturnType<typeof judgeSoak>, RegExp])[] = [
    [
      'resident memory that grows by 1 % a minute',
      () =>
        judgeSoak(
          play(({ rss }, minute) => ({ rss: rss * (1 + 0.01 * minute) })),
          queues(),
          COUNTS,
          PLANNED,
        ),
      /^resident memory grew/,
    ],
    [
      'a heap that grows by 4 % a minute',
      () =>
        judgeSoak(
          play(({ heap }, minute) => ({ heap: heap * (1 + 0.04 * minute) })),
          queues(),
          COUNTS,
          PLANNED,
        ),
      /^the heap grew/,
    ],
    [
      'one timer more a minute',
      () =>
        judgeSoak(
          play((_, minute) => ({ resources: { Timeout: 20 + Math.floor(minute) } })),
          queues(),
          COUNTS,
          PLANNED,
        ),
      /^Timeout grew/,
    ],
    [
      'a handle of a kind that was not there before',
      () =>
        judgeSoak(
          play(({ resources }, minute) => ({ resources: { ...resources, FSReqCallback: Math.floor(minute) } })),
          queues(),
          COUNTS,
          PLANNED,
        ),
      /^FSReqCallback grew/,
    ],
    ['a queue of orders', () => judgeSoak(play(), queues(1), COUNTS, PLANNED), /^open_orders grew/],
    [
      'orders that were not permitted',
      () => judgeSoak(play(), queues(), { ...COUNTS, permitted: 2_000 }, PLANNED),
      /2000 of/,
    ],
    ['no reads', () => judgeSoak(play(), queues(), { ...COUNTS, reads: 0 }, PLANNED), /no refusals or no reads/],
    [
      'an answer of another kind',
      () => judgeSoak(play(), queues(), { ...COUNTS, others: ['500 x'] }, PLANNED),
      /500 x/,
    ],
    ['too few samples', () => judgeSoak(play().slice(0, 14), queues(), COUNTS, PLANNED), /only 2 samples/],
    ['no samples', () => judgeSoak([], [], COUNTS, PLANNED), /only 0 samples/],
  ];
  for (const [what, judged, expected] of CASES)
    test(`names ${what}`, () => {
      const { broken } = judged();
      assert.ok(
        broken.some((why) => expected.test(why)),
        broken.join('\n'),
      );
    });
});
