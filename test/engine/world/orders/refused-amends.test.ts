import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { openOrders } from '../../../bypasses/attempts.ts';
import { codesIn, order } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('an agent cannot have the venue refuse us, at the cost of others (BY-07, BY-14)', () => {
  const world = suiteWorld({ policy: UNPACED });
  let mallory: string;
  let bobs: string;
  before(async () => {
    mallory = world.createAgent('mallory');
    const limit = order({ symbol: 'ETHUSDT', order_type: 'limit', limit_price: 2_900, requested_notional: 600 });
    const body = await world.must('working', 'place_order', limit, world.createAgent('bob'));
    bobs = body.execution.orders[0]?.client_order_id ?? '';
  });

  /** Nothing is closed, what another agent rests stays, and the venue has been asked to change nothing. */
  const stands = async (): Promise<void> => {
    await world.refresh();
    const { state, layers } = await world.tradingState();
    assert.deepEqual([state, layers.map((layer) => layer.reason)], ['active', []]);
    assert.ok(openOrders(await world.books()).some((entry) => entry.client_order_id === bobs));
    const intents = [...world.daemon.ledger.iterateEvents({ kind: 'order_intent' })];
    assert.deepEqual(
      intents.map((event) => (event.payload as { readonly action: string }).action),
      [],
    );
  };
  const codes = async (id: string, args: object): Promise<readonly string[]> => {
    const { body } = await world.tool('modify_order', { client_order_id: id, ...args }, mallory);
    assert.equal(body.decision.decision, 'BLOCK');
    return codesIn(body);
  };
  const place = async (args: object): Promise<string> => {
    const { body } = await world.place(args, mallory);
    assert.notEqual(body.decision.decision, 'BLOCK', JSON.stringify(body.decision.reasons));
    return body.execution.orders[0]?.client_order_id ?? '';
  };

  it('amends to what the order is, to less than the minimum, to no price of the venue: nothing is sent', async () => {
    const id = await place({ order_type: 'limit', limit_price: 58_000, requested_notional: 120 });
    for (let i = 0; i < 6; i += 1)
      assert.deepEqual(
        await codes(id, { limit_price: 20_000 - i }),
        ['BELOW_MINIMUM'],
        'two lots at 20,000 are 40 USDT',
      );
    assert.deepEqual(await codes(id, { limit_price: 58_000 }), ['ORDER_UNCHANGED']);
    assert.deepEqual(await codes(id, { limit_price: 1 }), ['PRICE_OUT_OF_RANGE']);
    await stands();
  });

  it('BY-14 a take-profit above every price rests at the highest one', async () => {
    await place({ requested_notional: 120 });
    const body = await world.mustPlace(
      'working',
      { intent: 'close', side: 'sell', order_type: 'limit', limit_price: 9_999_999, requested_notional: 1e8 },
      mallory,
    );
    assert.equal(body.decision.effective?.limit_price, '4529764.0');
    await stands();
  });

  it('BY-07 a take-profit is not moved to a price that its exit would not get, nor below the band of the venue', async () => {
    const [resting] = (await world.orders('?open=true')).filter((entry) => entry.reduce_only);
    const before = await world.position('BTCUSDT');
    assert.ok(resting !== undefined && before > 0, 'the take-profit of before');
    for (const limit_price of [58_100, 57_100, 56_000])
      assert.deepEqual(await codes(resting.client_order_id, { limit_price }), ['MODIFY_NOT_ALLOWED']);
    assert.equal(await world.position('BTCUSDT'), before, 'nothing was sold');
    await stands();
  });
});
