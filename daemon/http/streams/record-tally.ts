import type { Counts, SkippedDecisions, SkippedRecords } from '../../contract/types/stream.ts';
import type { DecisionEvent } from '../../engine/records/decisions.ts';
import type { StreamedEvent } from './shared-records.ts';

/** A record as it was appended, not necessarily on disk yet. */
export type AppendedRecord = StreamedEvent;
/** What is counted of a record; equal ones share one. */
interface Sort {
  readonly kind: string;
  /** Null: no decision. */
  readonly outcome: string | null;
  readonly agent: string;
  /** Each once. */
  readonly codes: readonly string[];
}
const FEW = 1_024;

/**
 * What is recorded while somebody looks: counts, and the records as they are in memory while there are few. To be counted
 * or listed none of these is read again. Of many the newest are: to hold them all costs more than to read some again. For
 * the same reason a record that is counted leaves two numbers and no object: what outlives a turn is copied by the
 * collector, and marked by it for as long as it is held.
 */
export class RecordTally {
  readonly #sorts = new Sorts();
  /** Place and sort of each that was noted since the last page, the oldest first. */
  #seqs = new Float64Array(FEW);
  #sortOf = new Uint32Array(FEW);
  #count = 0;
  #whole: AppendedRecord[] = [];
  readonly #maxWhole: number;
  /** Everything behind this place was noted. */
  #from: number;

  /** `maxWhole`: so many records since the last page are held whole, of more none. */
  constructor(lastSeq: number, maxWhole: number) {
    this.#from = lastSeq;
    this.#maxWhole = maxWhole;
  }

  readonly note = (record: AppendedRecord): void => {
    const { seq } = record;
    if (seq - this.#from <= this.#maxWhole) this.#whole.push(record);
    else if (this.#whole.length > 0) this.#whole = [];
    if (this.#count === this.#seqs.length) this.#grow();
    this.#seqs[this.#count] = seq;
    this.#sortOf[this.#count] = this.#sorts.find(record);
    this.#count += 1;
  };

  #grow(): void {
    const [seqs, sortOf] = [this.#seqs, this.#sortOf];
    this.#seqs = new Float64Array(2 * seqs.length);
    this.#sortOf = new Uint32Array(2 * seqs.length);
    this.#seqs.set(seqs);
    this.#sortOf.set(sortOf);
  }

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
    for (const [{ agent, codes, kind, outcome }, times] of this.#countSorts(afterSeq, toSeq)) {
      add(kinds, kind, times);
      if (outcome === null) continue;
      count += times;
      add(by.outcome, outcome, times);
      add(by.agent, agent, times);
      for (const code of codes) add(by.reason, code, times);
    }
    const decisions: SkippedDecisions = {
      count,
      by_outcome: toCounts(by.outcome),
      by_agent: toCounts(by.agent),
      by_reason: toCounts(by.reason),
    };
    return { ...range, kinds: toCounts(kinds), decisions };
  }

  /** In the order in which they came first. */
  #countSorts(afterSeq: number, toSeq: number): Map<Sort, number> {
    const times = new Uint32Array(this.#sorts.all.length);
    const order: number[] = [];
    for (let at = 0; at < this.#count; at += 1) {
      const [seq = 0, sort = 0] = [this.#seqs[at], this.#sortOf[at]];
      if (seq <= afterSeq || seq > toSeq) continue;
      if (times[sort] === 0) order.push(sort);
      times[sort] = (times[sort] ?? 0) + 1;
    }
    return new Map(order.map((sort) => [this.#sorts.all[sort] as Sort, times[sort] ?? 0]));
  }

  forget(toSeq: number): void {
    this.#from = Math.max(this.#from, toSeq);
    const first = this.#seqs.subarray(0, this.#count).findIndex((seq) => seq > toSeq);
    const start = first === -1 ? this.#count : first;
    this.#seqs.copyWithin(0, start, this.#count);
    this.#sortOf.copyWithin(0, start, this.#count);
    this.#count -= start;
    this.#whole = this.#whole.filter(({ seq }) => seq > toSeq);
  }
}

/** A word of what is counted, and those that may come behind it. */
class Word {
  /** Of the sort that ends here; -1: none yet. */
  sort = -1;
  readonly #next = new Map<string, Word>();

  followedBy(text: string): Word {
    const known = this.#next.get(text);
    if (known !== undefined) return known;
    const word = new Word();
    this.#next.set(text, word);
    return word;
  }
}

/** Every sort that was met, by its number. Agents come from tokens and codes from the core, so there are not many. */
class Sorts {
  readonly all: Sort[] = [];
  readonly #words = new Word();

  find({ kind, payload }: AppendedRecord): number {
    let word = this.#words.followedBy(kind);
    if (kind !== 'decision')
      return word.sort < 0 ? this.#add(word, { kind, outcome: null, agent: '', codes: [] }) : word.sort;
    const { agent, decision, reasons } = (payload as DecisionEvent).decision;
    word = word.followedBy(agent).followedBy(decision);
    for (const { code } of reasons) word = word.followedBy(code);
    if (word.sort >= 0) return word.sort;
    const codes = new Set(reasons.map(({ code }) => code));
    return this.#add(word, { kind, outcome: decision, agent, codes: [...codes] });
  }

  #add(word: Word, sort: Sort): number {
    word.sort = this.all.push(sort) - 1;
    return word.sort;
  }
}

function add(counts: Map<string, number>, name: string, times: number): void {
  counts.set(name, (counts.get(name) ?? 0) + times);
}
/** Names of agents are anybody's words: `__proto__` is one like others. */
function toCounts(counts: ReadonlyMap<string, number>): Counts {
  return Object.fromEntries(counts);
}
