import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { MOVE_TYPES } from '../../daemon/exchange-sim/core/state.ts';
import { readHistory } from '../../scripts/explore/history.ts';
import { LeftAlone } from '../../scripts/explore/left-alone.ts';
import {
  type Action,
  PLAIN_SETUP,
  type Plan,
  type Setting,
  type Setup,
  type Step,
} from '../../scripts/explore/plan.ts';
import { judge } from '../../scripts/explore/promises.ts';
import { playPlan } from '../../scripts/explore/run-plan.ts';
import { World } from '../../scripts/explore/world.ts';

const ACCOUNT = { balanceUsdt: 20_000, begins: [], isUnreported: false } as const;

/** A world in which no promise is broken, once the plan is over. */
async function play(t: TestContext, steps: readonly Step[], setup: Partial<Setup> = {}): Promise<World> {
  const plan: Plan = { seed: 3, setup: { ...PLAIN_SETUP, account: ACCOUNT, ...setup }, steps };
  const world = new World(plan.seed, plan.setup);
  t.after(() => world.close());
  await playPlan(world, plan);
  assert.deepEqual(judge(readHistory(world, plan)), []);
  return world;
}

const after = (gap: Step['gap'], action: Action): Step => ({ gap, do: action });
const open = (gap: Step['gap'], extra: object = {}): Step =>
  after(gap, { kind: 'open', agent: 'alpha', symbol: 'BTCUSDT', side: 'buy', usdt: 906, ...extra });
const set = (gap: Step['gap'], setting: Setting): Step => after(gap, { kind: 'setting', setting });
const decided = (world: World): readonly (string | undefined)[] =>
  world.calls.map(({ answer }) => answer?.decision.reasons[0]?.code ?? answer?.execution.state);
const alertsOf = (world: World, code: string): number =>
  [...world.ledger.iterateEvents({ kind: 'alert' })].filter(
    ({ payload }) => (payload as { code: string }).code === code,
  ).length;

const changesOf = (values: readonly boolean[]): readonly boolean[] =>
  values.filter((value, index) => value !== values[index - 1]);

test('a symbol that a person crosses opens nothing within seconds, and is put back', async (t) => {
  const world = await play(t, [set(0, { of: 'margin', symbol: 'BTCUSDT', to: 'CROSSED' }), open(6_000)]);
  const crossed = world.venue.account.settings.map((each) => each.crossed.has('BTCUSDT'));
  assert.deepEqual(changesOf(crossed), [true, false, true, false], 'as an account begins, and as the person set it');
});

test('in multi-assets margin nothing opens from a minute on, and again when a person has put it off', async (t) => {
  const world = await play(t, [
    set(0, { of: 'multi_assets', isOn: true }),
    open(75_000),
    set('answered', { of: 'multi_assets', isOn: false }),
    open(6_000),
  ]);
  assert.deepEqual(decided(world), ['STATE_REDUCING', 'filled']);
});

test('a mode of before the first start is put right by it, and one of while it was down within a minute', async (t) => {
  const world = await play(
    t,
    [after(0, { kind: 'crash', downMs: 2_000 }), set(500, { of: 'hedge_mode', isOn: true }), open(70_000)],
    { account: { ...ACCOUNT, begins: [{ of: 'hedge_mode', isOn: true }] } },
  );
  assert.deepEqual(changesOf(world.venue.account.settings.map(({ isHedged }) => isHedged)), [
    false,
    true,
    false,
    true,
    false,
  ]);
  assert.deepEqual(decided(world), ['filled']);
});

for (const type of MOVE_TYPES)
  test(`what is moved as ${type} is neither a loss nor a gain, amid a loss and around a restart`, async (t) => {
    const move = (gap: Step['gap'], usdt: number): Step => after(gap, { kind: 'transfer', usdt, type });
    const world = await play(t, [
      open(0, { usdt: 3_000 }),
      after('answered', { kind: 'mark', symbol: 'BTCUSDT', bps: -400 }),
      move(2_000, -5_000),
      open(3_000),
      after('answered', { kind: 'crash', downMs: 2_000 }),
      move(500, 20_000),
      open(6_000),
    ]);
    const moves = world.exchange.world.state.income.filter((row) => row.type === type);
    assert.equal(moves.length, 2);
    const figures = [...readHistory(world, { seed: 3, setup: world.setup, steps: [] }).decisions.values()].map(
      ({ event }) => event.context.account?.daily_loss ?? 0,
    );
    // 400 of 10,000 bps on 3,000 of 20,000 USDT are lost, and a fee.
    assert.ok(figures.length > 2 && figures.every((lost) => lost < 0.007), figures.join());
    assert.ok(Math.max(...figures) > 0.005, 'the loss itself counts');
  });

test('a stop fires, and the exchange tells only which order it became', async (t) => {
  const world = await play(t, [open(0), after(6_000, { kind: 'mark', symbol: 'BTCUSDT', bps: -300 })], {
    stopBps: 150,
    account: { ...ACCOUNT, isUnreported: true },
  });
  assert.equal(world.venue.heldE8('BTCUSDT'), 0);
});

test('a stop is refused as it triggers: the position gets another one, or is closed', async (t) => {
  const world = await play(
    t,
    [
      open(0),
      after(6_000, { kind: 'halt_market', symbol: 'BTCUSDT', forMs: 4_000 }),
      after('parallel', { kind: 'mark', symbol: 'BTCUSDT', bps: -300 }),
      after(9_000, { kind: 'wait' }),
    ],
    { stopBps: 150 },
  );
  assert.ok([...world.exchange.world.state.algoOrders.values()].some(({ status }) => status === 'REJECTED'));
});

test('a liquidation is told once', async (t) => {
  const world = await play(t, [
    open(0, { leverage: 3 }),
    after(4_000, { kind: 'mark', symbol: 'BTCUSDT', bps: -3_500 }),
  ]);
  assert.equal(world.exchange.world.state.liquidations.length, 1);
  assert.equal(alertsOf(world, 'LIQUIDATED'), 1);
});

test('what the exchange closes by itself is known', async (t) => {
  const world = await play(t, [open(0), after(4_000, { kind: 'deleverage', symbol: 'BTCUSDT', fraction: 1 })]);
  assert.equal(world.venue.heldE8('BTCUSDT'), 0);
});

test('a ban is waited for, also where it names no end', async (t) => {
  for (const ban of [
    { kind: 'ban', ms: 8_000, match: { method: 'GET', path: '/fapi/v3/account' } },
    { kind: 'status', status: 418, match: { method: 'GET', path: '/fapi/v3/account' } },
  ]) {
    const world = await play(t, [open(0), after(1_000, { kind: 'fault', fault: ban }), open(4_000)]);
    assert.ok(world.wire.leftAlone.isAskedWithin(0, world.time.nowMs), 'it was told');
    assert.deepEqual(world.wire.leftAlone.offences, []);
  }
});

test('what leaves although the exchange has asked to be left alone is an offence, but for what closes after a 429', () => {
  const sent = (method: string, path: string, query = '') => ({ method, path, query, body: '', apiKey: undefined });
  const reported = (status: number, headers: Record<string, string> = {}) => ({ status, headers, body: '' });
  const order = '/fapi/v1/order';
  for (const [answer, afterMs, request, isOffence] of [
    [reported(418, { 'Retry-After': '5' }), 5, sent('GET', '/fapi/v1/time'), true],
    [reported(418, { 'Retry-After': '5' }), 0, sent('GET', '/fapi/v1/time'), false],
    [reported(418, { 'Retry-After': '5' }), 4_999, sent('POST', order, 'reduceOnly=true'), true],
    [reported(418, { 'Retry-After': '5' }), 5_000, sent('POST', order), false],
    [reported(418), 119_999, sent('GET', order), true],
    [reported(429), 4_499, sent('POST', order), true],
    [reported(429), 4_500, sent('POST', order), false],
    [reported(429), 899, sent('POST', order, 'reduceOnly=true'), true],
    [reported(429), 900, sent('POST', order, 'reduceOnly=true'), false],
    [reported(429, { 'retry-after': '5' }), 5, sent('POST', order), true],
    [reported(429, { 'retry-after': '5' }), 5, sent('DELETE', order), true],
    [reported(429, { 'retry-after': '5' }), 5, sent('POST', order, 'reduceOnly=true'), false],
    [reported(429, { 'retry-after': '5' }), 5, sent('POST', '/fapi/v1/algoOrder', 'closePosition=true'), false],
    [reported(418, { 'Retry-After': '5' }), 5, sent('GET', '/sapi/v1/account/apiRestrictions'), false],
    [reported(403), 4_499, sent('GET', order), true],
    [reported(403), 4_500, sent('GET', order), false],
    [reported(403), 899, sent('POST', order, 'reduceOnly=true'), true],
    [reported(403), 900, sent('POST', order, 'reduceOnly=true'), false],
  ] as const) {
    const leftAlone = new LeftAlone();
    leftAlone.noteAnswer(1, order, answer, 900, 1_000);
    leftAlone.noteSent(2, request, 1_000 + afterMs);
    assert.deepEqual(leftAlone.offences, [], 'another process has not been told');
    leftAlone.noteSent(1, request, 1_000 + afterMs);
    assert.equal(leftAlone.offences.length, isOffence ? 1 : 0, JSON.stringify([answer, afterMs, request]));
  }
  const passing = new LeftAlone();
  passing.noteAnswer(1, order, reported(403), 900, 1_000);
  passing.noteAnswer(1, order, reported(403), 950, 1_010);
  passing.noteAnswer(1, order, reported(200), 950, 1_020);
  passing.noteSent(1, sent('GET', order), 1_030);
  assert.equal(passing.offences.length, 1, 'what left before it was refused ends nothing');
  passing.noteAnswer(1, order, reported(200), 1_950, 2_000);
  passing.noteSent(1, sent('GET', order), 2_010);
  assert.equal(passing.offences.length, 1, 'one that is let through ends it');
});
