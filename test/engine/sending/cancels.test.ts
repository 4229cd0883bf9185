import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineCore } from '../../../daemon/engine/flow/core.ts';
import type { Answer, Effect, Flow } from '../../../daemon/engine/flow/step.ts';
import { Engine } from '../../../daemon/engine/flow/step.ts';
import type { OrderState } from '../../../daemon/engine/orders/orders.ts';
import type { VenueOrder } from '../../../daemon/engine/records/venue.ts';
import { Canceler } from '../../../daemon/engine/sending/cancels.ts';

/** Cancels one order and runs for `ms`; instants at which the venue was asked for the cancel. */
function run(
  ms: number,
  answer: (effect: Effect, nowMs: number, order: OrderState) => Answer,
  before?: (nowMs: number, order: OrderState) => void,
) {
  const engine = new Engine({ onRequests: () => undefined, onUnheard: assert.ifError });
  const order = {
    clientOrderId: 'hf1-0-0',
    kind: 'regular',
    status: 'working',
    symbol: 'BTCUSDT',
    timeInForce: 'GTC',
    orderType: 'LIMIT',
  } as OrderState;
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
  const proof = { adopt: () => null, ask: () => ({ nr: 1, seq: 1 }) };
  const canceler = new Canceler(core, proof as never, { onUnknown: () => undefined });
  const asked: number[] = [];
  const answerAll = (): void => {
    const all = [...engine.take()];
    for (const { effect, id } of all) {
      if (effect.fx === 'cancel') asked.push(nowMs);
      all.push(...engine.step({ in: 'answered', id, answer: answer(effect, nowMs, order) }));
    }
  };
  canceler.cancel(order, 'halt');
  for (answerAll(); nowMs < ms; nowMs += 100) {
    before?.(nowMs, order);
    canceler.retryUnproven();
    answerAll();
  }
  return asked;
}

const BUSY = { cause: 'busy', code: '-1008', message: 'Server is currently overloaded', retryAfterMs: null };
for (const [what, outcome] of [
  ['is busy (-1008)', { kind: 'rejected', rejection: BUSY }],
  ['is cut off (time-outs)', { kind: 'unknown', detail: 'timed out' }],
] as const)
  test(`a cancel is asked for again within half a second of when the venue is back that ${what}`, () => {
    const answers =
      (backMs: number) =>
      ({ fx }: Effect, nowMs: number): Answer => {
        if (fx === 'cancel') return (nowMs < backMs ? outcome : { kind: 'canceled', order: null }) as Answer;
        return (fx === 'lookUp' ? { kind: 'failed', detail: 'away' } : undefined) as Answer;
      };
    // Back just after a cancel that it has refused.
    const backMs = 100 + (run(61_000, answers(Number.POSITIVE_INFINITY)).at(-1) ?? 0);
    const asked = run(80_000, answers(backMs));
    const next = asked.find((atMs) => atMs >= backMs) ?? Number.POSITIVE_INFINITY;
    assert.ok(next - backMs <= 500, `it came ${next - backMs} ms after the venue was back`);
  });

test('an order that a look-up shows at rest after minutes unseen is canceled within half a second', () => {
  const shownMs = 120_000;
  const asked = run(
    130_000,
    ({ fx }, nowMs) => {
      if (fx === 'cancel') return { kind: 'unknown', detail: 'Unknown order sent.' } as Answer;
      return (
        fx === 'lookUp'
          ? nowMs < shownMs
            ? { kind: 'not_found' }
            : { kind: 'found', order: {} as VenueOrder }
          : undefined
      ) as Answer;
    },
    (nowMs, order) => {
      (order as { status: string }).status = nowMs + 100 < shownMs ? 'lost' : 'working';
    },
  );
  const from = asked.findLast((atMs) => atMs < shownMs) ?? 0;
  const next = asked.find((atMs) => atMs > shownMs) ?? Number.POSITIVE_INFINITY;
  assert.ok(
    next - Math.max(shownMs, from + 500) <= 500,
    `asked at ${from}, shown at ${shownMs}, asked again at ${next}`,
  );
});
