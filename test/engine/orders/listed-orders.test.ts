import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isTerminal, liveOrders } from '../../../daemon/engine/orders/orders.ts';
import { KEEP_UNPROVEN_MS } from '../../../daemon/engine/state/views.ts';
import {
  asListed,
  BTC_RULES,
  DAY,
  decisionEvent,
  FoldedLedger,
  inLots,
  LOT_E8,
  orderEvent,
  T0,
  tradeEvent,
} from '../fold-fixture.ts';

const SHOWN = asListed(30, 590_000);

describe('SAE-AUDIT: an order that the open list shows after its end', () => {
  const started = (): FoldedLedger => {
    const ledger = new FoldedLedger();
    ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
    return ledger;
  };
  const tick = (ledger: FoldedLedger, atMs: number) =>
    ledger.append({ kind: 'alert', at_ms: atMs, payload: { code: 'TEST', detail: '', symbol: null } });

  it('lives again with its agent, and is not forgotten while it lives', () => {
    const ledger = started();
    ledger.append(decisionEvent({ id: 'd-1', atMs: T0, orders: [{ client_order_id: 'o-1' }] }));
    ledger.append(orderEvent('o-1', T0 + 1, { executed_lots: 2, status: 'partially_filled' }));
    ledger.append(orderEvent('o-1', T0 + 2, { executed_lots: 2, status: 'canceled' }));
    ledger.append(orderEvent('o-1', T0 + 3, { executed_lots: 3, status: 'partially_filled', foreign: SHOWN }));
    const order = ledger.state.orders.all.get('o-1');
    assert.ok(order !== undefined, 'it is known');
    assert.deepEqual(
      [order.agent, order.foreign, inLots(order.quantityE8), inLots(order.executedE8)],
      ['alice', false, 10, 3],
    );
    assert.equal(inLots(ledger.state.position('BTCUSDT').quantityE8), 3, 'what it filled is the position');
    assert.ok(liveOrders(ledger.state.orders, 'BTCUSDT').has(order), 'it counts');
    tick(ledger, T0 + KEEP_UNPROVEN_MS + DAY);
    assert.ok(ledger.state.orders.all.has('o-1'), 'it has not ended');
    ledger.append(orderEvent('o-1', T0 + KEEP_UNPROVEN_MS + DAY, { executed_lots: 3, status: 'canceled' }));
    ledger.append(tradeEvent('t-1', 'o-1', T0 + KEEP_UNPROVEN_MS + DAY, { lots: 3 }));
    tick(ledger, T0 + 2 * KEEP_UNPROVEN_MS + DAY);
    assert.equal(ledger.state.orders.all.size, 0, 'now it has');
    assert.equal(ledger.refold().orders.all.size, 0, 'after a restart too');
  });

  it('BY-32 goes on being canceled when that was asked for', () => {
    const ledger = started();
    ledger.append(decisionEvent({ id: 'd-1', atMs: T0, orders: [{ client_order_id: 'o-1' }] }));
    ledger.append(orderEvent('o-1', T0 + 1, { status: 'working' }));
    const cancel = {
      action: 'cancel',
      client_order_id: 'o-1',
      quantity_e8: null,
      price_e8: null,
      reason: 'test',
    } as const;
    ledger.append({ kind: 'order_intent', at_ms: T0 + 2, payload: cancel });
    ledger.append(orderEvent('o-1', T0 + 3, { status: 'canceled' }));
    ledger.append(orderEvent('o-1', T0 + 4, { status: 'working', foreign: SHOWN }));
    for (const state of [ledger.state, ledger.refold()]) {
      const order = state.orders.all.get('o-1');
      assert.deepEqual([order?.status, order?.cancelRequested], ['working', true]);
    }
  });

  it('leaves the place to another order under its id, which stays when the first is forgotten', () => {
    const ledger = started();
    ledger.append(orderEvent('grid-1', T0, { foreign: { ...SHOWN, quantity_e8: 2 * LOT_E8 }, venue_order_id: '1' }));
    ledger.append(orderEvent('grid-1', T0 + 1, { status: 'canceled', venue_order_id: '1' }));
    ledger.append(orderEvent('grid-1', T0 + 2, { foreign: SHOWN, venue_order_id: '2' }));
    tick(ledger, T0 + KEEP_UNPROVEN_MS + DAY);
    const order = ledger.state.orders.all.get('grid-1');
    assert.deepEqual([order?.venueOrderId, inLots(order?.quantityE8), order?.status], ['2', 30, 'working']);
    assert.deepEqual([...liveOrders(ledger.state.orders, 'BTCUSDT')], [order], 'it alone counts');
  });

  it('is not brought back by a late report of its fills, as in older ledgers', () => {
    const ledger = started();
    ledger.append(decisionEvent({ id: 'd-1', atMs: T0, orders: [{ client_order_id: 'o-1' }] }));
    ledger.append(orderEvent('o-1', T0 + 1, { status: 'canceled' }));
    ledger.append(orderEvent('o-1', T0 + 2, { executed_lots: 4, status: 'partially_filled' }));
    const order = ledger.state.orders.all.get('o-1');
    assert.ok(order !== undefined && isTerminal(order) && inLots(order.executedE8) === 4, 'ended, with four lots');
  });
});
