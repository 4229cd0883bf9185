import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveCore } from '../../../daemon/engine/flow/core.ts';
import type { End } from '../../../daemon/engine/flow/step.ts';
import { Engine } from '../../../daemon/engine/flow/step.ts';
import { LostOrders } from '../../../daemon/engine/operator/lost-orders.ts';
import type { OrderState } from '../../../daemon/engine/orders/orders.ts';

test('the end of a lost order is refused when the list of open orders does not come in the time of an answer', () => {
  const engine = new Engine({ onRequests: () => undefined, onUnheard: assert.ifError });
  const order = { clientOrderId: 'hf1-0-0', status: 'lost', symbol: 'BTCUSDT' } as OrderState;
  const core = {
    begin: (flow) => engine.begin(flow),
    settings: { answerWithinMs: 500 },
    state: { orders: { all: new Map([[order.clientOrderId, order]]) } },
  } as LiveCore;
  const never = (): never => assert.fail('nothing is recorded');
  const lost = new LostOrders(core, { record: never } as never, { requireWaited: never } as never);
  let end: End<unknown> | null = null;
  const caller = { agent: 'operator', role: 'operator', skillSha256: null, tokenId: 't' } as const;
  engine.begin(lost.end(caller, order.clientOrderId, 'test')).onEnd((told) => {
    end = told;
  });
  const waits = engine.take().find(({ effect }) => effect.fx === 'waitFor');
  assert.ok(waits?.effect.fx === 'waitFor' && waits.effect.ms === 500);
  engine.step({ in: 'answered', id: waits.id, answer: undefined });
  assert.match(
    String((end as End<unknown> | null)?.kind === 'failed' ? (end as unknown as { error: unknown }).error : ''),
    /has not answered yet\): ask again/,
  );
});
