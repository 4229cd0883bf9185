import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyLotRecord, createLotBook, type LotBook, lotsIn } from '../../daemon/engine/book/lot-book.ts';
import type { LotOrder, LotRecord, Lots } from '../../daemon/engine/words.ts';
import { BTC, exit, of, order, reading } from './lot-fixture.ts';

const MINUTE = 60_000;
/** What is told within this time is told before anything is summed up. */
const LATE_MS = 9 * MINUTE;

interface Draw {
  readonly kind: 'open' | 'short' | 'exit' | 'cut' | 'operator' | 'hand' | 'reading' | 'given';
  readonly lots: number;
  /** Of the trades, one after the other. */
  readonly split: number;
  readonly gapMs: number;
  /** From the fill until its trade, and until its report, is told. */
  readonly tradeLateMs: number;
  readonly reportLateMs: number;
  /** It is reported at once, and its trades are read much later than anything is summed up. */
  readonly isReadLate: boolean;
}
const DRAW: fc.Arbitrary<Draw> = fc.record({
  kind: fc.constantFrom('open', 'open', 'open', 'short', 'exit', 'exit', 'cut', 'operator', 'hand', 'reading', 'given'),
  lots: fc.integer({ min: 1, max: 9 }),
  split: fc.integer({ min: 1, max: 3 }),
  gapMs: fc.constantFrom(0, 1, 50, 3_000, MINUTE, 7 * MINUTE),
  tradeLateMs: fc.integer({ min: 0, max: LATE_MS }),
  reportLateMs: fc.integer({ min: 0, max: LATE_MS }),
  isReadLate: fc.constantFrom(false, false, false, true),
});
interface Dated {
  readonly reportedMs: number;
  readonly record: LotRecord;
}

/** What happened, as records with the time at which each is told; orders come before what is told of them. */
function history(draws: readonly Draw[]): {
  readonly orders: readonly LotRecord[];
  readonly reported: readonly Dated[];
} {
  const orders: LotRecord[] = [];
  const reported: Dated[] = [];
  let [atMs, number] = [0, 0];
  for (const [index, draw] of draws.entries()) {
    atMs += draw.gapMs;
    const seq = index + 1;
    if (draw.kind === 'reading') reported.push({ reportedMs: atMs, record: reading(draw.lots, atMs, atMs, seq) });
    if (draw.kind === 'given')
      reported.push({ reportedMs: atMs, record: { kind: 'given', symbol: BTC, owner: 'bob', atMs } });
    const placed = orderOf(draw, seq);
    if (placed === null) continue;
    orders.push({ kind: 'ordered', order: placed });
    let executed = 0;
    for (let part = 0; part < draw.split; part += 1) {
      number += 1;
      executed += draw.lots;
      const trade = { kind: 'traded', id: placed.id, lots: draw.lots, atMs, number } as const;
      reported.push({ reportedMs: atMs + draw.tradeLateMs + (draw.isReadLate ? 60 * MINUTE : 0), record: trade });
      const reportedMs = draw.isReadLate ? atMs : atMs + draw.reportLateMs;
      reported.push({
        reportedMs: reportedMs,
        record: { kind: 'reported', id: placed.id, executed, atMs: reportedMs },
      });
    }
  }
  return { orders, reported };
}
function orderOf({ kind }: Draw, seq: number): LotOrder | null {
  const id = `o-${seq}`;
  switch (kind) {
    case 'open':
      return order(id, { seq });
    case 'short':
      return order(id, { seq, side: 'sell', opens: true });
    case 'exit':
      // Of before what was opened last.
      return exit(id, { seq: seq - 2 });
    case 'cut':
      return exit(id, of('gate', 'sell', { seq }));
    case 'operator':
      return exit(id, of('operator', 'sell', { seq }));
    case 'hand':
      return order(id, of('person', seq % 2 === 0 ? 'buy' : 'sell', { seq }));
    default:
      return null;
  }
}

function bookOf(orders: readonly LotRecord[], reported: readonly LotRecord[], keepMs?: number): LotBook {
  const book = createLotBook(keepMs);
  for (const record of [...orders, ...reported]) applyLotRecord(book, record);
  return book;
}
const partsOf = ({ batches, owed }: Lots): unknown => ({ batches, owed });
const recordsOf = (reported: readonly Dated[]): readonly LotRecord[] => reported.map(({ record }) => record);
const inOrder = (reported: readonly Dated[]): readonly Dated[] =>
  [...reported].sort((a, b) => a.reportedMs - b.reportedMs);

test('the order in which records arrive does not matter', () => {
  const ranks = fc.array(fc.double({ noNaN: true }), { minLength: 200, maxLength: 200 });
  fc.assert(
    fc.property(fc.array(DRAW, { maxLength: 60, size: 'max' }), ranks, (draws, rank) => {
      const { orders, reported } = history(draws);
      const shuffled = reported.map((dated, index) => ({ dated, at: rank[index % rank.length] ?? 0 }));
      shuffled.sort((a, b) => a.at - b.at);
      const one = bookOf(orders, recordsOf(inOrder(reported)), Number.POSITIVE_INFINITY);
      const other = bookOf(orders, recordsOf(shuffled.map(({ dated }) => dated)), Number.POSITIVE_INFINITY);
      assert.deepEqual(partsOf(lotsIn(other, BTC)), partsOf(lotsIn(one, BTC)));
    }),
    { numRuns: 150 },
  );
});

/** Trades are read an hour late that lie before others of the same instant. */
const SAME_INSTANT = -1335836529;

for (const parameters of [{ numRuns: 100 }, { numRuns: 60, seed: SAME_INSTANT }])
  test(`a book that sums up what is old holds what one does that keeps everything (${Object.keys(parameters).join(', ')})`, () => {
    let summedUp = 0;
    fc.assert(
      fc.property(fc.array(DRAW, { minLength: 40, maxLength: 120 }), (draws) => {
        const { orders, reported } = history(draws);
        const records = recordsOf(inOrder(reported));
        const [summed, kept] = [createLotBook(), createLotBook(Number.POSITIVE_INFINITY)];
        for (const record of [...orders, ...records]) {
          for (const book of [summed, kept]) applyLotRecord(book, record);
          assert.deepEqual(partsOf(lotsIn(summed, BTC)), partsOf(lotsIn(kept, BTC)));
        }
        const count = (book: LotBook): number => book.symbols.get(BTC)?.entries.length ?? 0;
        summedUp += count(kept) - count(summed);
      }),
      parameters,
    );
    assert.ok(summedUp > 0);
  });

/** Fills two openings, each told by a report and then by its trade, and an exit of one of them: never flat. */
function fillRound(book: LotBook, round: number): void {
  for (let part = 0; part < 3; part += 1) {
    const [id, atMs] = [`${round}-${part}`, (round * 3 + part) * 20_000];
    const seq = round * 3 + part + 1;
    applyLotRecord(book, { kind: 'ordered', order: part === 2 ? exit(id, { seq }) : order(id, { seq }) });
    applyLotRecord(book, { kind: 'reported', id, executed: 5, atMs: atMs + 1_000 });
    applyLotRecord(book, { kind: 'traded', id, lots: 5, atMs, number: seq });
  }
}

test('a fill after thousands of orders that never leave the position flat costs what the first ones do', () => {
  const book = createLotBook();
  const roundMs: number[] = [];
  for (let round = 0; round < 2_000; round += 1) {
    const startedMs = performance.now();
    fillRound(book, round);
    roundMs.push(performance.now() - startedMs);
  }
  const symbol = book.symbols.get(BTC);
  // Ten minutes of them, and less than 32 more.
  assert.ok((symbol?.entries.length ?? 0) <= 30 + 2 * 32, `${symbol?.entries.length} entries`);
  const median = (from: number): number => roundMs.slice(from, from + 300).sort((a, b) => a - b)[150] ?? 0;
  const [early, late] = [median(200), median(1_700)];
  assert.ok(late < early * 4 + 0.05, `${early} ms a round at first, ${late} ms at last`);
});
