import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { openOrders } from '../../../bypasses/attempts.ts';
import { order, until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';
import { inLots } from '../../fold-fixture.ts';

const PUT = { method: 'PUT', path: '/fapi/v1/order' };

describe('what tightens while an amend is on its way holds for the larger form (rule 15, BY-31)', () => {
  const world = suiteWorld({
    answerWithinMs: 300,
    policy: { 'temporal.duplicate_window_ms': 1, 'account.concentration': { share: 0.99, floor_usdt: 3_000 } },
  });
  afterEach(async () => {
    await world.control('clear-faults', {});
    await world.tool('cancel_all', {});
  });

  /** A small order whose amend to 950 USDT is on its way. */
  const amending = async (limitPrice: number, fault: object): Promise<string> => {
    const small = order({ order_type: 'limit', limit_price: limitPrice, requested_notional: 200 });
    const body = await world.must('working', 'place_order', small);
    const id = body.execution.orders[0]?.client_order_id ?? '';
    await world.advance(1_000);
    await world.fault({ ...fault, match: PUT });
    void world.tool('modify_order', { client_order_id: id, requested_notional: 800 });
    await until('the amend is decided', () => pendingLots(id) !== null);
    return id;
  };
  const find = (id: string) => world.daemon.gate.core.state.orders.all.get(id);
  const pendingLots = (id: string): number | null => inLots(find(id)?.amend?.quantityE8) ?? null;

  it('BY-31 the policy becomes stricter while the answer is lost: the larger order does not stay', async () => {
    const id = await amending(50_000, { kind: 'accept-then-timeout', ms: 1_000 });
    const narrative = { kind: 'narrative', scope: { symbol: 'BTCUSDT' }, severity: 1, ttl_ms: 5_000 };
    await world.call('POST', '/v1/signals', narrative, world.token('monitor'));
    await world.refresh();
    await until(
      'the order is gone',
      world.refreshing(async () => openOrders(await world.books()).length === 0),
    );
    assert.equal(find(id)?.status, 'canceled');
    await world.advance(61_000);
  });

  it('BY-31 the regime becomes extreme while it is delayed: nothing above the tightened cap is filled', async () => {
    const id = await amending(58_000, { kind: 'delay', ms: 700 });
    await world.setMark('BTCUSDT', 58_300);
    assert.equal(world.daemon.gate.core.market.symbol('BTCUSDT')?.heldRegime, 'extreme');
    await until(
      'the amend is proven',
      world.refreshing(() => pendingLots(id) === null || find(id)?.status === 'canceled'),
    );
    for (let i = 0; i < 3; i += 1) await world.advance(1_000);
    assert.equal(openOrders(await world.books()).length, 0, 'what no longer fits does not rest');
    await world.setMark('BTCUSDT', 57_900);
    assert.equal(await world.position('BTCUSDT'), 0, 'and is not filled');
  });
});
