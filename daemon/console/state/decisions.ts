import { signal } from '@preact/signals';
import type { ListedDecision, SkippedRecords } from '../../contract/types/stream.ts';
import type { ExplainedDecision } from '../../engine/records/decisions.ts';
import { type Gap, isGap, type Listed, makeGap, takeOut } from './gaps.ts';

/** What the page keeps; older ones are a read away. */
export const MAX_KEPT = 5_000;
/** So many are let go at once, so that a full list does not move with each row. */
const SLACK = 250;

function toListed(of: ListedDecision): ListedDecision {
  const { agent, at_ms, bound_by, decision, decision_id, effective, kind, reasons, seq, symbol, tool } = of;
  return { agent, at_ms, bound_by, decision, decision_id, effective, kind, reasons, seq, symbol, tool };
}

/** Newest last. */
let kept: Listed[] = [];
let known = new Set<string>();
let waiting: Listed[] = [];
let cursor: string | null = null;
let isOver = false;
let isReading = false;
/** Rises whenever the list changes; `added`: rows that came at the newest end since the page began. */
export const listVersion = signal({ version: 0, added: 0 });

/** Follows it about once a second, for what is summed up over all rows. */
export const slowVersion = signal(0);
let isCatchingUp = false;
let caughtUpAtMs = Number.NEGATIVE_INFINITY;
const SLOW_MS = 900;

export const listDecisions = (): readonly Listed[] => kept;
export const isAtEnd = (): boolean => isOver || kept.length >= MAX_KEPT;

/** Decisions that were last counted and not listed, and when this page was told. */
let reported: { readonly atMs: number; readonly count: number } | null = null;
/** How many of the last second, in which a stream that skips tells once; moves with them, and with `forgetReported`. */
export const justSkipped = signal(0);
const REPORTED_MS = 1_500;

/** Call it from time to time: a flood that is over is told of no longer. */
export function forgetReported(): void {
  if (reported !== null && reported.atMs <= performance.now() - REPORTED_MS) reported = null;
  justSkipped.value = reported?.count ?? 0;
}

function changed(added: number): void {
  const { version, added: before } = listVersion.peek();
  listVersion.value = { version: version + 1, added: before + added };
  if (isCatchingUp) return;
  const waitMs = caughtUpAtMs + SLOW_MS - performance.now();
  if (waitMs <= 0) {
    catchUp();
    return;
  }
  isCatchingUp = true;
  setTimeout(catchUp, waitMs);
}
function catchUp(): void {
  isCatchingUp = false;
  caughtUpAtMs = performance.now();
  slowVersion.value = listVersion.peek().version;
}

/** One that was just recorded; shown with the next frame. */
export function addLive(decision: ListedDecision): void {
  wait(toListed(decision));
}
/** Records that came faster than anybody reads: their decisions stand in the list as one row. */
export function addSkipped(skipped: SkippedRecords, atMs: number): void {
  const gap = makeGap(skipped, atMs);
  if (gap === null) return;
  reported = { atMs: performance.now(), count: gap.count ?? 0 };
  forgetReported();
  wait(gap);
}
function wait(row: Listed): void {
  if (waiting.length === 0) schedule();
  waiting.push(row);
}
/** With the frame, and in a page that nobody sees, which has none, by time. */
function schedule(): void {
  if (document.hidden) setTimeout(flush, 500);
  else requestAnimationFrame(flush);
}
function flush(): void {
  // One decision may come by the stream and by a page within one frame.
  const fresh = waiting.filter((row) => isGap(row) || note(row));
  waiting = [];
  let newest = kept.at(-1)?.seq ?? 0;
  let isInOrder = true;
  for (const { seq } of fresh) {
    isInOrder &&= seq > newest;
    newest = seq;
  }
  kept.push(...fresh);
  // A page that was read meanwhile may hold older ones than the stream.
  if (!isInOrder) {
    kept.sort((a, b) => a.seq - b.seq);
    kept = takeOut(kept, fresh);
  }
  trim();
  if (fresh.length > 0) changed(fresh.length);
}
/** Whether it was not known yet. */
function note({ decision_id: id }: ListedDecision): boolean {
  if (known.has(id)) return false;
  known.add(id);
  return true;
}
function trim(): void {
  if (kept.length <= MAX_KEPT + SLACK) return;
  for (const old of kept.splice(0, kept.length - MAX_KEPT)) if (!isGap(old)) known.delete(old.decision_id);
  // What was let go can be read no further: the cursor is older than that.
  isOver = true;
}

export interface DecisionPage {
  readonly decisions: readonly ExplainedDecision[];
  readonly next: string | null;
}
/** The newest decisions; those that the stream has not shown come in. */
export function addPage(page: DecisionPage): void {
  for (const decision of page.decisions.toReversed()) if (!known.has(decision.decision_id)) addLive(decision);
}

export async function addOlder(readPage: (cursor: string | null) => Promise<DecisionPage>): Promise<void> {
  if (isReading || isOver) return;
  isReading = true;
  try {
    const page = await readPage(cursor);
    cursor = page.next;
    isOver = page.next === null;
    const older = page.decisions.filter(note).reverse();
    kept = [...older.map(toListed), ...kept];
    changed(0);
  } finally {
    isReading = false;
  }
}

/** Lists the newest decisions of a gap; what is left of it stays. */
export async function fillGap(gap: Gap, readPage: (cursor: string) => Promise<DecisionPage>): Promise<void> {
  const page = await readPage(String(gap.seq + 1));
  const inside = page.decisions.filter(({ seq }) => seq >= gap.fromSeq);
  const fresh = inside.filter(note).map(toListed);
  const isWhole = inside.length < page.decisions.length || page.next === null;
  const readTo = isWhole ? gap.fromSeq : (inside.at(-1)?.seq ?? gap.fromSeq);
  const rest = takeOut(kept, fresh).flatMap((row) => {
    if (!isGap(row) || row.fromSeq !== gap.fromSeq) return [row];
    return readTo > gap.fromSeq ? [{ ...row, seq: readTo - 1 }] : [];
  });
  kept = [...rest, ...fresh].sort((a, b) => a.seq - b.seq);
  trim();
  changed(0);
}

export function resetDecisions(): void {
  kept = [];
  known = new Set();
  waiting = [];
  reported = null;
  justSkipped.value = 0;
  cursor = null;
  isOver = false;
  changed(0);
}
