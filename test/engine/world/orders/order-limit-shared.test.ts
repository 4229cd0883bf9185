import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import type { IntendedPolicySpec } from '../../../../daemon/core/policy.ts';
import { openOrders } from '../../../bypasses/attempts.ts';
import { type BookOrder, type Mutable, type ToolBody, until } from '../../../daemon/harness.ts';
import { editPolicy, UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const BTC = { symbol: 'BTCUSDT' };
/** Open orders that the exchange takes of an account in a symbol, in these tests. */
const LIMIT = 6;

function withPlentyOfRoom(spec: Mutable<IntendedPolicySpec>): void {
  editPolicy(spec, UNPACED);
  Object.assign(spec.budgets, { symbol_notional_usdt: 100_000, gross_notional_usdt: 100_000 });
  spec.account.concentration.floor_usdt = 100_000;
}

describe('the venue’s limit on open orders is shared out [DESIGN 12.4]', () => {
  const world = suiteWorld({
    wall: true,
    policy: (spec) => {
      withPlentyOfRoom(spec);
      spec.standing.resting = 100;
    },
  });
  afterEach(async () => {
    await world.control('clear-faults', {});
    await world.setMark('BTCUSDT', 60_000, { spread_bps: 0 });
    await human('DELETE', '/fapi/v1/allOpenOrders', {});
    await world.control('set-instrument', { ...BTC, max_orders: 200 });
    await world.operator('POST', '/v1/flatten', { reason: 'test over' });
    await until('flat', async () => (await world.position('BTCUSDT')) === 0, 120_000);
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test over' });
    await until(
      'all is known',
      world.refreshing(async () => (await open()).length === 0 && world.daemon.gate.core.state.claims.open.size === 0),
    );
  });

  const human = (method: string, path: string, params: Record<string, string>) =>
    world.hand(method, path, { ...BTC, ...params });
  const open = async (): Promise<readonly BookOrder[]> => openOrders(await world.books()) as readonly BookOrder[];
  const idsOf = (orders: readonly BookOrder[]): readonly string[] => orders.map((one) => String(one.client_order_id));
  const place = async (change: object): Promise<ToolBody> => {
    const { body } = await world.place(change);
    return body;
  };
  const hold = async (): Promise<void> => {
    const { decision, execution } = await place({ requested_notional: 600 });
    assert.equal(execution.state, 'filled', JSON.stringify(decision.reasons));
  };
  const restOpening = async (price: number): Promise<string> => {
    const { decision, execution } = await place({
      order_type: 'limit',
      limit_price: price,
      requested_notional: price / 1_000,
    });
    assert.equal(execution.state, 'working', JSON.stringify(decision.reasons));
    return execution.orders[0]?.client_order_id ?? '';
  };
  const askForRest = (price: number): Promise<ToolBody> =>
    place({ intent: 'close', side: 'sell', order_type: 'limit', limit_price: price, requested_notional: 70 });
  const restExit = async (price: number): Promise<string> => {
    const { decision, execution } = await askForRest(price);
    assert.equal(execution.state, 'working', JSON.stringify(decision.reasons));
    return execution.orders[0]?.client_order_id ?? '';
  };
  const restForeign = async (count: number): Promise<readonly string[]> => {
    for (let i = 0; i < count; i += 1)
      await human('POST', '/fapi/v1/order', {
        side: 'BUY',
        type: 'LIMIT',
        timeInForce: 'GTC',
        price: String(50_000 + i),
        quantity: '0.002',
        newClientOrderId: `hand-${world.nowMs()}-${i}`,
      });
    return idsOf(await open()).filter((id) => id.startsWith('hand'));
  };
  const full = () => world.control('set-instrument', { ...BTC, max_orders: LIMIT });
  const close = async (fraction?: number, change: object = {}): Promise<ToolBody> =>
    (await world.tool('close_position', { ...BTC, ...(fraction === undefined ? {} : { fraction }), ...change })).body;

  it('an exit that the venue has no room for takes the place of the newest resting opening [EX-46]', async () => {
    await hold();
    const openings: string[] = [];
    for (let i = 0; i < LIMIT; i += 1) openings.push(await restOpening(50_000 + i));
    await full();
    const { execution } = await close(0.5);
    assert.equal(execution.state, 'filled', JSON.stringify(execution));
    await until('one is gone', async () => (await open()).length < LIMIT);
    assert.deepEqual(idsOf(await open()), openings.slice(0, -1), 'one, and it is the newest');
  });

  it('where only exits rest, it takes the place of the newest, which rests again once there is room [EX-48]', async () => {
    await hold();
    const exits: string[] = [];
    for (let i = 0; i < LIMIT; i += 1) exits.push(await restExit(66_000 + i));
    await full();
    const { execution } = await close(0.2);
    assert.equal(execution.state, 'filled', JSON.stringify(execution));
    await until('the newest rests again', async () => (await open()).length === LIMIT, 20_000);
    const ids = idsOf(await open());
    assert.deepEqual(ids.slice(0, LIMIT - 1), exits.slice(0, -1), 'the others have stayed');
    assert.ok(!ids.includes(exits[LIMIT - 1] ?? ''), 'under an id of its own');
  });

  it('as soon as there is room, also while that exit waits for the market to come within its bound', async () => {
    await hold();
    for (let i = 0; i < LIMIT; i += 1) await restExit(66_000 + i);
    await full();
    await world.setMark('BTCUSDT', 60_000, { spread_bps: 80 });
    const answer = await close(0.2, { max_slippage_bps: 10 });
    const { claims } = world.daemon.gate.core.state;
    await until('one has made room', async () => (await open()).length < LIMIT, 20_000);
    await until('it rests again', async () => (await open()).length === LIMIT, 20_000);
    assert.ok(claims.isOpen(answer.decision.decision_id), 'and the exit goes on');
    await world.setMark('BTCUSDT', 60_000, { spread_bps: 0 });
    await until('it closes', () => !claims.isOpen(answer.decision.decision_id), 20_000);
    await until('all rest', async () => (await open()).length === LIMIT, 20_000);
  });

  it('never of what is not ours: it waits, is given up by nobody, and closes once there is room [EX-47]', async () => {
    await hold();
    const foreign = await restForeign(LIMIT);
    await full();
    const answer = await close();
    assert.notEqual(answer.decision.decision, 'BLOCK');
    await world.sleep(120_000);
    assert.deepEqual([(await world.position('BTCUSDT')) > 0, idsOf(await open())], [true, foreign]);
    assert.ok(world.daemon.gate.core.state.claims.isOpen(answer.decision.decision_id), 'it goes on');
    await human('DELETE', '/fapi/v1/allOpenOrders', {});
    await until('it closes', async () => (await world.position('BTCUSDT')) === 0, 20_000);
  });

  it('an exit that would rest waits, and cancels nothing [EX-48]', async () => {
    await hold();
    const openings: string[] = [];
    for (let i = 0; i < LIMIT; i += 1) openings.push(await restOpening(50_000 + i));
    await full();
    const answer = await askForRest(66_000);
    assert.notEqual(answer.decision.decision, 'BLOCK');
    await world.sleep(120_000);
    assert.deepEqual(idsOf(await open()), openings);
    assert.ok(world.daemon.gate.core.state.claims.isOpen(answer.decision.decision_id), 'it waits');
    await world.tool('cancel_order', { client_order_id: openings[0] });
    await until('it rests', async () => (await open()).some(({ side }) => side === 'SELL'), 20_000);
  });
});

describe('OPENINGS_RESTING: openings beyond what the venue’s limit leaves to them [DESIGN 12.4]', () => {
  const world = suiteWorld({ policy: withPlentyOfRoom });

  const codes = ({ decision }: ToolBody): readonly string[] => decision.reasons.map(({ code }) => code);
  const rest = async (price: number, change: object = {}): Promise<ToolBody> => {
    const limit = { order_type: 'limit', limit_price: price, requested_notional: price / 1_000, ...change };
    return (await world.place(limit)).body;
  };

  it('one agent has twenty in a symbol, and one more is refused, also if it would not rest [EX-21]', async () => {
    for (let i = 0; i < 20; i += 1) assert.deepEqual(codes(await rest(50_000 + i)), [], `${i}`);
    const refused = await rest(50_100);
    assert.deepEqual(codes(refused), ['OPENINGS_RESTING']);
    const [{ limit, observed } = { limit: null, observed: null }] = refused.decision.reasons;
    assert.deepEqual([observed, limit], [20, 20]);
    assert.deepEqual(codes((await world.place()).body), ['OPENINGS_RESTING']);
    const [first] = await world.orders('?open=true');
    const amended = await world.tool('modify_order', { client_order_id: first?.client_order_id, limit_price: 50_200 });
    assert.deepEqual(codes(amended.body), [], 'an amend adds none');
    await world.tool('cancel_order', { client_order_id: first?.client_order_id });
    assert.deepEqual(codes(await rest(50_101)), []);
  });

  it('together they take half of the venue’s limit, and no more [EX-21 PK-51]', async () => {
    await world.tool('cancel_all', {});
    await world.control('set-instrument', { ...BTC, max_orders: 9 });
    await world.advance(3_600_000);
    await until('the rules are read', () => world.daemon.gate.core.state.rules.get('BTCUSDT')?.maxOrders === 9);
    for (let i = 0; i < 4; i += 1) assert.deepEqual(codes(await rest(51_000 + i)), [], `${i}`);
    const refused = await rest(51_100);
    assert.deepEqual(codes(refused), ['OPENINGS_RESTING']);
    assert.deepEqual([refused.decision.reasons[0]?.observed, refused.decision.reasons[0]?.limit], [4, 4]);
  });
});
