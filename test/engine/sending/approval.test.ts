import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildForeignOrder, type OrderState } from '../../../daemon/engine/orders/orders.ts';
import { Approvals } from '../../../daemon/engine/sending/approval.ts';
import { LOT_E8, TICK_E8 } from '../fold-fixture.ts';

function orderInFlight(): OrderState {
  const foreign = buildForeignOrder(
    {
      average_price: null,
      client_order_id: 'hfabcdef1-0-0',
      detail: null,
      executed_e8: 0,
      foreign: {
        close_position: false,
        kind: 'regular',
        quantity_e8: 3 * LOT_E8,
        order_type: 'limit',
        price_e8: 600_000 * TICK_E8,
        reduce_only: false,
        side: 'buy',
        symbol: 'BTCUSDT',
        trigger_e8: null,
      },
      retryable: false,
      status: 'in_flight',
      venue_at_ms: 1,
      venue_order_id: null,
    },
    1,
  );
  assert.ok(foreign !== null, 'an order was described');
  return { ...foreign, foreign: false };
}

test('SAE-NONBYPASS: a client order id is approved once; a second time is refused [TM-1 TM-3]', () => {
  const approvals = new Approvals();
  const order = orderInFlight();
  assert.equal(approvals.approveOrder(order, 0).clientOrderId, order.clientOrderId);
  assert.throws(() => approvals.approveOrder(order, 0), /sent already/);
});

test('SAE-NONBYPASS: only an order in flight, and never a foreign one, is approved', () => {
  const approvals = new Approvals();
  assert.throws(() => approvals.approveOrder({ ...orderInFlight(), status: 'pending_send' }, 0), /not in flight/);
  assert.throws(() => approvals.approveOrder({ ...orderInFlight(), foreign: true }, 0), /foreign/);
});
