import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CompiledTier, ONE } from '../../daemon/core/compiled-policy.ts';
import { listLossRows } from '../../daemon/core/rules/tightening.ts';

const tier = (at: number, reduceOnly = false): CompiledTier => ({ at, factors: ONE, reduceOnly });
type Asked = Parameters<typeof listLossRows>;
const rowsOf = (day: readonly CompiledTier[], lossUsdt: number | undefined, week: readonly CompiledTier[] = []) =>
  listLossRows(
    {
      agent: { losses: lossUsdt === undefined ? undefined : { day_usdt: lossUsdt, week_usdt: lossUsdt } },
    } as unknown as Asked[0],
    { lossTiers: { day, week } } as unknown as Asked[1],
  );

test('an agent is told the tier that comes next, the one that ended its opening, or the last', () => {
  const ending = [tier(10), tier(15), tier(20, true), tier(50, true)];
  const tightening = [tier(10), tier(20)];
  const cases: [readonly CompiledTier[], number, number, number][] = [
    [ending, -3, 10, 0],
    [ending, 9.99, 10, 9.99],
    [ending, 10, 15, 10],
    [ending, 19.99, 20, 19.99],
    [ending, 20, 20, 20],
    [ending, 60, 20, 60],
    [tightening, 15, 20, 15],
    [tightening, 30, 20, 30],
  ];
  for (const [tiers, loss, tierUsdt, usedUsdt] of cases)
    assert.deepEqual(
      rowsOf(tiers, loss).map((row) => [row.span, row.tierUsdt, row.usedUsdt]),
      [['day', tierUsdt, usedUsdt]],
      `${loss} lost`,
    );
});

test('a loss that is not known is not a number, and without tiers there is nothing to tell', () => {
  assert.ok(Number.isNaN(rowsOf([tier(10)], undefined)[0]?.usedUsdt));
  assert.deepEqual(rowsOf([], 5), []);
  assert.deepEqual(
    rowsOf([tier(10)], 5, [tier(40)]).map(({ span, tierUsdt }) => [span, tierUsdt]),
    [
      ['day', 10],
      ['week', 40],
    ],
  );
  assert.deepEqual(listLossRows({} as Asked[0], { lossTiers: null } as Asked[1]), []);
});
