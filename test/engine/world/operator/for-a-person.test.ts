import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SignalEntryBody, SignalsBody } from '../../../../daemon/contract/types/operator.ts';
import type { AlertsBody, OrderBody } from '../../../../daemon/contract/types/reads.ts';
import type { OrderState } from '../../../../daemon/engine/orders/orders.ts';
import type { SignalEvent } from '../../../../daemon/engine/records/people-events.ts';
import { order, until } from '../../../daemon/harness.ts';
import { suiteWorld } from '../../../daemon/suite-world.ts';

describe('what waits for a person: alerts, signals, lost orders', () => {
  const world = suiteWorld({
    policy: { protection: { required: true, stop_bps: 300 }, 'temporal.duplicate_window_ms': 1 },
  });
  const state = () => world.daemon.gate.core.state;
  const layer = (symbol: string) => state().layers.get(`breaker|symbol|${symbol}`)?.state ?? 'active';
  const isOpen = async (): Promise<boolean> => {
    const { body } = await world.dryRun('place_order', order());
    return body.decision.decision !== 'BLOCK';
  };
  const humanTrades = (params: Record<string, string>) =>
    world.hand('POST', '/fapi/v1/order', { symbol: 'BTCUSDT', type: 'MARKET', ...params });
  /** A stop whose answer is lost, and which never arrived. */
  const loseStop = async (): Promise<OrderState> => {
    const known = new Set(state().orders.all.keys());
    await world.fault({ kind: 'drop-before', count: 1, match: { method: 'POST', path: '/fapi/v1/algoOrder' } });
    await world.mustPlace('filled');
    const find = () =>
      [...state().orders.all.values()].find(
        (one) => one.protective && !known.has(one.clientOrderId) && one.status === 'unknown',
      );
    await until(
      'an unknown stop',
      world.refreshing(() => find() !== undefined),
    );
    return find() as OrderState;
  };
  const reset = async (): Promise<void> => {
    await world.operator('POST', '/v1/flatten', { reason: 'test over' });
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test over' });
    for (let i = 0; i < 4; i += 1) await world.advance(20_000);
    await until('flat', async () => {
      await world.advance(1_000);
      const isFlat = (await world.position('BTCUSDT')) === 0 && state().position('BTCUSDT').quantityE8 === 0;
      return isFlat && layer('BTCUSDT') === 'active';
    });
  };

  it('SAE-TRUST an operator ends a signal before its time, and the ledger says who and why', async () => {
    const scope = { symbol: 'BTCUSDT' };
    const sent = { kind: 'anomaly', scope, severity: 1, ttl_ms: 600_000 };
    const { body: added } = await world.call<{ signal_id: string }>(
      'POST',
      '/v1/signals',
      sent,
      world.token('monitor'),
    );
    assert.equal(await isOpen(), false);
    const { body: listed } = await world.operator<SignalsBody>('GET', '/v1/signals');
    assert.deepEqual(
      listed.signals.map(({ signal_id, kind, symbol }) => [signal_id, kind, symbol]),
      [[added.signal_id, 'anomaly', 'BTCUSDT']],
    );
    const path = `/v1/signals/${added.signal_id}/end`;
    for (const role of ['agent', 'monitor'] as const)
      assert.equal((await world.call('POST', path, { reason: 'x' }, world.token(role))).status, 403, role);
    const ended = await world.operator<SignalEntryBody>('POST', path, { reason: 'a false alarm' });
    assert.deepEqual([ended.status, ended.body.signal_id], [200, added.signal_id]);
    assert.equal(await isOpen(), true);
    assert.equal((await world.operator('POST', path, { reason: 'again' })).status, 404);
    await world.restart();
    assert.deepEqual((await world.operator<SignalsBody>('GET', '/v1/signals')).body.signals, []);
    assert.equal(await isOpen(), true, 'also after a restart');
    const last = [...world.daemon.ledger.iterateEvents({ kind: 'signal' })].at(-1)?.payload as SignalEvent;
    assert.deepEqual([last.ended_reason, last.signal_id], ['a false alarm', added.signal_id]);
  });

  it('alerts are listed newest first, page by page, to operators alone [AL-1]', async () => {
    for (const n of [1, 2, 3]) world.daemon.gate.core.alert('TEST', `alert ${n}`);
    const first = (await world.operator<AlertsBody>('GET', '/v1/alerts?limit=2')).body;
    assert.deepEqual(
      first.alerts.map((alert) => alert.detail),
      ['alert 3', 'alert 2'],
    );
    const second = (await world.operator<AlertsBody>('GET', `/v1/alerts?limit=1&cursor=${first.next}`)).body;
    assert.equal(second.alerts[0]?.detail, 'alert 1');
    assert.equal((await world.operator('GET', '/v1/alerts?cursor=forged')).status, 400);
    assert.equal((await world.call('GET', '/v1/alerts')).status, 403);
  });

  it('BY-12 an unknown stop ends by itself when the trade beside it is of an order that does not only reduce, as a stop does', async () => {
    const stop = await loseStop();
    await humanTrades({ side: 'SELL', quantity: '0.001' });
    await world.advance(20_000);
    await until(
      'its end',
      world.advancing(1_000, () => stop.status !== 'unknown'),
      30_000,
    );
    assert.equal(stop.status, 'not_placed');
    await until('the symbol is open', () => layer('BTCUSDT') === 'active');
    await reset();
  });

  it('BY-12 one that may have closed something stays lost until an operator ends it [AN-264 AN-265]', async () => {
    const stop = await loseStop();
    await humanTrades({ side: 'SELL', quantity: '0.001', reduceOnly: 'true' });
    const path = `/v1/orders/${stop.clientOrderId}/end`;
    const early = await world.operator('POST', path, { reason: 'x' });
    assert.equal(early.status, 400, 'only what is lost');
    await world.advance(20_000);
    world.loseOrder(stop.clientOrderId);
    for (let i = 0; i < 4; i += 1) await world.advance(10_000);
    assert.deepEqual([stop.status, layer('BTCUSDT')], ['lost', 'reducing']);
    await world.operator('PUT', '/v1/trading-state', { state: 'active', reason: 'test', symbol: 'BTCUSDT' });
    assert.equal(layer('BTCUSDT'), 'reducing', '`active` proves nothing of an order');
    assert.equal((await world.call('POST', path, { reason: 'x' })).status, 403);
    assert.equal((await world.operator('POST', '/v1/orders/hf0/end', { reason: 'x' })).status, 404);
    const ended = await world.operator<OrderBody>('POST', path, { reason: 'never placed' });
    assert.deepEqual([ended.status, ended.body.status], [200, 'canceled'], JSON.stringify(ended.body));
    await until('the symbol is open', () => layer('BTCUSDT') === 'active', 15_000);
    assert.equal(stop.detail, 'ended by operator: never placed');
    await until(
      'the position has its stop again',
      world.advancing(6_000, async () => (await world.books()).algo_orders.some((algo) => algo.status === 'NEW')),
    );
  });
});
