import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DecisionPage } from '../../daemon/console/decisions.ts';
import type { ListedDecision } from '../../daemon/gate/api/stream.ts';

/** The list on its own: a page with frames that come when the test says so. */
const frames: (() => void)[] = [];
Object.assign(globalThis, {
  document: { hidden: false },
  requestAnimationFrame: (paint: () => void) => frames.push(paint),
});
const { addLive, addOlder, addPage, listDecisions, resetDecisions } = await import('../../daemon/console/decisions.ts');

function decision(seq: number): ListedDecision {
  return { decision_id: `d-${seq}`, seq } as ListedDecision;
}
const pageOf = (...seqs: readonly number[]): DecisionPage =>
  ({ decisions: seqs.map(decision), next: null }) as unknown as DecisionPage;
function paint(): void {
  for (const each of frames.splice(0)) each();
}
const listed = (): readonly number[] => listDecisions().map(({ seq }) => seq);

test('a decision that comes by the stream and by a page within one frame is listed once', async () => {
  addLive(decision(3));
  addPage(pageOf(3, 2, 1));
  addLive(decision(2));
  paint();
  assert.deepEqual(listed(), [1, 2, 3]);
  addPage(pageOf(4, 3));
  paint();
  assert.deepEqual(listed(), [1, 2, 3, 4]);
  resetDecisions();
  // Read as an older one while the stream's waits for its frame.
  addLive(decision(5));
  await addOlder(async () => pageOf(5, 4));
  paint();
  assert.deepEqual(listed(), [4, 5]);
});
