import type { Counts, ListedDecision, SkippedRecords } from '../../contract/types/stream.ts';

/** Decisions between two rows that were counted and not listed. */
export interface Gap {
  readonly fromSeq: number;
  /** Of the last record in it: its place in the list. */
  readonly seq: number;
  readonly at_ms: number;
  /** Null: how many is not known. */
  readonly count: number | null;
  readonly byOutcome: Counts | null;
  readonly byAgent: Counts | null;
  readonly byReason: Counts | null;
}

/** Null: no decision is among what was skipped. */
export function makeGap({ decisions, from_seq: fromSeq, to_seq: seq }: SkippedRecords, at_ms: number): Gap | null {
  if (decisions === null) return { fromSeq, seq, at_ms, count: null, byOutcome: null, byAgent: null, byReason: null };
  const { by_agent: byAgent, by_outcome: byOutcome, by_reason: byReason, count } = decisions;
  return count === 0 ? null : { fromSeq, seq, at_ms, count, byOutcome, byAgent, byReason };
}

/** How many of a gap pass the filters of the list; null: some may. */
export function countInGap({ byAgent, byOutcome, count }: Gap, outcome: string, agent: string): number | null {
  const parts = [
    ...(outcome === 'all' ? [] : [byOutcome === null ? null : (byOutcome[outcome] ?? 0)]),
    ...(agent === 'all' ? [] : [byAgent === null ? null : (byAgent[agent] ?? 0)]),
  ];
  if (parts.includes(0)) return 0;
  const [first, second] = parts;
  return first === undefined ? count : second === undefined ? first : null;
}

/** The most frequent first. */
export function mostFirst(counts: Counts, most: number): readonly (readonly [name: string, count: number])[] {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .sort((a, b) => b[1] - a[1])
    .slice(0, most);
}

/** A row of the list. */
export type Listed = ListedDecision | Gap;
export const isGap = (row: Listed): row is Gap => 'fromSeq' in row;

/** What of `fresh` stands within gaps counts in them no longer. */
export function takeOut(rows: readonly Listed[], fresh: readonly Listed[]): Listed[] {
  const decisions = fresh.filter((row): row is ListedDecision => !isGap(row));
  return rows.flatMap((row) => {
    if (!isGap(row) || row.count === null) return [row];
    const inside = decisions.filter(({ seq }) => seq >= row.fromSeq && seq <= row.seq);
    if (inside.length === 0) return [row];
    const left = row.count - inside.length;
    if (left <= 0) return [];
    const byOutcome = less(
      row.byOutcome,
      inside.map(({ decision }) => decision),
    );
    const byAgent = less(
      row.byAgent,
      inside.map(({ agent }) => agent),
    );
    return [{ ...row, count: left, byOutcome, byAgent, byReason: null }];
  });
}

function less(counts: Counts | null, names: readonly string[]): Counts | null {
  if (counts === null) return null;
  const left = new Map(Object.entries(counts));
  for (const name of names) left.set(name, Math.max(0, (left.get(name) ?? 0) - 1));
  return Object.fromEntries(left);
}
