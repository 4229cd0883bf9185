import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openOrders, orderOf } from '../../../bypasses/attempts.ts';
import { order, START_MS } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe('the exchange is told until when an opening may rest', () => {
  const world = suiteWorld({
    leaveOrders: true,
    policy: {
      ...UNPACED,
      'account.concentration': { share: 0.99, floor_usdt: 3_000 },
      'standing.resting_ttl_ms': 2 * HOUR,
    },
  });
  const rest = async (price: number, more: object = {}): Promise<string> => {
    const args = order({ order_type: 'limit', limit_price: price, requested_notional: 180, ...more });
    const body = await world.must('working', 'place_order', args);
    return body.execution.orders[0]?.client_order_id ?? '';
  };
  const goodTill = async (id: string): Promise<unknown> => {
    const { good_till_ms: till, time_in_force: tif } = orderOf(await world.books(), id);
    return [tif, till];
  };

  it('until its end, or 660 s ahead where that is later; an exit rests on, and what takes names no date [AN-7 EX-51 TM-60]', async () => {
    const soon = await rest(58_000, { valid_until_ms: START_MS + 10 * MINUTE });
    assert.deepEqual(await goodTill(soon), ['GTD', START_MS + 660 * SECOND]);
    const late = await rest(57_900, { valid_until_ms: START_MS + HOUR + 1 });
    assert.deepEqual(await goodTill(late), ['GTD', START_MS + HOUR + SECOND], 'whole seconds');
    const longest = await rest(57_800);
    assert.deepEqual(await goodTill(longest), ['GTD', START_MS + 2 * HOUR]);
    await world.tool('cancel_all', {});
    const { body } = await world.place({ requested_notional: 200 });
    assert.deepEqual(await goodTill(body.execution.orders[0]?.client_order_id ?? ''), ['IOC', 0]);
    const exit = await rest(63_000, { intent: 'close', side: 'sell' });
    assert.deepEqual(await goodTill(exit), ['GTC', 0]);
    assert.equal(orderOf(await world.books(), exit).reduce_only, true);
    await world.tool('cancel_all', {});
    await world.tool('close_position', { symbol: 'BTCUSDT' });
  });

  it('an amended order keeps its date', async () => {
    const id = await rest(57_700, { valid_until_ms: START_MS + HOUR });
    await world.advance(SECOND);
    await world.tool('modify_order', { client_order_id: id, limit_price: 57_600 });
    assert.deepEqual(await goodTill(id), ['GTD', START_MS + HOUR]);
    await world.tool('cancel_all', {});
  });

  it('with the daemon down it expires there, and is told as expired afterwards [EX-67 TM-59]', async () => {
    const endMs = world.nowMs() + 20 * MINUTE;
    const id = await rest(57_500, { valid_until_ms: endMs });
    await world.daemon.close();
    await world.control('advance', { ms: 20 * MINUTE + 2 * SECOND });
    await world.control('set-mark', { symbol: 'BTCUSDT', price: '57400' });
    assert.equal(orderOf(await world.books(), id).status, 'EXPIRED');
    await world.startAgain();
    assert.equal(await world.position('BTCUSDT'), 0);
    assert.equal(openOrders(await world.books()).length, 0);
    const [reported] = (await world.orders()).filter((each) => each.client_order_id === id);
    assert.equal(reported?.status, 'expired');
  });
});
