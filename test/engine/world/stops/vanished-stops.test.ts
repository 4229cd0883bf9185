import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { unownedE8 } from '../../../../daemon/engine/orders/holding.ts';
import { DaemonWorld, until } from '../../../daemon/harness.ts';
import { UNPACED } from '../../../daemon/policy-edits.ts';
import { createClient } from '../../../exchange-sim/signed-client.ts';
import { checkAudit } from '../../../recorded/verdicts.ts';
import { inLots } from '../../fold-fixture.ts';

const LOOK_UP = { method: 'GET', path: '/fapi/v1/algoOrder' };
const MISSING = { kind: 'error', code: -2013, msg: 'Order does not exist.', match: LOOK_UP, count: 100_000 };

describe('a protective stop of which the exchange says that there is none', () => {
  let world: DaemonWorld;
  beforeEach(async () => {
    world = await DaemonWorld.start({
      wall: true,
      policy: { ...UNPACED, protection: { required: true, stop_bps: 300 }, 'account.concentration.floor_usdt': 4_000 },
    });
    await world.setMark('BTCUSDT', 60_000);
  });
  afterEach(() => world.close());

  const hold = async (): Promise<void> => {
    await world.mustPlace('filled', { side: 'buy', requested_notional: 860 });
    await until('its stop', async () => (await world.books()).algo_orders.some(({ status }) => status === 'NEW'));
    await world.sleep(3_000);
  };
  const stale = (path: string, ms: number): Promise<void> => world.fault({ kind: 'stale-list', match: { path }, ms });
  const stop = (): { readonly status: string; readonly filled: number } => {
    const all = [...world.daemon.gate.core.state.orders.all.values()];
    const last = all.filter(({ protective }) => protective).at(0);
    return { status: last?.status ?? '', filled: inLots(last?.executedE8) ?? 0 };
  };
  const view = (): object => {
    const position = world.daemon.gate.core.state.position('BTCUSDT');
    const { holder, quantityE8 } = position;
    return { holder, lots: inLots(quantityE8), unownedLots: inLots(unownedE8(position)) };
  };
  const FLAT = { holder: null, lots: 0, unownedLots: 0 };

  it('counts until its trade is told, which ends it: filled', async () => {
    await hold();
    await world.fault(MISSING);
    for (const path of ['/fapi/v1/userTrades', '/fapi/v1/allOrders']) await stale(path, 20_000);
    await world.setMark('BTCUSDT', 58_000);
    await world.sleep(15_000);
    assert.notEqual(stop().status, 'canceled', 'the account lacks what it may have closed');
    await until('it is told', () => stop().status === 'filled', 30_000);
    assert.deepEqual([stop().filled, view()], [14, FLAT]);
    await world.sleep(15_000);
    assert.deepEqual(view(), FLAT);
    assert.ok(checkAudit(world) > 0);
  });

  it('that ended as canceled, for the account lagged as well: the trade puts the position right', async () => {
    await hold();
    await world.fault(MISSING);
    for (const path of ['/fapi/v1/userTrades', '/fapi/v1/allOrders']) await stale(path, 20_000);
    await world.fault({ kind: 'stale-positions', ms: 60_000 });
    await world.setMark('BTCUSDT', 58_000);
    await until('it counts as canceled', () => stop().status === 'canceled', 20_000);
    assert.deepEqual(view(), { holder: 'agent', lots: 14, unownedLots: 0 });
    await until('its trade is told', () => stop().filled === 14, 90_000);
    assert.deepEqual(view(), FLAT);
    await world.sleep(30_000);
    assert.deepEqual(view(), FLAT);
    assert.ok(checkAudit(world) > 0);
  });

  it('that a person has canceled, and who has closed the position: it is canceled', async () => {
    await hold();
    const client = createClient(world.sim);
    const [algo] = (await world.books()).algo_orders.filter(({ status }) => status === 'NEW');
    await client.send('DELETE', '/fapi/v1/algoOrder', {
      symbol: 'BTCUSDT',
      clientAlgoId: String(algo?.client_algo_id),
    });
    await world.fault(MISSING);
    await client.send('POST', '/fapi/v1/order', { symbol: 'BTCUSDT', side: 'SELL', type: 'MARKET', quantity: '0.014' });
    await until('it is canceled', () => stop().status === 'canceled', 30_000);
    await until('flat', () => world.daemon.gate.core.state.position('BTCUSDT').quantityE8 === 0, 60_000);
  });
});
