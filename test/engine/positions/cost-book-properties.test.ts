import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AccountDays, DAY_MS } from '../../../daemon/engine/accounts/account-days.ts';
import {
  addEntry,
  type CostBook,
  type CostEntry,
  type CostTrade,
  createCostBook,
  type Post,
  putSetBack,
  takeOut,
} from '../../../daemon/engine/accounts/cost-book.ts';
import { NaiveCosts, sumsOf } from './naive-costs.ts';

const HOUR = 3_600_000;
const T0 = 20_000 * DAY_MS;

interface Draw {
  readonly kind:
    | 'open'
    | 'short'
    | 'exit'
    | 'cut'
    | 'operator'
    | 'hand'
    | 'funded'
    | 'charged'
    | 'mark'
    | 'given'
    | 'taken';
  readonly quantityE8: number;
  readonly priceE8: number;
  readonly amountE8: number;
  readonly gapMs: number;
  readonly slips: boolean;
}
const DRAW: fc.Arbitrary<Draw> = fc.record({
  kind: fc.constantFrom(
    ...(['open', 'open', 'open', 'short', 'exit', 'exit', 'cut', 'operator', 'hand', 'funded', 'charged'] as const),
    ...(['mark', 'given', 'taken'] as const),
  ),
  quantityE8: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 30_000_000 })),
  priceE8: fc.integer({ min: 1, max: 12_000_000_000_000 }),
  amountE8: fc.integer({ min: -900_000_000, max: 900_000_000 }),
  gapMs: fc.constantFrom(0, 1, 50, HOUR, 7 * HOUR),
  slips: fc.boolean(),
});

/** In the venue's order. */
function historyOf(draws: readonly Draw[]): readonly CostEntry[] {
  let atMs = T0;
  return draws.map((draw, number) => {
    const isTrade = !['funded', 'charged', 'mark', 'given', 'taken'].includes(draw.kind);
    // Each on its own instant, but for trades, which their numbers tell apart.
    atMs += isTrade ? draw.gapMs : draw.gapMs + 1;
    const at = atMs;
    if (!isTrade) atMs += 1;
    if (draw.kind === 'given' || draw.kind === 'taken')
      return { kind: 'given', atMs: at, owner: draw.kind === 'given' ? 'alice' : null };
    if (draw.kind === 'mark') return { kind: 'mark', atMs: at, priceE8: draw.priceE8 };
    if (draw.kind === 'funded' || draw.kind === 'charged')
      return { kind: draw.kind, atMs: at, amountE8: draw.amountE8 };
    return tradeOf(draw, at, number);
  });
}
function tradeOf({ amountE8, kind, priceE8, quantityE8, slips }: Draw, atMs: number, number: number): CostTrade {
  const isSale = kind !== 'open' && !(kind === 'hand' && number % 2 === 0);
  const isOwn = kind === 'open' || kind === 'short' || kind === 'exit';
  return {
    kind: 'trade',
    atMs,
    number,
    owner: isOwn ? 'alice' : null,
    agentsFirst: kind === 'cut',
    opens: kind === 'open' || kind === 'short' || kind === 'hand',
    quantityE8: isSale ? -quantityE8 : quantityE8,
    priceE8,
    feeE8: Math.abs(amountE8),
    slippageE8: slips ? amountE8 : null,
    isBorne: !isOwn,
  };
}
class Told {
  readonly days = new AccountDays();
  readonly book: CostBook = createCostBook('BTCUSDT', 0);
  readonly post: Post = (posting, sign) => this.days.post('BTCUSDT', posting, sign);

  tell(entries: readonly CostEntry[]): this {
    for (const entry of entries) addEntry(this.book, entry, this.post);
    return this;
  }
  setBack(nowMs: number): void {
    const entries = takeOut(this.book, this.post);
    this.days.setBack(Math.floor(nowMs / DAY_MS) * DAY_MS);
    putSetBack(this.book, entries, nowMs, this.post);
  }
  get sums(): ReadonlyMap<string, bigint> {
    return sumsOf(this.days.between(0, Number.POSITIVE_INFINITY));
  }
  get held(): readonly string[] {
    const { costsE8, lots } = this.book.held;
    assert.deepEqual(new Set(costsE8.keys()), new Set(lots.parts.map(({ owner }) => owner)));
    return lots.parts.map(({ owner, quantityE8 }) => `${owner} ${quantityE8} for ${costsE8.get(owner)}`).sort();
  }
}
function assertNaive(told: Told, entries: readonly CostEntry[]): void {
  const naive = new NaiveCosts(entries);
  assert.deepEqual(told.held, naive.held);
  assert.deepEqual(new Map([...told.sums].sort()), new Map([...naive.sums].sort()));
}

test('in whatever order trades are listed, each agent has made what their order at the venue says, to the last unit', () => {
  let moved = 0;
  fc.assert(
    fc.property(
      fc
        .array(DRAW, { minLength: 2, maxLength: 40, size: 'max' })
        .chain((draws) =>
          fc.tuple(fc.constant(draws), fc.shuffledSubarray([...draws.keys()], { minLength: draws.length })),
        ),
      ([draws, order]) => {
        const entries = historyOf(draws);
        assertNaive(new Told().tell(order.map((place) => entries[place]!)), entries);
        moved += order.filter((place, i) => place !== i).length;
      },
    ),
    { numRuns: 400, endOnFailure: true },
  );
  assert.ok(moved > 1_000);
});

test('what is summed up counts as before', () => {
  fc.assert(
    fc.property(
      fc.array(DRAW, { minLength: 20, maxLength: 20 }),
      fc.array(fc.nat(30), { minLength: 1_200, maxLength: 1_200 }),
      (draws, late) => {
        const entries = historyOf(late.map((_, i) => ({ ...draws[i % draws.length]!, gapMs: 20 })));
        const told = late.map((by, i) => ({ entry: entries[i]!, at: i + by })).sort((a, b) => a.at - b.at);
        const book = new Told().tell(told.map(({ entry }) => entry));
        assert.ok(book.book.entries.length <= 1_000);
        assertNaive(book, entries);
      },
    ),
    { numRuns: 3, endOnFailure: true },
  );
});

test('a clock that is set back moves what was made to today, and takes nothing away', () => {
  fc.assert(
    fc.property(
      fc.array(DRAW, { minLength: 2, maxLength: 30, size: 'max' }),
      fc.array(DRAW, { maxLength: 10 }),
      (draws, since) => {
        const entries = historyOf(draws);
        const told = new Told().tell(entries);
        const nowMs = T0 + 5 * HOUR;
        told.setBack(nowMs);
        const moved = entries.map((entry) => ({ ...entry, atMs: Math.min(entry.atMs, nowMs) }));
        const later = historyOf(since).map((entry) => ({ ...entry, atMs: entry.atMs + 5 * HOUR + 1 }));
        told.tell(later);
        assertNaive(told, [...moved, ...later]);
      },
    ),
    { numRuns: 200, endOnFailure: true },
  );
});
