import type { Counts, SkippedDecisions, SkippedRecords } from '../gate/api/stream.ts';
import type { DecisionEvent } from '../gate/events.ts';
import type { StreamedEvent } from './shared-records.ts';

/** A record as it was appended, not necessarily on disk yet. */
export type AppendedRecord = StreamedEvent;
/** No more of a record is held than is counted: what outlives a turn is copied by the collector. */
interface Noted {
  readonly seq: number;
  readonly kind: string;
  /** Null: no decision. */
  readonly outcome: string | null;
  readonly agent: string;
  readonly codes: readonly string[];
}
const NONE: readonly string[] = [];

/**
 * What is recorded while somebody looks: counts, and the records as they are in memory while there are few. To be counted
 * or listed none of these is read again. Of many the newest are: to hold them all costs more than to read some again.
 */
export class RecordTally {
  #noted: Noted[] = [];
  #whole: AppendedRecord[] = [];
  readonly #mostWhole: number;
  /** Everything behind this place was noted. */
  #from: number;

  /** `mostWhole`: so many records since the last page are held whole, of more none. */
  constructor(lastSeq: number, mostWhole: number) {
    this.#from = lastSeq;
    this.#mostWhole = mostWhole;
  }

  readonly note = (record: AppendedRecord): void => {
    const { kind, payload, seq } = record;
    if (seq - this.#from <= this.#mostWhole) this.#whole.push(record);
    else if (this.#whole.length > 0) this.#whole = [];
    if (kind !== 'decision') {
      this.#noted.push({ seq, kind, outcome: null, agent: '', codes: NONE });
      return;
    }
    const { agent, decision, reasons } = (payload as DecisionEvent).decision;
    const codes = reasons.length === 0 ? NONE : reasons.map(({ code }) => code);
    this.#noted.push({ seq, kind, outcome: decision, agent, codes });
  };

  /** All that came after `afterSeq` up to `toSeq`; null: not all of it is here. */
  list(afterSeq: number, toSeq: number): readonly AppendedRecord[] | null {
    const found = this.#whole.filter(({ seq }) => seq > afterSeq && seq <= toSeq);
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
    for (const { agent, codes, kind, outcome, seq } of this.#noted) {
      if (seq <= afterSeq || seq > toSeq) continue;
      add(kinds, kind);
      if (outcome === null) continue;
      count += 1;
      add(by.outcome, outcome);
      add(by.agent, agent);
      for (const code of new Set(codes)) add(by.reason, code);
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
    this.#whole = this.#whole.filter(({ seq }) => seq > toSeq);
  }
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
/** Names of agents are anybody's words: `__proto__` is one like others. */
function toCounts(counts: ReadonlyMap<string, number>): Counts {
  return Object.fromEntries(counts);
}
