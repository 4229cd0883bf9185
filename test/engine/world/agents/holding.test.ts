import assert from 'node:assert/strict';
import { afterEach, before, describe, it } from 'node:test';
import { ownE8, unownedE8 } from '../../../../daemon/engine/orders/holding.ts';
import { openOrders } from '../../../bypasses/attempts.ts';
import { DaemonWorld, order, type ToolBody, until } from '../../../daemon/harness.ts';
import { editPolicy, UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { checkAudit } from '../../../recorded/verdicts.ts';
import { inLots, LOT_E8 } from '../../fold-fixture.ts';

const SEND = { method: 'POST', path: '/fapi/v1/order' };
const BELOW = { order_type: 'limit', limit_price: 59_000, requested_notional: 130 };
const ABOVE = { side: 'sell', order_type: 'limit', limit_price: 61_000, requested_notional: 130 };
const TAKE_PROFIT = { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 66_000 };

const codesOf = ({ decision }: ToolBody): readonly string[] => decision.reasons.map(({ code }) => code);
const viewOf = (world: DaemonWorld) => world.daemon.gate.core.state.position('BTCUSDT');
async function place(world: DaemonWorld, args: object = {}, token?: string): Promise<ToolBody> {
  const { body } = await world.place(args, token);
  assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
  return body;
}
async function codes(world: DaemonWorld, args: object = {}, token?: string): Promise<readonly string[]> {
  return codesOf((await world.dryRun('place_order', order(args), token)).body);
}
async function statusOf(world: DaemonWorld, { decision }: ToolBody): Promise<readonly string[]> {
  const { body } = await world.operator<ToolBody>('GET', `/v1/decisions/${decision.decision_id}`);
  return body.execution.orders.map(({ status }) => status);
}
async function heldIn(world: DaemonWorld, symbol: string, token: string): Promise<string | undefined> {
  return (await world.limits(symbol, token)).symbols[0]?.held;
}
const human = (world: DaemonWorld, method: string, path: string, params: Record<string, string>) =>
  world.hand(method, path, { symbol: 'BTCUSDT', ...params });
/** A person has bought so many lots, and the gate knows. */
async function buyByHand(world: DaemonWorld, lots: number): Promise<void> {
  const held = inLots(unownedE8(viewOf(world)));
  await human(world, 'POST', '/fapi/v1/order', { side: 'BUY', type: 'MARKET', quantity: (lots / 1_000).toFixed(3) });
  await until(
    'it is known',
    world.advancing(6_000, () => unownedE8(viewOf(world)) === held + lots * LOT_E8),
  );
}
/** Nothing is held, and nothing can fill. */
async function makeFree(world: DaemonWorld): Promise<void> {
  await world.control('clear-faults', {});
  await world.setMark('BTCUSDT', 60_000);
  await human(world, 'DELETE', '/fapi/v1/allOpenOrders', {});
  await world.operator('POST', '/v1/tools/cancel_all', {});
  await world.operator('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
  const { state } = world.daemon.gate.core;
  await until(
    'the symbol is free',
    async () => {
      await world.advance(2_000);
      const isFree = viewOf(world).holder === null && viewOf(world).quantityE8 === 0;
      return isFree && state.claims.open.size === 0 && world.daemon.gate.openOrderCount() === 0;
    },
    60_000,
  );
}

describe('one agent holds a symbol [DESIGN 12.1]', () => {
  const world = suiteWorld({
    policy: (spec) => {
      editPolicy(spec, UNPACED);
      const { calm } = spec.market.regimes;
      spec.market.regimes = { calm, volatile: { ...calm }, extreme: { ...calm } };
      spec.agents = { default: {}, carol: { reserve: ['ETHUSDT'] } };
    },
  });
  let alice: string;
  let bob: string;
  before(async () => {
    alice = world.createAgent('alice');
    bob = world.createAgent('bob');
  });
  afterEach(() => makeFree(world));

  it('SYMBOL_HELD: another agent opens nothing there until it is flat and nothing of its holder can fill [EX-3 EX-4 TD-5]', async () => {
    await place(world, { requested_notional: 300 }, alice);
    const rests = await place(world, BELOW, alice);
    const takeProfit = await place(world, { ...TAKE_PROFIT, requested_notional: 130 }, alice);
    const refused = async (): Promise<boolean> => (await codes(world, {}, bob)).includes('SYMBOL_HELD');
    assert.equal(await refused(), true);
    assert.equal((await world.place({}, bob)).body.decision.decision, 'BLOCK');
    await world.restart();
    assert.equal(await refused(), true, 'after a restart as well');
    await world.tool('close_position', { symbol: 'BTCUSDT' }, alice);
    await until(
      'it is free',
      world.advancing(1_000, async () => !(await refused())),
    );
    assert.deepEqual([await world.position('BTCUSDT'), openOrders(await world.books()).length], [0, 0]);
    assert.deepEqual([await statusOf(world, rests), await statusOf(world, takeProfit)], [['canceled'], ['canceled']]);
    await place(world, {}, bob);
    assert.equal(viewOf(world).holder, 'bob');
  });

  it('SYMBOL_HELD: a reserved symbol is kept for one agent while it is flat [AN-49 EX-5 PK-36 TM-16]', async () => {
    assert.deepEqual(await codes(world, { symbol: 'ETHUSDT' }, bob), ['SYMBOL_HELD']);
    assert.equal(await heldIn(world, 'ETHUSDT', bob), 'another');
    assert.deepEqual(await codes(world, { symbol: 'ETHUSDT' }, world.createAgent('carol')), []);
  });

  it('SYMBOL_UNOWNED: beside a hand’s lots nobody opens; what rests is canceled then, and its exits pass [EX-9 EX-10]', async () => {
    await place(world, { requested_notional: 305 }, alice);
    const rests = await place(world, BELOW, alice);
    const own = inLots(ownE8(viewOf(world)));
    await buyByHand(world, 7);
    await until(
      'it is canceled',
      world.advancing(500, async () => (await statusOf(world, rests)).every((status) => status === 'canceled')),
    );
    for (const token of [alice, bob]) assert.ok((await codes(world, {}, token)).includes('SYMBOL_UNOWNED'));
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT' }, alice);
    assert.equal(Math.round(1_000 * (await world.position('BTCUSDT'))), 7, `her ${own} lots, and no others`);
    assert.ok((await codes(world, {}, alice)).includes('SYMBOL_UNOWNED'), 'still');
    const mine = await world.tool('close_position', { symbol: 'BTCUSDT' }, alice);
    assert.deepEqual(codesOf(mine.body), ['EXIT_SCOPE'], 'those are not hers');
  });

  it('both sides may be quoted while it is flat: the first fill cancels the opposite ones [EX-16]', async () => {
    const below = await place(world, BELOW, alice);
    const above = [await place(world, ABOVE, alice), await place(world, { ...ABOVE, limit_price: 61_100 }, alice)];
    const { budgets } = (await world.limits('BTCUSDT')).symbols[0] ?? {};
    const reserved = budgets?.find(({ component }) => component === 'symbol_notional_usdt')?.reserved ?? 0;
    assert.ok(reserved > 2 * 110, `${reserved} USDT: the worse side is charged in full`);
    assert.equal(openOrders(await world.books()).length, 3);
    await world.setMark('BTCUSDT', 58_990);
    await until(
      'the opposite ones are canceled',
      world.advancing(500, async () =>
        (await Promise.all(above.map((one) => statusOf(world, one)))).flat().every((one) => one === 'canceled'),
      ),
    );
    assert.ok((await statusOf(world, below)).includes('filled'));
    await world.setMark('BTCUSDT', 61_200);
    assert.ok((await world.position('BTCUSDT')) > 0);
  });

  it('ORDER_UNPROVEN: while nobody knows what became of an order, nothing opens; once it is proven, it does [EX-17]', async () => {
    await place(world, { requested_notional: 300 }, alice);
    await world.fault({ kind: 'reject-503-unknown', accepted: false, match: SEND });
    await world.mustPlace('unknown', { requested_notional: 200 }, alice);
    const refused = await codes(world, { requested_notional: 120 }, alice);
    assert.ok(refused.includes('ORDER_UNPROVEN'), refused.join());
    await world.advance(2 * world.daemon.gate.core.ports.venue.acceptanceHorizonMs);
    await until(
      'it is proven',
      world.advancing(
        1_000,
        async () => !(await codes(world, { requested_notional: 120 }, alice)).includes('ORDER_UNPROVEN'),
      ),
    );
  });
});

describe('while an exit that closes now is worked, nothing opens [DESIGN 12.1]', () => {
  const world = suiteWorld({
    answerWithinMs: 200,
    policy: { ...UNPACED, 'exits.rate': { max: 1, window_ms: 60_000 } },
  });
  afterEach(async () => {
    await makeFree(world);
    await world.advance(61_000);
  });

  const close = async (args: object = {}): Promise<ToolBody> =>
    (await world.tool('close_position', { symbol: 'BTCUSDT', ...args })).body;
  /** One exit has gone out, and the next ones wait for their rate. */
  const hold = async (): Promise<void> => {
    await place(world, { requested_notional: 905 });
    await close({ fraction: 0.1 });
  };

  it('EXIT_IN_PROGRESS names the decision, and says when to ask again [EX-18]', async () => {
    await hold();
    const waiting = await close({ fraction: 0.2 });
    assert.equal(waiting.execution.state, 'staging', JSON.stringify(waiting.execution));
    const { body } = await world.place({ requested_notional: 120 });
    const reason = body.decision.reasons.find(({ code }) => code === 'EXIT_IN_PROGRESS');
    assert.equal(reason?.observed, waiting.decision.decision_id);
    assert.ok((body.decision.retry_after_ms ?? 0) > 0);
    await world.advance(61_000);
    await until(
      'it is through',
      async () => !(await codes(world, { requested_notional: 120 })).includes('EXIT_IN_PROGRESS'),
    );
  });

  it('its asker may cancel it, and so may an operator', async () => {
    await hold();
    for (const cancel of [
      (id: string) => world.tool('cancel_order', { client_order_id: id }),
      (id: string) => world.operator('POST', '/v1/tools/cancel_order', { client_order_id: id }),
    ]) {
      const waiting = await close({ fraction: 0.2 });
      assert.ok((await codes(world, { requested_notional: 120 })).includes('EXIT_IN_PROGRESS'));
      await cancel(waiting.execution.orders[0]?.client_order_id ?? '');
      assert.ok(!(await codes(world, { requested_notional: 120 })).includes('EXIT_IN_PROGRESS'));
    }
  });

  it('of ten open parts an eleventh is refused; a full close is taken in their place [EX-30]', async () => {
    await hold();
    const parts: ToolBody[] = [];
    for (let i = 0; i < 10; i += 1) parts.push(await close({ fraction: 0.1 }));
    assert.ok(parts.every(({ decision }) => decision.decision !== 'BLOCK'));
    const eleventh = await close({ fraction: 0.1 });
    assert.deepEqual([eleventh.decision.decision, codesOf(eleventh)], ['BLOCK', ['EXIT_IN_PROGRESS']]);
    const whole = await close();
    assert.equal(whole.decision.decision, 'ALLOW', JSON.stringify(whole.decision.reasons));
    await until('they are over', async () =>
      (await Promise.all(parts.map((part) => statusOf(world, part)))).flat().every((status) => status === 'canceled'),
    );
    await world.advance(61_000);
    await until('all is closed', async () => (await world.position('BTCUSDT')) === 0);
  });
});

describe('leverage of what is opened [DESIGN 12.1]', () => {
  const world = suiteWorld({ policy: { ...UNPACED, agents: { default: {}, careful: { budgets: { leverage: 1 } } } } });

  const setting = async (): Promise<number | undefined> =>
    (await world.books()).positions.find(({ symbol }) => symbol === 'BTCUSDT')?.leverage;
  const setByHand = async (leverage: number): Promise<void> => {
    await human(world, 'POST', '/fapi/v1/leverage', { leverage: String(leverage) });
    await until(
      'it is known',
      world.advancing(6_000, () => viewOf(world).leverage === leverage),
    );
  };

  it('an agent capped at 1x is held at 1x, and refused where the venue stands at 3x while it holds [EX-20]', async () => {
    const careful = world.createAgent('careful');
    await setByHand(3);
    const { body } = await world.place({ requested_notional: 181 }, careful);
    assert.equal(body.decision.decision, 'ALLOW', JSON.stringify(body.decision.reasons));
    assert.equal(await setting(), 1, 'set before the first opening');
    await setByHand(3);
    const refused = await world.place({ requested_notional: 150 }, careful);
    assert.deepEqual([refused.body.decision.decision, codesOf(refused.body)], ['BLOCK', ['LEVERAGE_LOCKED']]);
    await world.must('filled', 'close_position', { symbol: 'BTCUSDT' }, careful);
  });
});

describe('after a recovery everything is nobody’s [DESIGN 12.1]', () => {
  it('a new token of an old name closes and opens nothing there, and nothing of before rests on', async (t) => {
    const world = await DaemonWorld.of(t, { policy: UNPACED, leaveOrders: true });
    const alice = world.createAgent('alice');
    await place(world, { requested_notional: 300 }, alice);
    await place(world, BELOW, alice);
    const held = await world.position('BTCUSDT');
    await world.recover();
    await world.startAgain();
    await world.untilReady();
    const again = world.createAgent('alice');
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'looked at' });
    const close = await world.tool('close_position', { symbol: 'BTCUSDT' }, again);
    assert.deepEqual([close.body.decision.decision, codesOf(close.body)], ['BLOCK', ['EXIT_SCOPE']]);
    assert.ok((await codes(world, {}, again)).includes('SYMBOL_UNOWNED'));
    await until(
      'nothing rests',
      world.advancing(2_000, async () => openOrders(await world.books()).length === 0),
    );
    assert.equal(await world.position('BTCUSDT'), held);
    const ops = await world.operator<ToolBody>('POST', '/v1/tools/close_position', { symbol: 'BTCUSDT' });
    assert.equal(ops.body.execution.state, 'filled', JSON.stringify(ops.body));
    assert.ok(checkAudit(world) > 0);
  });
});
