import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addFill,
  believe,
  createLotBook,
  dateFill,
  give,
  type LotBook,
} from '../../../daemon/engine/positions/lot-book.ts';
import { applyEntry, heldE8, NO_LOTS } from '../../../daemon/engine/positions/lots.ts';
import type { LotEntry, LotFill, Lots } from '../../../daemon/engine/words.ts';
import { forAll } from '../../for-all.ts';

const MINUTE = 60_000;
/** What is told within this time is told before anything is summed up. */
const LATE_MS = 9 * MINUTE;

interface Draw {
  readonly kind: 'open' | 'short' | 'exit' | 'cut' | 'operator' | 'hand' | 'reading' | 'given';
  readonly lots: number;
  readonly gapMs: number;
  /** From the fill until it is told, and from its report until its trade is read. */
  readonly lateMs: number;
  readonly tradeLateMs: number;
  /** It is reported first, at the time of the report, and dated by its trade. */
  readonly isReported: boolean;
}
const DRAW: fc.Arbitrary<Draw> = fc.record({
  kind: fc.constantFrom('open', 'open', 'open', 'short', 'exit', 'exit', 'cut', 'operator', 'hand', 'reading', 'given'),
  lots: fc.integer({ min: 1, max: 9 }),
  gapMs: fc.constantFrom(1, 50, 3_000, MINUTE, 7 * MINUTE),
  lateMs: fc.integer({ min: 0, max: LATE_MS }),
  tradeLateMs: fc.constantFrom(0, 5, MINUTE, 60 * MINUTE),
  isReported: fc.boolean(),
});

interface Told {
  readonly atMs: number;
  readonly tell: (book: LotBook) => void;
}

/** What happened, in the venue's order, and how it is told: readings and gifts at once, fills later. */
function history(draws: readonly Draw[]): { readonly entries: readonly LotEntry[]; readonly told: readonly Told[] } {
  const entries: LotEntry[] = [];
  const told: Told[] = [];
  let atMs = 0;
  for (const [index, draw] of draws.entries()) {
    atMs += draw.gapMs;
    const at = atMs;
    if (draw.kind === 'reading') {
      entries.push({ kind: 'read', atMs: at, seq: 1, quantityE8: draw.lots });
      const reading = { quantityE8: draw.lots, shownMs: at, sinceMs: at, seq: 1 };
      told.push({ atMs: at, tell: (book) => believe(book, reading) });
    } else if (draw.kind === 'given') {
      const gift = { atMs: at, owner: 'bob', seq: 1 };
      entries.push({ kind: 'given', ...gift });
      told.push({ atMs: at, tell: (book) => give(book, gift) });
    } else {
      const fill = fillOf(draw, at, index);
      entries.push(fill);
      told.push(...tellFill(fill, draw));
    }
  }
  return { entries, told: [...told].sort((a, b) => a.atMs - b.atMs) };
}
function fillOf({ kind, lots }: Draw, atMs: number, index: number): LotFill {
  const isSale = kind !== 'open' && !(kind === 'hand' && index % 2 === 0);
  return {
    kind: 'fill',
    atMs,
    quantityE8: isSale ? -lots : lots,
    owner: kind === 'open' || kind === 'short' || kind === 'exit' ? 'alice' : null,
    agentsFirst: kind === 'cut',
    opens: kind === 'open' || kind === 'short' || kind === 'hand',
    order: `o-${index}`,
    // Of before every reading, which are at 1.
    seq: 1,
    trade: index,
  };
}
function tellFill(fill: LotFill, { isReported, lateMs, tradeLateMs }: Draw): readonly Told[] {
  const reportedMs = fill.atMs + lateMs;
  if (!isReported) return [{ atMs: reportedMs, tell: (book) => addFill(book, fill) }];
  const trade = { quantityE8: Math.abs(fill.quantityE8), atMs: fill.atMs, number: fill.trade ?? 0 };
  return [
    { atMs: reportedMs, tell: (book) => addFill(book, { ...fill, atMs: reportedMs, trade: null }) },
    { atMs: reportedMs + tradeLateMs, tell: (book) => dateFill(book, fill.order ?? '', trade) },
  ];
}
const sorted = ({ owedE8, parts }: Lots): unknown => ({
  owedE8,
  parts: [...parts].sort((a, b) => ((a.owner ?? '') < (b.owner ?? '') ? -1 : 1)),
});

test('whenever fills are told, the book holds what their order at the venue says', () => {
  let summedUp = 0;
  forAll([fc.array(DRAW, { minLength: 5, maxLength: 60, size: 'max' })], { numRuns: 400 }, (draws) => {
    const { entries, told } = history(draws);
    const book = createLotBook();
    for (const { tell } of told) tell(book);
    assert.deepEqual(
      sorted(book.lots),
      sorted(entries.reduce((lots: Lots, entry) => applyEntry(lots, entry, null), NO_LOTS)),
    );
    summedUp += entries.length - book.entries.length;
  });
  assert.ok(summedUp > 0);
});

test('all lots of a symbol are of one side, and add up to all fills since the last reading', () => {
  forAll([fc.array(DRAW, { maxLength: 40, size: 'max' })], { numRuns: 300 }, (draws) => {
    let lots: Lots = NO_LOTS;
    let held = 0;
    for (const entry of history(draws).entries) {
      lots = applyEntry(lots, entry, null);
      if (entry.kind === 'fill') held += entry.quantityE8;
      if (entry.kind === 'read') held = entry.quantityE8;
      assert.equal(heldE8(lots), held);
      assert.ok(new Set(lots.parts.map(({ quantityE8 }) => Math.sign(quantityE8))).size <= 1);
      assert.equal(new Set(lots.parts.map(({ owner }) => owner)).size, lots.parts.length);
    }
  });
});

/** Two openings, each told by a report and then by its trade, and an exit of one of them: never flat. */
function fillRound(book: LotBook, round: number): void {
  for (let part = 0; part < 3; part += 1) {
    const atMs = (round * 3 + part) * 20_000;
    const fill = fillOf({ ...SOME, kind: part === 2 ? 'exit' : 'open' }, atMs, round * 3 + part);
    addFill(book, { ...fill, atMs: atMs + 1_000, trade: null });
    dateFill(book, fill.order ?? '', { quantityE8: SOME.lots, atMs, number: fill.trade ?? 0 });
  }
}
const SOME: Draw = { kind: 'open', lots: 5, gapMs: 1, lateMs: 0, tradeLateMs: 0, isReported: true };

test('a fill after thousands of orders that never leave the position flat costs what the first ones do', () => {
  const book = createLotBook();
  const roundMs: number[] = [];
  for (let round = 0; round < 2_000; round += 1) {
    const startedMs = performance.now();
    fillRound(book, round);
    roundMs.push(performance.now() - startedMs);
  }
  assert.ok(book.entries.length <= 31, `${book.entries.length} entries in ten minutes`);
  const median = (from: number): number => roundMs.slice(from, from + 300).sort((a, b) => a - b)[150] ?? 0;
  const [early, late] = [median(200), median(1_700)];
  assert.ok(late < early * 4 + 0.05, `${early} ms a round at first, ${late} ms at last`);
});
