import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LiveCore } from '../../daemon/engine/flow/core.ts';
import type { StoredEvent } from '../../daemon/engine/flow/ports.ts';
import type { DecisionEvent } from '../../daemon/engine/records/decisions.ts';
import { KEEP_UNPROVEN_MS } from '../../daemon/engine/state/views.ts';
import { describeExecution } from '../../daemon/reads/execution.ts';
import { recall } from '../../daemon/reads/recall.ts';
import {
  BTC_RULES,
  DAY,
  decisionEvent,
  FoldedLedger,
  inLots,
  orderEvent,
  T0,
  tradeEvent,
} from '../engine/fold-fixture.ts';

const silent = {
  readEndedOrders: (): never => {
    throw new Error('the table was read');
  },
};

function busyLedger(): { readonly ledger: FoldedLedger; readonly stored: readonly StoredEvent[] } {
  const ledger = new FoldedLedger();
  ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  const stored: StoredEvent[] = [];
  // A parent of three slices, of which the second shrinks and the third is dropped.
  const slices = [0, 1, 2].map((slice) => ({ client_order_id: `a-${slice}`, delay_ms: slice * 2_000, lots: 5 }));
  stored.push(ledger.append(decisionEvent({ id: 'd-a', atMs: T0, orders: slices })));
  ledger.append(orderEvent('a-0', T0 + 100, { status: 'filled', executed_lots: 5 }));
  ledger.append(tradeEvent('t-1', 'a-0', T0 + 150, { lots: 5, price: 59_990.5 }));
  const second = { id: 'd-b', atMs: T0 + 2_000, kind: 'slice', parent: 'd-a' } as const;
  ledger.append(decisionEvent({ ...second, orders: [{ client_order_id: 'a-1', lots: 3 }] }));
  ledger.append(orderEvent('a-1', T0 + 2_100, { status: 'partially_filled', executed_lots: 1 }));
  ledger.append(orderEvent('a-2', T0 + 4_000, { status: 'canceled', detail: 'dropped', venue_order_id: null }));
  // An exit in two rungs: the second is a decision of its own, after the first has ended.
  const exit = { reduce_only: true, side: 'sell', time_in_force: 'IOC', lots: 4 } as const;
  const action = { action: 'exit' } as const;
  stored.push(
    ledger.append(
      decisionEvent({ id: 'd-c', atMs: T0 + 5_000, effective: action, orders: [{ ...exit, client_order_id: 'c-0' }] }),
    ),
  );
  ledger.append(orderEvent('c-0', T0 + 5_100, { status: 'expired', executed_lots: 1 }));
  ledger.append(tradeEvent('t-3', 'c-0', T0 + 5_150, { lots: 1, side: 'sell' }));
  const rung = { id: 'd-d', atMs: T0 + 5_500, kind: 'slice', parent: 'd-c', effective: action } as const;
  ledger.append(decisionEvent({ ...rung, orders: [{ ...exit, client_order_id: 'c-1', lots: 3 }] }));
  ledger.append(orderEvent('c-1', T0 + 5_600, { status: 'filled', executed_lots: 3, average_price: 60_001 }));
  ledger.append(tradeEvent('t-4', 'c-1', T0 + 5_650, { lots: 3, price: 60_001, side: 'sell' }));
  // A resting order that is amended, and ends days later.
  stored.push(
    ledger.append(decisionEvent({ id: 'd-e', atMs: T0 + 6_000, orders: [{ client_order_id: 'e-0', lots: 6 }] })),
  );
  ledger.append(orderEvent('e-0', T0 + 6_100, { status: 'working' }));
  ledger.append(
    decisionEvent({
      id: 'd-f',
      atMs: T0 + 7_000,
      effective: { action: 'amend', lots: 8, price_ticks: 590_000, leverage: null },
      request: { client_order_id: 'e-0', intent: 'modify' },
      orders: [],
    }),
  );
  const amended = {
    action: 'amended',
    client_order_id: 'e-0',
    quantity_e8: null,
    price_e8: null,
    reason: 'accepted',
  } as const;
  ledger.append({ kind: 'order_intent', at_ms: T0 + 7_100, payload: amended });
  ledger.append(orderEvent('a-1', T0 + 9_000, { status: 'filled', executed_lots: 3 }));
  ledger.append(tradeEvent('t-5', 'a-1', T0 + 9_050, { lots: 3 }));
  ledger.append(orderEvent('e-0', T0 + 2 * DAY, { status: 'filled', executed_lots: 8, average_price: 59_000 }));
  ledger.append(tradeEvent('t-2', 'e-0', T0 + 2 * DAY + 1_000, { lots: 8, price: 58_999 }));
  return { ledger, stored };
}

describe('executions that have left the views are read back from the table of ended orders', () => {
  it('shows every order as the views showed it last, slices, rungs, amends and trades included', () => {
    const { ledger, stored } = busyLedger();
    const ordersOf = (event: StoredEvent) => recall(ledger.state, ledger, event).orders;
    const held = stored.map((event) => structuredClone(ordersOf(event)));
    assert.deepEqual(
      held.map((orders) => orders.map((order) => [order.status, inLots(order.quantityE8), inLots(order.executedE8)])),
      [
        [
          ['filled', 5, 5],
          ['filled', 3, 3],
          ['canceled', 5, 0],
        ],
        [
          ['expired', 4, 1],
          ['filled', 3, 3],
        ],
        [['filled', 8, 8]],
      ],
      'what the views hold',
    );
    const later = T0 + 2 * DAY + KEEP_UNPROVEN_MS;
    ledger.append({ kind: 'alert', at_ms: later, payload: { code: 'TEST', detail: '', symbol: null } });
    assert.equal(ledger.state.orders.all.size, 0, 'the views have let go of them');
    assert.equal(ledger.rows.length, 6, 'and the table has them');
    for (const [index, event] of stored.entries())
      assert.deepEqual(ordersOf(event), held[index], `execution ${index} of the table`);
  });

  it('shows of a slice, and of a later rung, the order that it sent', () => {
    const { ledger } = busyLedger();
    const sentBy = (id: string): readonly string[] =>
      recall(ledger.state, ledger, ledger.findDecision(id)!).orders.map(({ clientOrderId }) => clientOrderId);
    const held = [sentBy('d-b'), sentBy('d-d')];
    assert.deepEqual(held, [['a-1'], ['c-1']]);
    const later = T0 + 2 * DAY + KEEP_UNPROVEN_MS;
    ledger.append({ kind: 'alert', at_ms: later, payload: { code: 'TEST', detail: '', symbol: null } });
    assert.deepEqual([sentBy('d-b'), sentBy('d-d')], held, 'of the table');
    const part = recall(ledger.state, ledger, ledger.findDecision('d-d')!);
    assert.deepEqual([part.orders.length, part.claim], [1, null], 'its claim has ended');
  });

  for (const [what, id] of [
    ['an exit', 'd-c'],
    ['one of its rungs', 'd-d'],
  ] as const)
    it(`says of ${what} that has left the table what became of it is not known any more [AN-59 AN-247]`, () => {
      const { ledger } = busyLedger();
      const stored = ledger.findDecision(id)!;
      ledger.append({
        kind: 'alert',
        at_ms: T0 + 2 * DAY + KEEP_UNPROVEN_MS,
        payload: { code: 'TEST', detail: '', symbol: null },
      });
      ledger.rows.length = 0;
      const recalled = recall(ledger.state, ledger, stored);
      assert.deepEqual(recalled, { orders: [], claim: null });
      const { note, state } = describeExecution(
        { state: ledger.state } as unknown as LiveCore,
        recalled,
        stored.payload as DecisionEvent,
      );
      assert.equal(state, 'none');
      assert.match(note ?? '', /^do not send it again: what became of its order is too old to tell/);
    });

  it('reads no ledger for decisions without orders, nor for what the views hold', () => {
    const { ledger, stored } = busyLedger();
    const blocked = ledger.append(decisionEvent({ id: 'd-z', atMs: T0 + 3 * DAY, orders: [] }));
    assert.deepEqual(recall(ledger.state, silent, blocked).orders, [], 'nothing was ordered');
    assert.equal(recall(ledger.state, silent, stored[0]!).orders.length, 3, 'still in the views');
  });
});
