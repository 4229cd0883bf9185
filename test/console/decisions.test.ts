import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ListedDecision } from '../../daemon/contract/types/stream.ts';
import { stubPage } from './page-stub.ts';

interface Page {
  readonly decisions: readonly ListedDecision[];
  readonly next: null;
}
/** As `daemon/console/state/decisions.ts` has it. The console is checked with a browser's types, which tests do not have. */
interface DecisionList {
  addLive(decision: ListedDecision): void;
  addPage(page: Page): void;
  addOlder(readPage: () => Promise<Page>): Promise<void>;
  listDecisions(): readonly ListedDecision[];
  resetDecisions(): void;
}

const source = new URL('../../daemon/console/state/decisions.ts', import.meta.url).href;
const list = (await import(source)) as DecisionList;

const decision = (seq: number): ListedDecision => ({ decision_id: `d-${seq}`, seq }) as ListedDecision;
const pageOf = (...seqs: readonly number[]): Page => ({ decisions: seqs.map(decision), next: null });
const listed = (): readonly number[] => list.listDecisions().map(({ seq }) => seq);
test('a decision that comes by the stream and by a page within one frame is listed once', async (t) => {
  const { paint } = stubPage(t);
  list.resetDecisions();
  list.addLive(decision(3));
  list.addPage(pageOf(3, 2, 1));
  list.addLive(decision(2));
  paint();
  assert.deepEqual(listed(), [1, 2, 3]);
  list.addPage(pageOf(4, 3));
  paint();
  assert.deepEqual(listed(), [1, 2, 3, 4]);
  list.resetDecisions();
  // Read as an older one while the stream's waits for its frame.
  list.addLive(decision(5));
  await list.addOlder(async () => pageOf(5, 4));
  paint();
  assert.deepEqual(listed(), [4, 5]);
});
