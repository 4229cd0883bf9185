import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { LiveCore } from '../../daemon/engine/flow/core.ts';
import type { DecisionEvent } from '../../daemon/engine/records/decisions.ts';
import { KEEP_UNPROVEN_MS } from '../../daemon/engine/state/leave.ts';
import { describeExecution } from '../../daemon/reads/execution.ts';
import { ExecutionRecall } from '../../daemon/reads/recall.ts';
import { BTC_RULES, DAY, decisionEvent, FoldedLedger, LOT_E8, orderEvent, T0, tradeEvent } from './fold-fixture.ts';

it('a take-profit that ended a great many events later is told to be over', () => {
  const ledger = new FoldedLedger();
  const alert = (atMs: number) =>
    ledger.append({ kind: 'alert', at_ms: atMs, payload: { code: 'TEST', detail: '', symbol: null } });
  ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  const order = { client_order_id: 'a-0', lots: 6, reduce_only: true, side: 'sell', time_in_force: 'GTC' } as const;
  const effective = { action: 'exit', lots: 6, side: 'sell', time_in_force: 'GTC' } as const;
  const stored = ledger.append(
    decisionEvent({ id: 'd-a', atMs: T0, effective, orders: [order], request: { intent: 'close' } }),
  );
  ledger.append(orderEvent('a-0', T0 + 100, { status: 'working' }));
  for (let i = 0; i < 20_100; i += 1) alert(T0 + 200 + i);
  // It gives way, and is taken back before it rests again.
  const giveWay = { action: 'cancel', client_order_id: 'a-0', quantity_e8: null, price_e8: null } as const;
  ledger.append({ kind: 'order_intent', at_ms: T0 + DAY, payload: { ...giveWay, reason: 'makes room for an exit' } });
  ledger.append(orderEvent('a-0', T0 + DAY + 100, { status: 'canceled', executed_lots: 4 }));
  ledger.append(tradeEvent('t-1', 'a-0', T0 + DAY + 150, { lots: 4, side: 'sell' }));
  const end = { action: 'ended', decision_id: 'd-a', detail: 'canceled by its caller', reason: 'canceled' } as const;
  ledger.append({ kind: 'exit_target', at_ms: T0 + DAY + 200, payload: { ...end, filled_e8: 4 * LOT_E8 } });
  const describe = () => {
    const recalled = new ExecutionRecall(ledger.state, ledger).recall(stored);
    const core = { state: ledger.state } as unknown as LiveCore;
    const { note, state } = describeExecution(core, recalled, stored.payload as DecisionEvent);
    return { note, state };
  };
  const held = describe();
  assert.deepEqual(held, { note: 'canceled by its caller', state: 'partially_filled' });
  alert(T0 + DAY + 2 * KEEP_UNPROVEN_MS);
  ledger.rows.length = 0;
  assert.equal(ledger.state.claims.find('d-a'), null, 'the views have let go of it');
  assert.deepEqual(describe(), held);
});
