import assert from 'node:assert/strict';
import { test } from 'node:test';
import { POLICY_PATHS } from '../../daemon/core/keys/policy-keys.ts';
import { PLAIN_SETUP, type Plan } from '../../scripts/explore/plan.ts';
import { buildPolicy } from '../../scripts/explore/world-policy.ts';
import { alterArgs, isChangedBy, outlineOf } from '../../scripts/promises/altered.ts';
import { type Item, listItems, WITHOUT_EFFECT } from '../../scripts/promises/items.ts';
import { type Leaf, listLeaves, valuesAt, withOther } from '../../scripts/promises/leaves.ts';
import { measurePlan } from '../../scripts/promises/measure.ts';
import { placeRarest } from '../../scripts/promises/rarest.ts';
import { Tally } from '../../scripts/promises/tally.ts';

const ITEMS = listItems();
const { spec } = buildPolicy(PLAIN_SETUP, 'original');
const OPEN = { kind: 'open', agent: 'alpha', symbol: 'BTCUSDT', side: 'buy', usdt: 3_000 } as const;
const REFUSED = { kind: 'error', code: -2022, msg: 'ReduceOnly Order is rejected.' };
const PLAN: Plan = {
  seed: 1,
  setup: { ...PLAIN_SETUP, caps: { ...PLAIN_SETUP.caps, order: 1_000 } },
  steps: [
    { gap: 0, do: OPEN },
    {
      gap: 'answered',
      do: { kind: 'fault', fault: { ...REFUSED, match: { method: 'POST', path: '/fapi/v1/order' } } },
    },
    { gap: 2_000, do: { kind: 'close', agent: 'alpha', symbol: 'BTCUSDT' } },
  ],
};

function leaf(path: string): Leaf {
  const found = listLeaves().find((each) => each.path === path);
  assert.ok(found, path);
  return found;
}
function item(name: string): Item {
  const found = ITEMS.find((each) => each.name === name);
  assert.ok(found, name);
  return found;
}

test('every key of the policy is measured, or is said to have no effect', () => {
  const names = [...ITEMS.map(({ name }) => name), ...Object.keys(WITHOUT_EFFECT)];
  for (const path of POLICY_PATHS)
    assert.ok(
      names.some((name) => name === path || name.startsWith(`${path}.`) || name.startsWith(`${path}[]`)),
      path,
    );
  const known = new Set(listLeaves().map(({ path }) => path));
  for (const name of Object.keys(WITHOUT_EFFECT)) assert.ok(known.has(name) || /^[a-z]+_[a-z]+\./.test(name), name);
});

test('a key that may be absent is left out, an entry goes as a whole, and another key gets its loosest value', () => {
  const tiers = {
    ...spec,
    account: { ...spec.account, drawdown: { window_ms: 1, tiers: [{ at: 0.1, multiplier: 0.5 }] } },
  };
  assert.deepEqual(withOther(tiers, leaf('account.drawdown.tiers[].multiplier'))?.account.drawdown.tiers, [
    { at: 0.1 },
  ]);
  assert.deepEqual(withOther(tiers, leaf('account.drawdown.tiers[].at'))?.account.drawdown.tiers, []);
  assert.equal(withOther(spec, leaf('budgets.order_notional_usdt'))?.budgets.order_notional_usdt, 1_000_000_000);
  assert.equal(withOther(spec, leaf('market.regimes.volatile.slices'))?.market.regimes.volatile.slices, 1);
  assert.deepEqual(valuesAt(spec, leaf('agents.*.budgets.leverage')), []);
  assert.equal(withOther(spec, leaf('agents.*.budgets.leverage')), null);
  const limited = { ...spec, agents: { alpha: { budgets: { leverage: 1, slippage_bps: 5 } } } };
  assert.deepEqual(withOther(limited, leaf('agents.*.budgets.leverage'))?.agents, {
    alpha: { budgets: { slippage_bps: 5 } },
  });
});

test('a field is left out of a call, and one that must be there says something else', () => {
  const args = { symbol: 'BTCUSDT', valid_until_ms: 1, request_id: 'a', meta: { skill: { sha256: 'x', name: 'y' } } };
  assert.equal(Object.hasOwn(alterArgs(args, ['valid_until_ms'], 1), 'valid_until_ms'), false);
  assert.equal(alterArgs(args, ['symbol'], 1).symbol, 'ETHUSDT');
  assert.equal(alterArgs(args, ['request_id'], 2).request_id, 'a-2');
  assert.deepEqual(alterArgs(args, ['meta', 'skill', 'sha256'], 1).meta, { skill: { name: 'y' } });
  assert.deepEqual(alterArgs({ meta: { skill: { sha256: 'x' } } }, ['meta', 'skill', 'sha256'], 1), {});
});

test('a key counts where the record of a decision gives another order without it, and no other one does', async () => {
  const { changed, drawn } = await measurePlan(PLAN, ITEMS);
  const names = (indexes: readonly number[]): readonly (string | undefined)[] =>
    indexes.map((index) => ITEMS[index]?.name);
  assert.deepEqual(names(changed), ['budgets.order_notional_usdt']);
  for (const name of ['place_order.requested_notional', 'close_position.symbol', '-2022', 'error'])
    assert.ok(names(drawn).includes(name), name);
  assert.ok(!names(drawn).includes('place_order.valid_until_ms'));
});

test('what is beyond one decision counts where the world takes another course without it', async () => {
  const original = await outlineOf(PLAN);
  assert.equal(await isChangedBy(PLAN, item('-2022'), original), true);
  assert.equal(await isChangedBy(PLAN, item('place_order.side'), original), true);
  assert.equal(await isChangedBy(PLAN, item('exits.ladder_bps'), original), true);
  assert.equal(await isChangedBy(PLAN, item('account.margin_buffer_usdt'), original), false);
});

test('what has changed nothing is played again, as often as is asked for, and is named', () => {
  const items = [item('budgets.leverage'), item('exits.step_ms')];
  const tally = new Tally(items, 2);
  for (const seed of [3, 1, 2])
    tally.noteMeasured({ seed, drawn: [0, 1], telling: seed === 3 ? [] : [1], changed: [0], failure: null });
  assert.deepEqual(
    [tally.nextToPlay(), tally.nextToPlay(), tally.nextToPlay()],
    [{ seed: 1, again: [1] }, { seed: 2, again: [1] }, null],
  );
  assert.deepEqual(tally.result().never, ['exits.step_ms']);
  tally.notePlayed({ seed: 2, drawn: [1], telling: [1], changed: [1], failure: null });
  const { never, rows } = tally.result();
  assert.deepEqual(never, []);
  assert.deepEqual(rows[1], {
    kind: 'key',
    name: 'exits.step_ms',
    drawn: 3,
    telling: 2,
    decided: 0,
    played: 2,
    differed: 1,
    plainPlayed: 0,
    plainDiffered: 0,
    changed: 1,
  });
});

test('worlds in which a key says what most say take no turn from those of later parts in which it says something else', () => {
  const items = [item('exits.step_ms')];
  const measured = (seed: number, telling: readonly number[]) =>
    ({ seed, drawn: [0], telling, changed: [], failure: null }) as const;
  const first = new Tally(items, 2);
  for (const seed of [1, 2, 3]) first.noteMeasured(measured(seed, []));
  assert.deepEqual([first.nextToPlay()?.seed, first.nextToPlay()?.seed, first.nextToPlay()], [1, 2, null]);
  const second = new Tally(items, 2, first.result());
  second.noteMeasured(measured(4, [0]));
  assert.deepEqual(second.nextToPlay(), { seed: 4, again: [0] });
  second.notePlayed(measured(4, [0]));
  assert.deepEqual(second.result().never, ['exits.step_ms']);
  second.notePlayed({ ...measured(4, [0]), changed: [0] });
  const [row] = second.result().rows;
  assert.deepEqual([row?.played, row?.plainPlayed, row?.differed, row?.changed], [1, 2, 1, 1]);
});

test('what was counted in other worlds counts along, and is played again no more where it has changed something', () => {
  const items = [item('budgets.leverage'), item('exits.step_ms')];
  const first = new Tally(items, 2);
  first.noteMeasured({ seed: 1, drawn: [0, 1], telling: [0, 1], changed: [0], failure: null });
  const second = new Tally(items, 2, first.result());
  second.noteMeasured({ seed: 2, drawn: [0, 1], telling: [0, 1], changed: [], failure: null });
  assert.deepEqual(second.nextToPlay(), { seed: 2, again: [1] });
  const [leverage, step] = second.result().rows;
  assert.deepEqual([leverage?.drawn, leverage?.decided, step?.drawn], [2, 1, 2]);
});

test('the page lists what changed nothing and the rarest of the others, each with its worlds', () => {
  const row = { kind: 'key', drawn: 9, telling: 4, decided: 0, played: 2, differed: 1, changed: 2 };
  const draws = {
    parts: [{ worlds: 200 }, { worlds: 100 }],
    never: ['a'],
    rarest: ['b'],
    rows: [
      { ...row, name: 'a', changed: 0 },
      { ...row, name: 'b' },
      { ...row, name: 'c', changed: 90 },
    ],
  };
  const page =
    'before\n<!-- rarest: written by npm run generate from docs/evidence/draws.json -->\n<!-- end of rarest -->\nafter';
  const placed = placeRarest(page, JSON.stringify(draws));
  assert.match(placed, /^before\n<!-- rarest/);
  assert.match(placed, /Of 3 items 1 changed nothing in 300 worlds/);
  assert.match(
    placed,
    /\| `a` \| key \| 9 \| 4 \| 0 \|\n\| `b` \| key \| 9 \| 4 \| 2 \|\n\n<!-- end of rarest -->\nafter$/,
  );
  assert.equal(placeRarest(placed, JSON.stringify(draws)), placed);
  assert.throws(() => placeRarest('a page', JSON.stringify(draws)), /no place/);
});
