import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldLedger } from '../../daemon/boot/keep/fold.ts';
import { keepEnded } from '../../daemon/boot/open-gate.ts';
import type { LedgerRecord } from '../../daemon/engine/flow/ports.ts';
import type { EndedOrderRow } from '../../daemon/engine/records/ended-order.ts';
import { openLedgerReader } from '../../daemon/ledger/reader.ts';
import { BTC_RULES, decisionEvent, orderEvent } from '../engine/fold-fixture.ts';
import { NOW_MS, note, openTempLedger } from './temp-ledger.ts';

const DAY = 86_400_000;
const row = (id: string, change: Partial<EndedOrderRow> = {}): EndedOrderRow => ({
  client_order_id: id,
  decision_id: `d-${id}`,
  agent: 'alice',
  symbol: 'BTCUSDT',
  planned_at_ms: NOW_MS,
  ended_at_ms: NOW_MS,
  body: `{"id":"${id}"}`,
  claim: null,
  ...change,
});
const idsOf = (rows: readonly EndedOrderRow[]): readonly string[] => rows.map(({ client_order_id: id }) => id);

test('orders that left the views are on disk with the records of their turn, and are read before that', async (t) => {
  const ledger = openTempLedger(t);
  const outside = openLedgerReader(ledger.path);
  t.after(() => outside.close());
  const { committed } = ledger.appendNow([note('a')]);
  ledger.putEndedOrders([row('o-1', { claim: '{}' }), row('o-2')]);
  assert.deepEqual(ledger.readEndedOrders({ clientOrderId: 'o-1' }), [row('o-1', { claim: '{}' })]);
  assert.deepEqual([outside.lastSeq(), outside.readEndedOrders({ decisionId: 'd-o-2' })], [1, []]);
  await committed;
  assert.deepEqual([outside.lastSeq(), outside.readEndedOrders({ decisionId: 'd-o-2' })], [2, [row('o-2')]]);
  assert.deepEqual(outside.readEndedOrders({ clientOrderId: 'o-1' }), [row('o-1', { claim: '{}' })]);
});

test('a row that is written again takes the place of the one before, on disk or not', (t) => {
  const ledger = openTempLedger(t);
  ledger.putEndedOrders([row('o-1')]);
  ledger.flush();
  ledger.putEndedOrders([row('o-1', { body: '2' })]);
  const bodies = () => ledger.readEndedOrders({ clientOrderId: 'o-1' }).map(({ body }) => body);
  assert.deepEqual(bodies(), ['2']);
  ledger.flush();
  assert.deepEqual(bodies(), ['2']);
});

test('the newest are read by agent and symbol, with all of the last instant that is asked for', (t) => {
  const ledger = openTempLedger(t);
  ledger.putEndedOrders([
    row('a', { planned_at_ms: NOW_MS - 3 }),
    row('b', { planned_at_ms: NOW_MS - 1, agent: 'bob' }),
    row('c', { planned_at_ms: NOW_MS - 2, symbol: 'ETHUSDT' }),
    row('d', { planned_at_ms: NOW_MS - 2 }),
    row('e', { planned_at_ms: NOW_MS - 4, ended_at_ms: NOW_MS - 5 }),
    row('f', { agent: null, decision_id: null }),
  ]);
  ledger.flush();
  const read = (count: number, named: object = {}) =>
    idsOf(ledger.readEndedOrders({ ...named, endedAfterMs: NOW_MS - 5, count }));
  assert.deepEqual(read(1), ['f']);
  assert.deepEqual(read(2), ['f', 'b']);
  assert.deepEqual([...read(3)].sort(), ['b', 'c', 'd', 'f']);
  assert.deepEqual(read(100, { agent: 'alice' }).toSorted(), ['a', 'c', 'd']);
  assert.deepEqual(read(100, { agent: 'alice', symbol: 'BTCUSDT' }), ['d', 'a']);
  assert.deepEqual(read(1, { symbol: 'ETHUSDT' }), ['c']);
  assert.deepEqual(read(100, { agent: 'carol' }), []);
});

test('rows of orders that ended seven days before the newest are dropped as new ones come', (t) => {
  const ledger = openTempLedger(t);
  for (const [id, ageMs] of [
    ['old', 7 * DAY],
    ['kept', 7 * DAY - 1],
    ['new', 0],
  ] as const) {
    ledger.putEndedOrders([row(id, { ended_at_ms: NOW_MS - ageMs })]);
    ledger.flush();
  }
  const read = ledger.readEndedOrders({ endedAfterMs: 0, count: 100 });
  assert.deepEqual(idsOf(read).toSorted(), ['kept', 'new']);
});

test('a start that folds the records writes the rows again that they give, but for those of long ago [LE-124]', (t) => {
  const ledger = openTempLedger(t);
  const place = (id: string, atMs: number): readonly LedgerRecord[] => [
    decisionEvent({ id: `d-${ledger.nextSeq().toString(36)}`, atMs, orders: [{ client_order_id: id }] }),
    orderEvent(id, atMs + 1, { status: 'rejected', evidence: { asked_seq: 1, kind: 'answer' } }),
  ];
  const account = { available_usdt: 1e5, initial_margin_usdt: 0, leverage: {}, maintenance_margin_usdt: 0 };
  const read = (atMs: number): LedgerRecord => ({
    kind: 'account',
    at_ms: atMs,
    payload: {
      ...account,
      margin_balance_usdt: 1e5,
      margin_ratio: 0,
      positions: [],
      requested_at_ms: atMs,
      wallet_usdt: 1e5,
    },
  });
  ledger.appendSync([{ kind: 'rules', at_ms: NOW_MS - 9 * DAY, payload: { rules: BTC_RULES } }]);
  for (const [id, ageMs] of [
    ['o-1', 8 * DAY],
    ['o-2', DAY],
  ] as const) {
    ledger.appendSync(place(id, NOW_MS - ageMs));
    ledger.appendSync([read(NOW_MS - ageMs + 2)]);
  }
  ledger.appendSync([read(NOW_MS)]);
  const { state } = foldLedger(ledger, { folder: null, onEnded: keepEnded(ledger) });
  assert.equal(state.orders.all.size, 0);
  ledger.flush();
  const rows = ledger.readEndedOrders({ endedAfterMs: 0, count: 100 });
  assert.deepEqual(idsOf(rows), ['o-2']);
  assert.equal(JSON.parse(rows[0]?.body ?? '').status, 'rejected');
});
