import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineCore } from '../../../daemon/engine/flow/core.ts';
import type { Answer, Effect, Flow } from '../../../daemon/engine/flow/effects.ts';
import { Engine } from '../../../daemon/engine/flow/effects.ts';
import type { OrderState } from '../../../daemon/engine/orders/orders.ts';
import type { VenueOrder } from '../../../daemon/engine/records/venue.ts';
import { Canceler } from '../../../daemon/engine/sending/cancels.ts';

test('a cancel that goes on being refused goes out more and more seldom', () => {
  const engine = new Engine({ onRequests: () => undefined, onUnheard: assert.ifError });
  const order = { clientOrderId: 'hf1-0-0', kind: 'regular', status: 'working', symbol: 'BTCUSDT' } as OrderState;
  let nowMs = 0;
  const core = {
    append: (_kind: string, { action, reason }: { action: string; reason: string }) => {
      if (action === 'cancel') order.cancelRequested = true;
      else order.cancelRefusal = reason;
      return { seq: 1 };
    },
    begin: (flow: Flow<unknown>) => engine.begin(flow),
    ports: { observer: { submitted: () => undefined }, time: { monotonicMs: () => nowMs } },
    state: { orders: { live: new Map([['BTCUSDT', new Set([order])]]) } },
  } as unknown as EngineCore;
  const proof = { ask: () => ({ nr: 1, seq: 1 }) };
  const canceler = new Canceler(core, { adopt: () => null, proof } as never);
  const asked: number[] = [];
  const answerOf = ({ fx }: Effect): Answer => {
    if (fx === 'cancel') asked.push(nowMs);
    if (fx === 'cancel') return { kind: 'unknown', detail: 'Unknown order sent.' };
    return fx === 'lookUp' ? { kind: 'found', order: {} as VenueOrder } : undefined;
  };
  const answerAll = (): void => {
    const all = [...engine.take()];
    for (const { effect, id } of all) all.push(...engine.step({ in: 'answered', id, answer: answerOf(effect) }));
  };
  canceler.cancel(order, 'test');
  for (answerAll(); nowMs < 120_000; nowMs += 100) {
    canceler.retryUnproven();
    answerAll();
  }
  const waits = asked.slice(1).map((atMs, i) => atMs - asked[i]!);
  assert.deepEqual(waits.slice(0, 12), new Array(12).fill(500));
  assert.ok(
    waits.every((ms, i) => i === 0 || ms >= waits[i - 1]!),
    'each wait is as long as the one before, or longer',
  );
  assert.deepEqual(waits.slice(-10), new Array(10).fill(5_000));
});
