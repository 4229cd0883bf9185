import assert from 'node:assert/strict';
import { test } from 'node:test';
import { liveOrders, type OrderState } from '../../daemon/engine/orders/orders.ts';
import type { GateCore } from '../../daemon/gate/journal/journal.ts';
import { pause } from '../../daemon/gate/journal/pause.ts';
import type { OrderSender } from '../../daemon/gate/orders/sender.ts';
import { SliceRunner } from '../../daemon/gate/orders/slices.ts';
import type { Decided } from '../../daemon/gate/take-decision.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import type { TimePort } from '../../daemon/time/time-port.ts';
import { decisionEvent, FoldedLedger, T0 } from './fold-fixture.ts';

const HOUR_MS = 3_600_000;

/** An order that is due in an hour, and a core whose domain time is set by hand. */
function createWait(): { core: GateCore; order: OrderState; time: { nowMs: number; sleptMs: number[]; wake(): void } } {
  const ledger = new FoldedLedger();
  const orders = [
    { client_order_id: 'o-0', lots: 10 },
    { client_order_id: 'o-1', lots: 10, slice: 1, delay_ms: HOUR_MS },
  ];
  ledger.append(decisionEvent({ id: 'd-1', agent: 'alice', atMs: T0, orders }));
  const [, order] = liveOrders(ledger.state.orders, 'BTCUSDT');
  assert.ok(order?.status === 'pending_send' && order.dueAtMs === T0 + HOUR_MS);
  let woken: () => void = () => assert.fail('nobody waits');
  const time = { nowMs: T0, sleptMs: [] as number[], wake: () => woken() };
  const port: TimePort = {
    ...SYSTEM_TIME,
    after: (ms, fn) => {
      time.sleptMs.push(ms);
      woken = fn;
      return { cancel: () => undefined };
    },
    delay: (ms) => new Promise((resolve) => port.after(ms, resolve)),
  };
  const core = {
    state: ledger.state,
    nowMs: () => time.nowMs,
    passedMs: () => time.nowMs,
    ports: { clock: { scale: 1 }, time: port },
    // When it falls due its time is over.
    policySpec: { staging: { ttl_ms: HOUR_MS - 1 }, standing: { resting_ttl_ms: 2 * HOUR_MS } },
    alert: (_code: string, detail: string) => assert.fail(detail),
  } as unknown as GateCore;
  return { core, order, time };
}

test('a slice looks at the clock again every few seconds: what a jump makes due does not wait for the old span', async () => {
  const { core, order, time } = createWait();
  const ended: OrderState[] = [];
  const sender = { sendOpening: async () => ({ kind: 'accepted' }), record: (o: OrderState) => ended.push(o) };
  const runner = new SliceRunner(core, sender as unknown as OrderSender, { waitMs: () => 0 });
  await runner.run({ body: { decision_id: 'd-1' }, event: { decision: { decision_id: 'd-1' } } } as Decided);
  time.wake();
  assert.deepEqual(time.sleptMs, [5_000, 5_000]);
  time.nowMs = T0 + HOUR_MS;
  time.wake();
  assert.deepEqual(ended, [order]);
});

test('what pauses ends with the signal', async () => {
  const stop = new AbortController();
  const pausing = pause(SYSTEM_TIME, HOUR_MS, stop.signal);
  stop.abort(new Error('whatever the reason'));
  await assert.rejects(pausing, { name: 'AbortError' });
  await assert.rejects(pause(SYSTEM_TIME, HOUR_MS, stop.signal), { name: 'AbortError' });
});
