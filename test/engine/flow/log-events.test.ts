import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logEvent } from '../../../daemon/engine/flow/recording-core.ts';
import type { OrderEvent } from '../../../daemon/engine/records/decisions.ts';
import type { GateEvent } from '../../../daemon/engine/records/events.ts';
import type { StateEvent } from '../../../daemon/engine/records/people-events.ts';

interface Line {
  readonly level: string;
  readonly fields: { readonly [name: string]: unknown };
  readonly message: string;
}

function logged(event: GateEvent): readonly Line[] {
  const lines: Line[] = [];
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields: fields as Line['fields'], message });
  logEvent({ info: at('info'), warn: at('warn'), error: at('error') }, event, () => 'BTCUSDT');
  return lines;
}

const state = (change: Partial<StateEvent>): GateEvent => ({
  kind: 'state',
  seq: 7,
  at_ms: 1,
  payload: {
    clears_at_ms: null,
    clears_when: 'an operator clears it',
    layer: 'operator',
    name: null,
    reason: 'words of a person',
    scope: 'account',
    set_by: 'operator',
    state: 'halted',
    ...change,
  },
});
const order = (status: OrderEvent['status']): GateEvent => ({
  kind: 'order',
  seq: 8,
  at_ms: 1,
  payload: {
    average_price: null,
    client_order_id: 'hf-1',
    detail: 'Margin is insufficient.',
    executed_e8: 0,
    foreign: null,
    retryable: false,
    status,
    venue_at_ms: 1,
    venue_order_id: null,
  },
});

test('a halt is in the log with who set it, without the words of the person', () => {
  const [line, ...more] = logged(state({}));
  assert.equal(more.length, 0, 'one line');
  assert.equal(line?.level, 'warn', 'a halt is a warning');
  assert.equal(line?.message, 'trading state: halted by the operator layer');
  assert.equal(line?.fields.set_by, 'operator', 'who');
  assert.ok(!JSON.stringify(line).includes('words of a person'), 'free text stays in the ledger');
});

test('a breaker is in the log with its reason and its end, and so is its clearing', () => {
  const [set] = logged(state({ layer: 'breaker', state: 'reducing', reason: '5 losses', clears_at_ms: 99 }));
  assert.equal(set?.level, 'warn');
  assert.equal(set?.fields.reason, '5 losses', 'why');
  assert.equal(set?.fields.clears_at_ms, 99, 'until when');
  const [cleared] = logged(state({ layer: 'breaker', state: 'active' }));
  assert.equal(cleared?.level, 'info');
  assert.match(cleared?.message ?? '', /breaker layer is cleared/);
});

test('orders that were rejected, are unknown or lost are in the log; what goes its way is not', () => {
  for (const [status, level] of [
    ['rejected', 'warn'],
    ['unknown', 'warn'],
    ['lost', 'error'],
  ] as const) {
    const [line] = logged(order(status));
    assert.equal(line?.level, level, status);
    assert.equal(line?.fields.order, 'hf-1', status);
    assert.equal(line?.fields.symbol, 'BTCUSDT', status);
    assert.equal(line?.fields.detail, 'Margin is insufficient.', status);
  }
  for (const status of ['working', 'filled', 'canceled'] as const) assert.deepEqual(logged(order(status)), [], status);
});
