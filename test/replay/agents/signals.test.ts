import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Held, SIGNALS, type Signal, type Wish } from '../../../daemon/evaluation/agents/strategies/signals.ts';
import { Draws } from '../../../daemon/evaluation/intents/draws.ts';
import { BAR_MS } from './market.ts';

const noise = (i: number): number => ((i * 7919) % 13) - 6;

/** Wishes over a path, with the bar of each; `hold` says what the account holds after the last wish. */
function follow(signal: Signal, path: readonly number[], hold: (wish: Wish | null, entry: number) => Held | undefined) {
  const wishes: { bar: number; wish: Wish; close: number }[] = [];
  let held: Held | undefined;
  for (const [bar, close] of path.entries()) {
    const wish = signal.onClose(close, bar * BAR_MS, held);
    if (wish === null) continue;
    wishes.push({ bar, wish, close });
    held = hold(wish, close);
  }
  return wishes;
}
const asWished = (wish: Wish | null, entryPrice: number): Held | undefined =>
  wish === null || wish.direction === 0 ? undefined : { lots: wish.direction, entryPrice };

test('momentum follows a trend and turns once with it', () => {
  const path = Array.from({ length: 800 }, (_, i) => 10_000 + noise(i) + 20 * (i < 400 ? i : 800 - i));
  const wishes = follow(SIGNALS.momentum(new Draws(1, 'test'), BAR_MS), path, asWished);
  assert.deepEqual(
    wishes.map(({ wish }) => wish.direction),
    [1, -1],
    'one way up, one way down',
  );
  assert.ok(wishes[1]!.bar > 400 && wishes[1]!.bar < 460, `turned at ${wishes[1]!.bar}`);
});

test('mean reversion enters against the stretch, adds once, and leaves near the mean', () => {
  const path = Array.from(
    { length: 600 },
    (_, i) => 10_000 + 3 * noise(i) - (i >= 400 && i < 412 ? 30 * (i - 399) : 0),
  );
  const wishes = follow(SIGNALS['mean-reversion'](new Draws(4, 'test'), BAR_MS), path, asWished).filter(
    ({ bar }) => bar >= 400,
  );
  assert.deepEqual(
    wishes.slice(0, 3).map(({ wish }) => [wish.direction, wish.units]),
    [
      [1, 1],
      [1, 2],
      [0, 0],
    ],
    'buys the fall, buys once more, leaves',
  );
});

test('a part of the entries of mean reversion rests as limit orders', () => {
  const path = Array.from(
    { length: 20_000 },
    (_, i) => 10_000 + 40 * Math.sin(i / 17) + noise(i) * (1 + (i % 97) / 20),
  );
  const entries = follow(SIGNALS['mean-reversion'](new Draws(2, 'test'), BAR_MS), path, asWished).filter(
    ({ wish }) => wish.direction !== 0,
  );
  const limits = entries.filter(({ wish }) => wish.isLimit).length;
  assert.ok(entries.length > 50, `only ${entries.length} entries`);
  assert.ok(limits > 0.25 * entries.length && limits < 0.55 * entries.length, `${limits} of ${entries.length}`);
});

test('the martingale doubles after every losing round trip and starts again after a winning one', () => {
  const random = new Draws(9, 'path');
  const path = [10_000];
  while (path.length < 6000) path.push(path.at(-1)! * (1 + random.between(-0.004, 0.004)));
  const wishes = follow(SIGNALS.martingale(new Draws(3, 'test'), BAR_MS), path, asWished);
  let expected = 1;
  let entry: (typeof wishes)[number] | null = null;
  let losses = 0;
  for (const each of wishes) {
    if (each.wish.direction !== 0) {
      assert.equal(each.wish.units, expected, `units at bar ${each.bar}`);
      entry = each;
      continue;
    }
    const isLoss = entry!.wish.direction * (each.close - entry!.close) < 0;
    losses += isLoss ? 1 : 0;
    expected = isLoss ? expected * 2 : 1;
  }
  assert.ok(losses > 10 && wishes.length > 60, `${losses} losses in ${wishes.length} wishes`);
});

test('a bet that was never taken does not double the next', () => {
  const random = new Draws(9, 'path');
  const path = [10_000];
  while (path.length < 3000) path.push(path.at(-1)! * (1 + random.between(-0.004, 0.004)));
  const wishes = follow(SIGNALS.martingale(new Draws(3, 'test'), BAR_MS), path, () => undefined);
  const units = new Set(wishes.filter(({ wish }) => wish.direction !== 0).map(({ wish }) => wish.units));
  assert.deepEqual([...units], [1], 'doubles what was refused');
});

test('news have nothing to do with prices', () => {
  const rising = Array.from({ length: 3000 }, (_, i) => 10_000 + i);
  const falling = rising.map((price) => 20_000 - price);
  const wishesOn = (path: readonly number[]): unknown =>
    follow(SIGNALS.narrative(new Draws(5, 'test'), BAR_MS), path, asWished).map(({ bar, wish }) => [bar, wish]);
  assert.deepEqual(wishesOn(rising), wishesOn(falling), 'the path of the market shows in the news');
  const flips = follow(SIGNALS.narrative(new Draws(5, 'test'), BAR_MS), rising, asWished).filter(
    ({ wish }, i, all) => i > 0 && wish.direction * all[i - 1]!.wish.direction < 0,
  );
  assert.ok(flips.length > 3, `${flips.length} flips in 31 days`);
});
