import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { FlattenBody } from '../../../../daemon/contract/types/operator.ts';
import { until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('a flatten while the account cannot be read', () => {
  const world = suiteWorld({ wall: true });
  before(async () => {
    await world.setMark('ETHUSDT', 3_000);
  });

  it('does not call flat what is held by somebody else’s order, and closes it when it can', async () => {
    await world.fault({ kind: 'status', status: 500, count: 100_000, match: { path: '/fapi/v3/positionRisk' } });
    const bought = { symbol: 'ETHUSDT', side: 'BUY', type: 'MARKET', quantity: '0.1' };
    assert.equal((await world.hand('POST', '/fapi/v1/order', bought)).status, 200);
    const { body } = await world.operator<FlattenBody>('POST', '/v1/flatten', { reason: 'test' });
    assert.deepEqual([body.canceled, body.positions_left], [false, []]);
    assert.match(body.note, /could not be read/);
    await world.control('clear-faults', {});
    await until('it is closed', async () => (await world.position('ETHUSDT')) === 0, 60_000);
    const again = await world.operator<FlattenBody>('POST', '/v1/flatten', { reason: 'test' });
    assert.deepEqual([again.body.canceled, again.body.positions_left], [true, []]);
    assert.match(again.body.note, /^flat/);
  });
});

describe('a flatten that an operator takes back while the venue fails [BY-32]', () => {
  const world = suiteWorld({ wall: true, policy: UNPACED });
  before(async () => {
    await world.setMark('BTCUSDT', 60_000);
    await world.setMark('ETHUSDT', 3_000);
  });

  const set = async (state: string): Promise<void> => {
    assert.equal((await world.operator('PUT', '/v1/trading-state', { state, reason: 'a mistake' })).status, 200);
  };
  const flatten = async () => (await world.operator<FlattenBody>('POST', '/v1/flatten', { reason: 'test' })).body;
  const rest = async (): Promise<string> => {
    const below = { symbol: 'ETHUSDT', order_type: 'limit', limit_price: 2_900, requested_notional: 150 };
    const { body } = await world.place(below);
    return body.execution.state;
  };
  const resting = async (): Promise<number> =>
    (await world.books()).orders.filter((one) => one.symbol === 'ETHUSDT' && one.status === 'NEW').length;

  it('closes nothing and cancels nothing after that, and says so', async () => {
    await world.place({ requested_notional: 600 });
    const held = await world.position('BTCUSDT');
    const lists = { method: 'GET', path: '/fapi/v1/openOrders' };
    await world.fault({ kind: 'stall-body', ms: 30_000, count: 1_000, match: lists });
    const exits = { method: 'POST', path: '/fapi/v1/order', symbol: 'BTCUSDT' };
    await world.fault({
      kind: 'error',
      code: -2022,
      msg: 'ReduceOnly Order is rejected.',
      count: 10_000,
      match: exits,
    });
    const answer = flatten();
    await world.sleep(500);
    await set('active');
    assert.equal(await rest(), 'working');
    await world.sleep(8_000);
    await world.control('clear-faults', {});
    await world.sleep(20_000);
    assert.equal(await world.position('BTCUSDT'), held, 'nothing is closed');
    assert.equal(await resting(), 1, 'what was opened since rests');
    const { canceled, note, positions_left: left } = await answer;
    assert.deepEqual([canceled, left.map(({ symbol }) => symbol)], [false, ['BTCUSDT']]);
    assert.match(note, /the flatten is over/);
  });

  it('nor does an exit of it that the venue kept refusing', async () => {
    const held = await world.position('BTCUSDT');
    assert.ok(held > 0);
    const sends = { method: 'POST', path: '/fapi/v1/order' };
    await world.fault({ kind: 'error', code: -1008, msg: 'busy', count: 10_000, match: sends });
    const answer = flatten();
    await world.sleep(4_000);
    await set('active');
    await world.control('clear-faults', {});
    await world.sleep(30_000);
    assert.equal(await world.position('BTCUSDT'), held);
    assert.match((await answer).note, /the flatten is over/);
    // A halt that is no flatten does not take it up again.
    await set('halted');
    await world.sleep(30_000);
    assert.equal(await world.position('BTCUSDT'), held);
    await flatten();
    await world.sleep(5_000);
    assert.equal(await world.position('BTCUSDT'), 0, 'another one closes it');
  });
});
