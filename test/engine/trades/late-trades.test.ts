import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BTC_RULES, decisionEvent, FoldedLedger, orderEvent, T0, tradeEvent } from '../fold-fixture.ts';

test('what a trade corrects leaves the day with what it corrects', () => {
  const HOUR = 3_600_000;
  const ledger = new FoldedLedger();
  ledger.append({ kind: 'rules', at_ms: T0, payload: { rules: BTC_RULES } });
  const fill = (id: string, atMs: number): void => {
    const orders = [{ client_order_id: id, lots: 10, time_in_force: 'IOC' } as const];
    ledger.append(decisionEvent({ id: `d-${id}`, atMs, orders }));
    ledger.append(orderEvent(id, atMs, { status: 'filled', executed_lots: 10 }));
  };
  const turnover = (atMs: number): readonly number[] => {
    const { pacing } = ledger.state;
    return [pacing.account, pacing.readAgent('alice')].map((window) => Math.round(window.turnover.sum(atMs)));
  };
  fill('a', T0);
  fill('b', T0 + 10 * HOUR);
  assert.deepEqual(turnover(T0 + 10 * HOUR), [1200, 1200], 'at the bound of the orders');
  const reportedAtMs = T0 + 25 * HOUR;
  ledger.append(tradeEvent('1', 'a', reportedAtMs, { at_venue_ms: T0, lots: 10, price: 59_000 }));
  assert.deepEqual(turnover(reportedAtMs), [600, 600], 'the first is a day old, and so is what corrects it');
  ledger.append(tradeEvent('2', 'b', reportedAtMs, { at_venue_ms: T0 + 10 * HOUR, lots: 10, price: 59_000 }));
  assert.deepEqual(turnover(reportedAtMs), [590, 590]);
  assert.deepEqual(turnover(T0 + 35 * HOUR), [0, 0]);
});
