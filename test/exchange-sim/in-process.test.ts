import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from '../../daemon/exchange-sim/exchange.ts';
import { openExchange } from '../../daemon/exchange-sim/open.ts';
import { sign } from '../../daemon/exchange-sim/rest/auth.ts';
import { type Served, serveControl, serveRequest } from '../../daemon/exchange-sim/rest/serve.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import type { TimePort } from '../../daemon/time/time-port.ts';
import { marketOrder, START_MS } from './signed-client.ts';

/** Time that moves when told, with the timers that fall due. */
function createManualTime(): TimePort & { advance(ms: number): void } {
  let nowMs = 0;
  let timers: { readonly atMs: number; readonly fn: () => void }[] = [];
  return {
    ...SYSTEM_TIME,
    monotonicMs: () => nowMs,
    hostMs: () => START_MS + nowMs,
    after: (ms, fn) => {
      const timer = { atMs: nowMs + ms, fn };
      timers.push(timer);
      const cancel = (): void => {
        timers = timers.filter((other) => other !== timer);
      };
      return { cancel };
    },
    advance: (ms) => {
      nowMs += ms;
      const due = timers.filter((timer) => timer.atMs <= nowMs);
      timers = timers.filter((timer) => timer.atMs > nowMs);
      for (const timer of due) timer.fn();
    },
  };
}

function open(): { exchange: Exchange; time: ReturnType<typeof createManualTime> } {
  const time = createManualTime();
  const exchange = openExchange({
    time,
    startMs: START_MS,
    seed: 7,
    prehistoryBars: 300,
    simToken: 'token',
    randomBytes: (size) => Buffer.alloc(size, 5),
  });
  return { exchange, time };
}

function place(exchange: Exchange, clientId: string): Served | Promise<Served> {
  const order = marketOrder('BUY', '0.002', { newClientOrderId: clientId });
  const text = new URLSearchParams({ ...order, timestamp: String(exchange.clock.now()) }).toString();
  const body = `${text}&signature=${sign(text, 'paper-secret')}`;
  return serveRequest(exchange, { method: 'POST', path: '/fapi/v1/order', query: '', body, apiKey: 'paper' });
}

function queue(exchange: Exchange, fault: object): void {
  const reply = serveControl(exchange, 'POST', '/sim/faults', JSON.stringify({ match: { method: 'POST' }, ...fault }));
  assert.equal(reply.status, 200, JSON.stringify(reply.body));
}

const position = (exchange: Exchange): bigint => exchange.world.state.markets.get('BTCUSDT')?.position.quantity ?? 0n;

test('serves a signed request without a socket, with the ids of the random source that it was given', async () => {
  const { exchange } = open();
  const served = await place(exchange, 'first');
  assert.ok(served.kind === 'answer');
  assert.equal(served.answer.status, 200);
  assert.equal(position(exchange), 200_000n);
});

test('every fault that ends a request ends it in process, too, and leaves the books that it leaves over HTTP', async () => {
  const { exchange } = open();
  const cases = [
    [{ kind: 'accept-then-timeout' }, 'silent', true],
    [{ kind: 'drop-before' }, 'broken', false],
    [{ kind: 'drop-mid-body' }, 'cut', true],
    [{ kind: 'stall-body' }, 'stalled', true],
    [{ kind: 'reject-503-unknown', accepted: true }, 'answer', true],
    [{ kind: 'reject-503-unknown' }, 'answer', false],
    [{ kind: 'status', status: 418, retry_after_s: 2 }, 'answer', false],
    [{ kind: 'error', code: -1021, msg: 'late' }, 'answer', false],
    [{ kind: 'partial-fill', fraction: 1 }, 'answer', true],
  ] as const;
  for (const [fault, kind, isFilled] of cases) {
    const before = position(exchange);
    queue(exchange, fault);
    const served = await place(exchange, `c${fault.kind}${String(isFilled)}`);
    assert.equal(served.kind, kind, fault.kind);
    assert.equal(position(exchange) > before, isFilled, fault.kind);
  }
});

test('a delayed request takes effect when the time that was handed in has passed', async () => {
  const { exchange, time } = open();
  queue(exchange, { kind: 'delay', ms: 5000 });
  const served = place(exchange, 'late');
  time.advance(4000);
  await new Promise(setImmediate);
  assert.equal(position(exchange), 0n);
  time.advance(1000);
  assert.equal((await served).kind, 'answer');
  assert.equal(exchange.clock.now(), START_MS + 5000);
  assert.equal(position(exchange), 200_000n);
});
