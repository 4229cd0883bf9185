import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AccountDays, DAY_MS } from '../../../daemon/engine/accounts/account-days.ts';
import {
  addEntries,
  type CostBook,
  createCostBook,
  giveHeld,
  type Post,
  putSetBack,
  takeOut,
} from '../../../daemon/engine/accounts/cost-book.ts';
import type { CostEntry, CostTrade } from '../../../daemon/engine/accounts/cost-fold.ts';
import { forAll } from '../../for-all.ts';
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
  /** By how many entries it is listed late. */
  readonly late: number;
  /** Of a gift: by how much our clock is ahead of the venue's. */
  readonly aheadMs: number;
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
  late: fc.oneof(fc.constant(0), fc.nat(40)),
  aheadMs: fc.constantFrom(0, -1, 1, -500, 500, -3 * HOUR, 3 * HOUR),
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
      return { kind: 'given', atMs: at, owner: draw.kind === 'given' ? 'alice' : null, seq: number + 1 };
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
    seq: kind === 'hand' ? 0 : number + 1,
  };
}
/**
 * As they are recorded: late, but for gifts, and nothing before a gift that it comes after. A gift is dated by our clock, which
 * errs as far as what is recorded then, and the orders that are decided later, still show its place.
 */
function listed(draws: readonly Draw[], entries: readonly CostEntry[]): readonly CostEntry[] {
  const at = entries.map(({ kind }, i) => (kind === 'given' ? i : i + draws[i]!.late));
  const dated = entries.map((entry, i) => {
    if (entry.kind !== 'given') return entry;
    const unlisted = entries.filter((_, j) => j < i && at[j]! >= i).map(({ atMs }) => atMs);
    const others = entries.filter((other, j) => j > i && (other.kind !== 'trade' || other.seq === 0));
    const atMs = Math.min(entry.atMs + draws[i]!.aheadMs, ...others.map((other) => other.atMs - 1));
    return { ...entry, atMs: Math.max(atMs, ...unlisted) };
  });
  const order = [...at.keys()].sort((a, b) => at[a]! - at[b]! || b - a);
  return order.map((i) => dated[i]!);
}
class Told {
  readonly days = new AccountDays();
  readonly book: CostBook = createCostBook('BTCUSDT', 0);
  readonly post: Post = (posting, sign) => this.days.post('BTCUSDT', posting, sign);
  readonly #keep: number;
  constructor(keep = 1_000) {
    this.#keep = keep;
  }

  tell(entries: readonly CostEntry[]): this {
    for (const entry of entries)
      if (entry.kind === 'given') giveHeld(this.book, entry, this.post);
      else addEntries(this.book, [entry], this.post, this.#keep);
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
  forAll(
    [fc.array(DRAW, { minLength: 2, maxLength: 40, size: 'max' })],
    { numRuns: 600, endOnFailure: true },
    (draws) => {
      const entries = historyOf(draws);
      const order = listed(draws, entries);
      assertNaive(new Told().tell(order), entries);
      moved += order.filter((entry, i) => entry !== entries[i]).length;
    },
  );
  assert.ok(moved > 1_000);
});

test('an exit waits for the trade that it closes, also where it is summed up by then', () => {
  const trip = fc.record({
    quantityE8: fc.integer({ min: 1, max: 30_000_000 }),
    prices: fc.tuple(fc.integer({ min: 1, max: 12_000_000_000_000 }), fc.integer({ min: 1, max: 12_000_000_000_000 })),
    exit: fc.constantFrom(...(['exit', 'cut', 'operator'] as const)),
    amountE8: fc.integer({ min: -900_000_000, max: 900_000_000 }),
    slips: fc.boolean(),
    late: fc.nat(40),
  });
  let late = 0;
  forAll(
    [fc.array(trip, { minLength: 2, maxLength: 30, size: 'max' })],
    { numRuns: 200, endOnFailure: true },
    (trips) => {
      const draws = trips.flatMap(({ exit, prices, ...draw }): Draw[] => [
        { ...draw, aheadMs: 0, gapMs: 50, kind: 'open', priceE8: prices[0] },
        { ...draw, aheadMs: 0, gapMs: 50, kind: exit, priceE8: prices[1], late: 0 },
      ]);
      const entries = historyOf(draws);
      assertNaive(new Told(4).tell(listed(draws, entries)), entries);
      late += draws.filter((draw) => draw.late > 5).length;
    },
  );
  assert.ok(late > 500);
});

test('what is summed up counts as before', () => {
  forAll(
    [fc.array(DRAW, { minLength: 20, maxLength: 20 }), fc.array(fc.nat(30), { minLength: 1_200, maxLength: 1_200 })],
    { numRuns: 3, endOnFailure: true },
    (drawn, late) => {
      // Sums stay far below 90 million USDT, up to where units of 1e-8 are exact.
      const draws = late.map((by, i) => {
        const draw = drawn[i % drawn.length]!;
        return { ...draw, quantityE8: Math.ceil(draw.quantityE8 / 10), gapMs: 20, late: by };
      });
      const entries = historyOf(draws);
      const book = new Told().tell(listed(draws, entries));
      assert.ok(book.book.entries.length <= 1_000);
      assertNaive(book, entries);
    },
  );
});

test('a clock that is set back moves what was made to today, and takes nothing away', () => {
  forAll(
    [fc.array(DRAW, { minLength: 2, maxLength: 30, size: 'max' }), fc.array(DRAW, { maxLength: 10 })],
    { numRuns: 200, endOnFailure: true },
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
  );
});
