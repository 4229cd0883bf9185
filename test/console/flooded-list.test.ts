import assert from 'node:assert/strict';
import { test } from 'node:test';

/** As `daemon/console` has them. The console is checked with a browser's types, which tests do not have. */
interface Store {
  startReading(): () => void;
}
interface DecisionList {
  listDecisions(): readonly { readonly seq: number; readonly fromSeq?: number }[];
}

const frames: (() => void)[] = [];
Object.assign(globalThis, {
  document: { hidden: false },
  requestAnimationFrame: (paint: () => void) => frames.push(paint),
});
/** Only the stream is answered. */
let send: (text: string) => void = () => undefined;
globalThis.fetch = async (input) => {
  if (!String(input).startsWith('/v1/events')) return new Response('{}', { status: 503 });
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      send = (text) => controller.enqueue(new TextEncoder().encode(text));
    },
  });
  return new Response(body);
};
const CONSOLE = new URL('../../daemon/console/', import.meta.url).href;
const { startReading } = (await import(`${CONSOLE}store.ts`)) as Store;
const { listDecisions } = (await import(`${CONSOLE}decisions.ts`)) as DecisionList;

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
  const stop = startReading();
  await read();
  send(pageOf(1, 500, 20));
  await read();
  t.mock.timers.tick(100);
  for (const paint of frames.splice(0)) paint();
  assert.equal(listDecisions().length, 21);
  send(pageOf(521, 1_000, 20));
  await read();
  assert.equal(frames.length, 0, 'the rows wait for the count');
  t.mock.timers.tick(100);
  assert.equal(frames.length, 1);
  frames.splice(0)[0]?.();
  const listed = listDecisions();
  assert.deepEqual([listed.length, listed[21]?.fromSeq, listed[21]?.seq], [42, 521, 1_000]);
  assert.deepEqual(
    listed.slice(22).map(({ seq }) => seq),
    Array.from({ length: 20 }, (_, i) => 1_001 + i),
  );
  stop();
});
