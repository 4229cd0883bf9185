import type { Counts, SkippedDecisions, SkippedRecords } from '../gate/api/stream.ts';
import type { DecisionEvent } from '../gate/events.ts';
import type { StreamedEvent } from './shared-records.ts';

/** A record as it was appended, not necessarily on disk yet. */
export type AppendedRecord = StreamedEvent;
interface Noted {
  readonly seq: number;
  readonly kind: string;
  /** Null: no decision. No more of it is held than is counted. */
  readonly decision: Pick<DecisionEvent['decision'], 'agent' | 'decision' | 'reasons'> | null;
}

/**
 * What is recorded while somebody looks: counts, and the newest records as they are in memory. To be counted or listed no
 * record is read again, which would cost four times as much.
 */
export class RecordTally {
  #noted: Noted[] = [];
  readonly #newest: AppendedRecord[] = [];
  readonly #mostKept: number;
  /** Everything behind this place was noted. */
  #from: number;

  /** `mostKept`: of the newest records, whole. */
  constructor(lastSeq: number, mostKept: number) {
    this.#from = lastSeq;
    this.#mostKept = mostKept;
  }

  readonly note = (record: AppendedRecord): void => {
    const { kind, payload, seq } = record;
    this.#newest.push(record);
    if (this.#newest.length >= 2 * this.#mostKept) this.#newest.splice(0, this.#mostKept);
    const told = kind === 'decision' ? (payload as DecisionEvent).decision : null;
    const decision = told === null ? null : { agent: told.agent, decision: told.decision, reasons: told.reasons };
    this.#noted.push({ seq, kind, decision });
  };

  /** All that came after `afterSeq` up to `toSeq`; null: not all of it is here. */
  list(afterSeq: number, toSeq: number): readonly AppendedRecord[] | null {
    const found = this.#newest.filter(({ seq }) => seq > afterSeq && seq <= toSeq);
    return found.length === toSeq - afterSeq ? found : null;
  }

  /** What came after `afterSeq` up to `toSeq`; without counts where that was forgotten. */
  sum(afterSeq: number, toSeq: number): SkippedRecords {
    const range = { from_seq: afterSeq + 1, to_seq: toSeq };
    if (afterSeq < this.#from) return { ...range, kinds: null, decisions: null };
    const kinds = new Map<string, number>();
    const by = {
      outcome: new Map<string, number>(),
      agent: new Map<string, number>(),
      reason: new Map<string, number>(),
    };
    let count = 0;
    for (const { decision, kind, seq } of this.#noted) {
      if (seq <= afterSeq || seq > toSeq) continue;
      add(kinds, kind);
      if (decision === null) continue;
      count += 1;
      add(by.outcome, decision.decision);
      add(by.agent, decision.agent);
      for (const code of new Set(decision.reasons.map((reason) => reason.code))) add(by.reason, code);
    }
    const decisions: SkippedDecisions = {
      count,
      by_outcome: toCounts(by.outcome),
      by_agent: toCounts(by.agent),
      by_reason: toCounts(by.reason),
    };
    return { ...range, kinds: toCounts(kinds), decisions };
  }

  forget(toSeq: number): void {
    this.#from = Math.max(this.#from, toSeq);
    this.#noted = this.#noted.filter(({ seq }) => seq > toSeq);
  }
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
/** Names of agents are anybody's words: `__proto__` is one like others. */
function toCounts(counts: ReadonlyMap<string, number>): Counts {
  return Object.fromEntries(counts);
}
