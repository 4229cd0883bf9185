import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { readMarketData } from '../../daemon/evaluation/market/read.ts';
import { EPISODE_BARS } from '../../scripts/hunt/draw.ts';
import type { HuntPlan } from '../../scripts/hunt/plan.ts';
import { type Episode, Range } from '../../scripts/hunt/play.ts';
import { search } from '../../scripts/hunt/search.ts';
import { shrink } from '../../scripts/hunt/shrink.ts';

const range = new Range(readMarketData(join(import.meta.dirname, '..', 'fixtures', 'market-data')));
const DRAWN = { variant: 'Holdfast', windowsMs: range.windowsMs(EPISODE_BARS).slice(0, 2) };
const QUIET: Episode = { found: '', details: [], outOfScopeUsdt: 0, lostUsdt: 0, asks: 1, seen: new Map() };

/** As if canceling were out of scope, and cost as many USDT as there are moves. */
function playCancels({ moves }: HuntPlan): Episode {
  const at = moves.findIndex(({ do: { kind } }) => kind === 'cancel');
  const seen = new Map(moves.map((move, i) => [move.do.kind, i + 1]));
  return at < 0 ? { ...QUIET, seen } : { ...QUIET, seen, found: 'rate', outOfScopeUsdt: moves.length };
}

test('a seed searches the same way whenever it is asked, and finds nothing out of scope on the recorded bars', () => {
  const first = search(1, 60, DRAWN, (plan) => range.play(plan));
  assert.deepEqual(
    search(1, 60, DRAWN, (plan) => range.play(plan)),
    first,
  );
  assert.deepEqual(first.found, []);
  assert.ok(first.asks > 300 && first.seen > 50, `${first.asks} requests met ${first.seen} kinds of answers`);
  assert.notEqual(search(2, 60, DRAWN, (plan) => range.play(plan)).asks, first.asks);
});

test('a search goes on from what did most damage out of scope, and keeps three plans of a kind', () => {
  const result = search(1, 200, DRAWN, playCancels);
  assert.equal(result.maxOutOfScopeUsdt, 40, 'as many moves as a plan may have');
  assert.ok(result.outOfScope > 100, `${result.outOfScope} of 200`);
  assert.deepEqual(
    result.found.map(({ found, plan }) => [found, playCancels(plan).found]),
    Array.from({ length: 3 }, () => ['rate', 'rate']),
  );
});

test('a search begins anew when nothing new comes', () => {
  assert.equal(search(1, 200, DRAWN, () => QUIET).restarts, 3);
});

test('a found plan is shrunk to the moves that it needs, one after the other', () => {
  const found = search(1, 50, DRAWN, playCancels).found[0];
  assert.ok(found !== undefined && found.plan.moves.length > 1);
  const { moves, strategy } = shrink(found.plan, 'rate', playCancels);
  assert.equal(strategy, null);
  assert.deepEqual(
    moves.map(({ afterMs, do: { kind } }) => [afterMs, kind]),
    [[0, 'cancel']],
  );
});
