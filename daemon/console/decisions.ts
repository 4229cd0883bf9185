import { signal } from '@preact/signals';
import type { ExplainedDecision } from '../gate/api/decisions.ts';

/** What the page keeps; older ones are a read away. */
export const MOST_KEPT = 5_000;
/** So many are let go at once, so that a full list does not move with each row. */
const SLACK = 250;

/** What a row shows: in every record. What is derived from a record comes with the pages, and with a decision that is opened. */
export type ListedDecision = Pick<
  ExplainedDecision,
  'agent' | 'at_ms' | 'decision' | 'decision_id' | 'effective' | 'kind' | 'reasons' | 'seq' | 'symbol' | 'tool'
>;
function toListed(of: ListedDecision): ListedDecision {
  const { agent, at_ms, decision, decision_id, effective, kind, reasons, seq, symbol, tool } = of;
  return { agent, at_ms, decision, decision_id, effective, kind, reasons, seq, symbol, tool };
}

/** Newest last. */
let kept: ListedDecision[] = [];
let known = new Set<string>();
let waiting: ListedDecision[] = [];
/** By id; null: nothing bound it. */
let boundBy = new Map<string, string | null>();
let cursor: string | null = null;
let isOver = false;
let isReading = false;
/** Rises whenever the list changes; `added`: rows that came at the newest end since the page began. */
export const listVersion = signal({ version: 0, added: 0 });

/** Follows it twice a second, for what is summed up over all rows. */
export const slowVersion = signal(0);
let isCatchingUp = false;
const SLOW_MS = 500;

export const listDecisions = (): readonly ListedDecision[] => kept;
export const isAtEnd = (): boolean => isOver || kept.length >= MOST_KEPT;

function changed(added: number): void {
  const { version, added: before } = listVersion.peek();
  listVersion.value = { version: version + 1, added: before + added };
  if (isCatchingUp) return;
  isCatchingUp = true;
  setTimeout(() => {
    isCatchingUp = false;
    slowVersion.value = listVersion.peek().version;
  }, SLOW_MS);
}

/** One that was just recorded; shown with the next frame. */
export function addLive(decision: ListedDecision): void {
  if (waiting.length === 0) schedule();
  waiting.push(toListed(decision));
}
/** With the frame, and in a page that nobody sees, which has none, by time. */
function schedule(): void {
  if (document.hidden) setTimeout(flush, 500);
  else requestAnimationFrame(flush);
}
function flush(): void {
  const fresh = waiting.filter((decision) => !known.has(decision.decision_id));
  waiting = [];
  for (const decision of fresh) known.add(decision.decision_id);
  let newest = kept.at(-1)?.seq ?? 0;
  let isInOrder = true;
  for (const { seq } of fresh) {
    isInOrder &&= seq > newest;
    newest = seq;
  }
  kept.push(...fresh);
  // A page that was read meanwhile may hold older ones than the stream.
  if (!isInOrder) kept.sort((a, b) => a.seq - b.seq);
  trim();
  if (fresh.length > 0) changed(fresh.length);
}
function trim(): void {
  if (kept.length <= MOST_KEPT + SLACK) return;
  for (const old of kept.splice(0, kept.length - MOST_KEPT)) {
    known.delete(old.decision_id);
    boundBy.delete(old.decision_id);
  }
  // What was let go can be read no further: the cursor is older than that.
  isOver = true;
}

/** What made a decision what it is; undefined: it was not read yet. */
export const boundByOf = (decisionId: string): string | null | undefined => boundBy.get(decisionId);

export interface DecisionPage {
  readonly decisions: readonly ExplainedDecision[];
  readonly next: string | null;
}
/** The newest decisions with what is derived of them; those that the stream has not shown come in. */
export function addPage(page: DecisionPage): void {
  for (const decision of page.decisions.toReversed()) {
    boundBy.set(decision.decision_id, decision.bound_by);
    if (!known.has(decision.decision_id)) addLive(decision);
  }
  changed(0);
}

export async function addOlder(readPage: (cursor: string | null) => Promise<DecisionPage>): Promise<void> {
  if (isReading || isOver) return;
  isReading = true;
  try {
    const page = await readPage(cursor);
    cursor = page.next;
    isOver = page.next === null;
    const older = page.decisions.filter((decision) => !known.has(decision.decision_id)).reverse();
    for (const { decision_id: id, bound_by: bound } of page.decisions) boundBy.set(id, bound);
    for (const decision of older) known.add(decision.decision_id);
    kept = [...older.map(toListed), ...kept];
    changed(0);
  } finally {
    isReading = false;
  }
}

export function resetDecisions(): void {
  kept = [];
  known = new Set();
  waiting = [];
  boundBy = new Map();
  cursor = null;
  isOver = false;
  changed(0);
}
