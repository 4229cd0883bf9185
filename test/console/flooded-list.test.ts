import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { proofOf } from '../../daemon/proof/proof.ts';
import { HOST, stubPage } from './page-stub.ts';

/** As `daemon/console` has them. The console is checked with a browser's types, which tests do not have. */
interface Store {
  startReading(): () => void;
}
interface DecisionList {
  listDecisions(): readonly { readonly seq: number; readonly fromSeq?: number }[];
  resetDecisions(): void;
}

interface Sessions {
  readonly session: { value: unknown };
}
interface Keys {
  keyOfSession(key: string): Promise<unknown>;
}

const CONSOLE = new URL('../../daemon/console/', import.meta.url).href;
const { startReading } = (await import(`${CONSOLE}state/store.ts`)) as Store;
const { session } = (await import(`${CONSOLE}session/session.ts`)) as Sessions;
const { keyOfSession } = (await import(`${CONSOLE}session/proof.ts`)) as Keys;
const { listDecisions, resetDecisions } = (await import(`${CONSOLE}state/decisions.ts`)) as DecisionList;

const message = (seq: number, kind: string, payload: unknown): string =>
  `id: ${seq}\nevent: ${kind}\ndata: ${JSON.stringify({ seq, at_ms: seq, kind, payload })}\n\n`;
/** A page of a flood: how many there were, and the newest of them. */
function pageOf(from: number, to: number, newest: number): string {
  const decisions = { count: to - from + 1, by_outcome: {}, by_agent: {}, by_reason: {} };
  const rows = Array.from({ length: newest }, (_, i) => to + 1 + i);
  return [
    message(to, 'skipped', { from_seq: from, to_seq: to, kinds: { decision: to - from + 1 }, decisions }),
    ...rows.map((seq) => message(seq, 'decision', { decision: { decision_id: `d-${seq}`, seq } })),
  ].join('');
}
/** Until what was sent has been read. */
const read = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

test('in a flood the newest decisions and the count of the others come into the list with one frame', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
  const { frames, paint } = stubPage(t);
  const streams: ((text: string) => void)[] = [];
  const key = randomBytes(32);
  session.value = { session: 'hfs_x', expires_at_ms: Date.now(), key: await keyOfSession(key.toString('base64url')) };
  t.after(() => {
    session.value = null;
  });
  // Only the proof and the stream are answered.
  t.mock.method(globalThis, 'fetch', async (path: string, { body }: { readonly body?: string } = {}) => {
    if (path === '/v1/proof') {
      const { nonce } = JSON.parse(body ?? '') as { readonly nonce: string };
      return Response.json({ claims: '{}', proof: proofOf(key, nonce, HOST, '{}') });
    }
    if (!path.startsWith('/v1/events')) return new Response('{}', { status: 503 });
    const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      streams.push((text) => controller.enqueue(new TextEncoder().encode(text)));
    };
    return new Response(new ReadableStream<Uint8Array>({ start }));
  });
  resetDecisions();
  const stop = startReading();
  while (streams.length === 0) await read();
  const [send = assert.fail('no stream')] = streams;
  send(pageOf(1, 500, 20));
  await read();
  t.mock.timers.tick(100);
  paint();
  assert.equal(listDecisions().length, 21);
  send(pageOf(521, 1_000, 20));
  await read();
  assert.equal(frames.length, 0, 'the rows wait for the count');
  t.mock.timers.tick(100);
  assert.equal(frames.length, 1);
  paint();
  const listed = listDecisions();
  assert.deepEqual([listed.length, listed[21]?.fromSeq, listed[21]?.seq], [42, 521, 1_000]);
  assert.deepEqual(
    listed.slice(22).map(({ seq }) => seq),
    Array.from({ length: 20 }, (_, i) => 1_001 + i),
  );
  stop();
});
