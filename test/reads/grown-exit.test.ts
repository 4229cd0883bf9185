import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { LiveCore } from '../../daemon/engine/flow/core.ts';
import type { DecisionEvent } from '../../daemon/engine/records/decisions.ts';
import { describeExecution } from '../../daemon/reads/execution.ts';
import { recall } from '../../daemon/reads/recall.ts';
import { BTC_RULES, decisionEvent, FoldedLedger, LOT_E8, orderEvent, T0 } from '../engine/fold-fixture.ts';

/** What is said of an exit of so many lots, once it has filled. */
function noteOf(asked: string, sent: string): string | null {
  const ledger = new FoldedLedger();
  ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  const order = { client_order_id: 'a-0', lots: 5, reduce_only: true, side: 'sell', time_in_force: 'IOC' } as const;
  const effective = {
    action: 'exit',
    lots: 5,
    quantity: sent,
    requested_quantity: asked,
    side: 'sell',
    time_in_force: 'IOC',
  } as const;
  const stored = ledger.append(
    decisionEvent({ id: 'd-a', atMs: T0, effective, orders: [order], request: { intent: 'close' } }),
  );
  const claimed = {
    action: 'opened',
    agent: 'alice',
    cause: 'agent',
    client_order_id: 'a-0',
    decision_id: 'd-a',
    is_whole: false,
    key: '',
    origin: 'agent',
    quantity_e8: 5 * LOT_E8,
    scope: 'own',
    side: 'sell',
    symbol: 'BTCUSDT',
  } as const;
  ledger.append({ kind: 'exit_target', at_ms: T0, payload: claimed });
  ledger.append(orderEvent('a-0', T0 + 100, { status: 'filled', executed_lots: 5 }));
  const ended = { action: 'ended', decision_id: 'd-a', detail: '', filled_e8: 5 * LOT_E8, reason: 'filled' } as const;
  ledger.append({ kind: 'exit_target', at_ms: T0 + 100, payload: ended });
  const core = { state: ledger.state } as unknown as LiveCore;
  const recalled = recall(ledger.state, ledger, stored);
  return describeExecution(core, recalled, stored.payload as DecisionEvent).note;
}

it('an exit that closes more than was asked for, as the exchange takes no smaller order, says so [EX-75]', () => {
  assert.match(noteOf('0.001', '0.005') ?? '', /^it closes 0\.005, not 0\.001: the exchange takes no order as small/);
  assert.equal(noteOf('0.005', '0.005'), null);
  assert.equal(noteOf('0.0055', '0.005'), null, 'what is smaller is said by its reasons');
});
