import type { DecisionBodySchema } from '../bodies/decisions.ts';
import type { Body } from '../schema/agreement.ts';

/** What a list shows of a decision. */
export type ListedDecision = Pick<
  Body<typeof DecisionBodySchema>,
  | 'agent'
  | 'at_ms'
  | 'bound_by'
  | 'decision'
  | 'decision_id'
  | 'effective'
  | 'kind'
  | 'reasons'
  | 'seq'
  | 'symbol'
  | 'tool'
>;

/** How many there were, by name. */
export type Counts = Readonly<Record<string, number>>;

/** What was decided in records that a brief stream did not send one by one. */
export interface SkippedDecisions {
  readonly count: number;
  readonly by_outcome: Counts;
  readonly by_agent: Counts;
  /** By what stands in the decisions: one that has two reasons counts for both. */
  readonly by_reason: Counts;
}

/** Records that a brief stream did not send one by one: more came than anybody reads. */
export interface SkippedRecords {
  readonly from_seq: number;
  readonly to_seq: number;
  /** Null: not known, since the stream was behind. Any kind may be among them. */
  readonly kinds: Counts | null;
  readonly decisions: SkippedDecisions | null;
}
