import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilStop } from '../../../daemon/driver/driver.ts';
import type { Decided } from '../../../daemon/engine/decide/decided.ts';
import type { EngineCore } from '../../../daemon/engine/flow/core.ts';
import { Engine, type Flow } from '../../../daemon/engine/flow/step.ts';
import { SliceRunner } from '../../../daemon/engine/guard/executor.ts';
import { liveOrders, type OrderState } from '../../../daemon/engine/orders/orders.ts';
import type { SubmitOutcome } from '../../../daemon/engine/records/venue.ts';
import { decisionEvent, FoldedLedger, T0 } from '../fold-fixture.ts';

const HOUR_MS = 3_600_000;

test('a slice looks at the clock again every few seconds: what a jump makes due does not wait for the old span', () => {
  const ledger = new FoldedLedger();
  const orders = [
    { client_order_id: 'o-0', lots: 10 },
    { client_order_id: 'o-1', lots: 10, slice: 1, delay_ms: HOUR_MS },
  ];
  ledger.append(decisionEvent({ id: 'd-1', agent: 'alice', atMs: T0, orders }));
  const [, order] = liveOrders(ledger.state.orders, 'BTCUSDT');
  assert.ok(order?.status === 'pending_send' && order.dueAtMs === T0 + HOUR_MS);
  let nowMs = T0;
  const engine = new Engine({ onRequests: () => undefined, onUnheard: (error) => assert.fail(String(error)) });
  const now = () => ({
    nowMs,
    tMs: nowMs,
    policyHash: '0',
    // When it falls due its time is over.
    spec: { staging: { ttl_ms: HOUR_MS - 1 }, standing: { resting_ttl_ms: 2 * HOUR_MS } },
    stands: () => true,
    isSpokenFor: () => true,
  });
  const core = {
    state: ledger.state,
    nowMs: () => nowMs,
    passedMs: () => nowMs,
    authorityNow: now,
    longestWaitMs: 5_000,
    ports: { clock: { scale: 1 } },
    begin: (flow: Flow<unknown>) => engine.begin(flow),
    alert: (_code: string, detail: string) => assert.fail(detail),
  } as unknown as EngineCore;
  const ended: OrderState[] = [];
  const sender = {
    // biome-ignore lint/correctness/useYield: it is answered at once
    *sendOpening(): Flow<SubmitOutcome> {
      return { kind: 'accepted', order: null };
    },
  };
  const proof = { end: (o: OrderState) => void ended.push(o) };
  const runner = new SliceRunner(core, {
    proof,
    sender,
    lone: { waitMs: () => 0 },
    standing: { noteOpening: () => undefined },
  });
  engine.begin(runner.run({ body: { decision_id: 'd-1' }, event: { decision: { decision_id: 'd-1' } } } as Decided));
  const looksAgain = { id: 2, effect: { fx: 'wait', ms: 5_000 } } as const;
  assert.deepEqual(engine.take(), [{ ...looksAgain, id: 1 }]);
  assert.deepEqual(engine.step({ in: 'answered', id: 1, answer: undefined }), [looksAgain]);
  nowMs = T0 + HOUR_MS;
  assert.deepEqual(engine.step({ in: 'answered', id: 2, answer: undefined }), []);
  assert.deepEqual(ended, [order]);
});

test('whoever waits for a flow at a start goes on when the daemon stops, whatever comes of it', async () => {
  const stop = new AbortController();
  assert.equal(await untilStop(Promise.resolve(1), stop.signal), 1);
  await assert.rejects(untilStop(Promise.reject(new Error('a defect')), stop.signal), /a defect/);
  const waiting = untilStop(new Promise(() => undefined), stop.signal);
  stop.abort();
  assert.equal(await waiting, undefined);
  assert.equal(await untilStop(new Promise(() => undefined), stop.signal), undefined);
});
