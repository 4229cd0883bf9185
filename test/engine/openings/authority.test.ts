import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { findEnded, TIME_OVER, WORD_GONE, whyEnded } from '../../../daemon/engine/openings/authority.ts';
import type { AuthorityNow } from '../../../daemon/engine/openings/authority-now.ts';
import type { OrderState } from '../../../daemon/engine/orders/orders.ts';
import { basePolicy } from '../../core/decision-fixture.ts';
import { decisionEvent, FoldedLedger, T0 } from '../fold-fixture.ts';

const TTL_MS = basePolicy.standing.resting_ttl_ms;
const NOW: AuthorityNow = {
  nowMs: T0,
  tMs: T0,
  policyHash: '0',
  spec: basePolicy,
  stands: () => true,
  isSpokenFor: () => true,
};

/** An opening at rest, as a record has it; `authority` absent: an older one. */
function fold(change: object, request: object = {}): { readonly ledger: FoldedLedger; readonly order: OrderState } {
  const ledger = new FoldedLedger();
  const event = decisionEvent({ id: 'd-1', atMs: T0, orders: [{ client_order_id: 'o-1' }], request });
  ledger.append({ ...event, payload: { ...event.payload, ...change } });
  const order = ledger.state.orders.all.get('o-1');
  assert.ok(order !== undefined);
  return { ledger, order };
}

describe('orders of records that say nothing of an authority', () => {
  it('end as the request said, or else by the time to live of the policy in force [PK-45]', () => {
    const { order } = fold({}, { valid_until_ms: T0 + 5_000 });
    assert.equal(whyEnded(order, { ...NOW, nowMs: T0 + 4_999, tMs: T0 + 4_999 }), null);
    assert.equal(whyEnded(order, { ...NOW, nowMs: T0 + 5_000, tMs: T0 + 5_000 }), TIME_OVER.valid_until_ms);
    const plain = fold({}, { valid_until_ms: null }).order;
    assert.equal(whyEnded(plain, { ...NOW, nowMs: T0 + TTL_MS - 1, tMs: T0 + TTL_MS - 1 }), null);
    assert.equal(whyEnded(plain, { ...NOW, nowMs: T0 + TTL_MS, tMs: T0 + TTL_MS }), TIME_OVER.resting_ttl_ms);
  });

  it('rest on the word of their agent, which somebody has to be able to speak for', () => {
    const { order } = fold({}, { origin: 'agent', valid_until_ms: null });
    assert.equal(whyEnded(order, { ...NOW, stands: () => false }), null, 'no token is on record');
    assert.equal(whyEnded(order, { ...NOW, isSpokenFor: () => false }), WORD_GONE);
  });
});

describe('the authority of an order', () => {
  const authority = { ends_at_ms: T0 + 5_000, ends_by: 'valid_until_ms', words: ['tok_1', 'pk-1'] };

  it('is the record itself, and each of its words is needed', () => {
    const { ledger, order } = fold({ authority });
    assert.deepEqual(
      findEnded(ledger.state, { ...NOW, stands: (id) => id !== 'pk-1' }).map(({ order: { clientOrderId }, why }) => [
        clientOrderId,
        why,
      ]),
      [['o-1', WORD_GONE]],
    );
    assert.deepEqual(findEnded(ledger.state, NOW), []);
    assert.equal(whyEnded(order, { ...NOW, nowMs: T0 + 5_000, tMs: T0 + 5_000 }), TIME_OVER.valid_until_ms);
  });

  it('gains the word of whoever makes the order larger', () => {
    const { ledger, order } = fold({ authority });
    ledger.append({ kind: 'order', at_ms: T0, payload: shown() });
    const amend = decisionEvent({
      id: 'd-2',
      atMs: T0,
      orders: [],
      request: { client_order_id: 'o-1', intent: 'modify', tool: 'modify_order' },
      effective: { action: 'amend', lots: 20, price_ticks: 600_000, leverage: 2 },
    });
    const words = { ends_at_ms: T0 + 9_000, ends_by: 'resting_ttl_ms', words: ['tok_2', 'tok_1'] } as const;
    ledger.append({ ...amend, payload: { ...amend.payload, authority: words } });
    assert.equal(order.words, 'tok_1 pk-1 tok_2');
    assert.equal(order.endsAtMs, T0 + 5_000, 'and no more time');
  });
});

function shown() {
  return {
    average_price: null,
    client_order_id: 'o-1',
    detail: null,
    executed_e8: 0,
    foreign: null,
    retryable: false,
    status: 'working',
    venue_at_ms: T0,
    venue_order_id: 'v-1',
  } as const;
}
