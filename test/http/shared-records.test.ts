import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SharedRecords } from '../../daemon/http/streams/shared-records.ts';
import { forAll } from '../for-all.ts';

function makeSource() {
  const asked: [fromSeq: number, limit: number][] = [];
  let lastSeq = 0;
  let reported = 0;
  return {
    asked,
    get reported() {
      return reported;
    },
    append: (count: number) => {
      lastSeq += count;
    },
    source: {
      lastSeq: () => lastSeq,
      onCommitted: () => () => undefined,
      read: (fromSeq: number, limit: number) => {
        asked.push([fromSeq, limit]);
        const count = Math.max(0, Math.min(limit, lastSeq - fromSeq + 1));
        reported += count;
        return Array.from({ length: count }, (_, i) => {
          const seq = fromSeq + i;
          return { seq, at_ms: seq, kind: 'alert', payload: { seq, filler: 'x'.repeat(seq % 50) } };
        });
      },
    },
  };
}

test('what three streams read at the end of the ledger is read and written once', () => {
  const made = makeSource();
  const records = new SharedRecords(made.source);
  const places = [1, 1, 1];
  for (let commit = 0; commit < 400; commit += 1) {
    made.append(1);
    for (const [i, from] of places.entries()) {
      const page = records.read(from, 100);
      assert.deepEqual(
        page.map(({ event }) => event.seq),
        [commit + 1],
      );
      assert.match(page[0]?.text() ?? '', new RegExp(`^id: ${commit + 1}\\nevent: alert\\ndata: \\{.*\\}\\n\\n$`));
      places[i] = from + 1;
    }
  }
  assert.equal(made.reported, 400, 'each record once, for all three');
  assert.equal(made.asked.length, 400);
});

test('whoever reads from wherever, in whatever order: every record once, without gaps, and no more than asked for', () => {
  forAll(
    [
      fc.array(
        fc.record({
          reader: fc.integer({ min: 0, max: 3 }),
          grow: fc.integer({ min: 0, max: 700 }),
          limit: fc.integer({ min: 1, max: 100 }),
        }),
        { maxLength: 60 },
      ),
    ],
    { numRuns: 200, seed: 20 },
    (steps) => {
      const made = makeSource();
      const records = new SharedRecords(made.source);
      // Two begin with the first record, two with the next one, as a console does.
      const places: (number | null)[] = [1, 1, null, null];
      let last = 0;
      for (const { grow, limit, reader } of steps) {
        made.append(grow);
        last += grow;
        const from = places[reader] ?? last - grow + 1;
        const page = records.read(from, limit);
        const due = Math.max(0, Math.min(limit, last - from + 1));
        assert.deepEqual(
          page.map(({ event }) => event.seq),
          Array.from({ length: due }, (_, i) => from + i),
        );
        for (const { event, text } of page.map((record) => ({ event: record.event, text: record.text() })))
          assert.ok(text.includes(`"payload":{"seq":${event.seq},`));
        places[reader] = from + page.length;
      }
    },
  );
});
