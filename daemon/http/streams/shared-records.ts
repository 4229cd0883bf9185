/** A ledger record as the stream sends it. */
export interface StreamedEvent {
  readonly seq: number;
  readonly at_ms: number;
  readonly kind: string;
  readonly payload: unknown;
}
/** The source of the events. All are durable; `read` is ascending from `fromSeq`. */
export interface EventSource {
  lastSeq(): number;
  read(fromSeq: number, limit: number): readonly StreamedEvent[];
  /** Calls the listener after every commit; returns a function that stops it. */
  onCommitted(listener: () => void): () => void;
}

/** A record, and what a stream of all records sends of it. */
export interface SharedRecord {
  readonly event: StreamedEvent;
  text(): string;
}
/** The newest records, so many and so large. A stream that is further behind reads for itself. */
const MAX_RECORDS = 256;
const MAX_CHARACTERS = 2_000_000;

/** Canonical JSON contains no line breaks, so one data line holds it. */
export function formatEvent(event: StreamedEvent | null): string {
  if (event === null) return '';
  const { seq, at_ms, kind, payload } = event;
  return `id: ${seq}\nevent: ${kind}\ndata: ${JSON.stringify({ seq, at_ms, kind, payload })}\n\n`;
}

class Shared implements SharedRecord {
  readonly event: StreamedEvent;
  readonly #onText: (characters: number) => void;
  #text: string | null = null;

  constructor(event: StreamedEvent, onText: (characters: number) => void) {
    this.event = event;
    this.#onText = onText;
  }
  get length(): number {
    return this.#text?.length ?? 0;
  }
  text(): string {
    if (this.#text === null) {
      this.#text = formatEvent(this.event);
      this.#onText(this.#text.length);
    }
    return this.#text;
  }
}

/** The end of the ledger, read, derived and written once for all streams, however many there are. */
export class SharedRecords {
  readonly #source: EventSource;
  #kept: Shared[] = [];
  #characters = 0;

  constructor(source: EventSource) {
    this.#source = source;
  }

  /** Ascending from `fromSeq`; empty: there is nothing new. */
  read(fromSeq: number, limit: number): readonly SharedRecord[] {
    const first = this.#kept[0]?.event.seq ?? Number.POSITIVE_INFINITY;
    const found: SharedRecord[] = fromSeq >= first ? this.#kept.slice(fromSeq - first, fromSeq - first + limit) : [];
    const next = fromSeq + found.length;
    if (found.length === limit || next > this.#source.lastSeq()) return found;
    const read = this.#source.read(next, limit - found.length).map((event) => this.#keep(event));
    return [...found, ...read];
  }

  #keep(event: StreamedEvent): SharedRecord {
    const end = this.#kept.at(-1)?.event.seq ?? 0;
    const shared = new Shared(event, (characters) => {
      if (this.#kept.includes(shared)) this.#characters += characters;
    });
    // What lies before is of a stream that catches up.
    if (event.seq <= end) return shared;
    // INVARIANT: without gaps, since places are counted from the first.
    if (event.seq !== end + 1) this.#forget(this.#kept.length);
    this.#kept.push(shared);
    const tooMany = this.#kept.length - MAX_RECORDS;
    if (tooMany > 0) this.#forget(tooMany);
    while (this.#characters > MAX_CHARACTERS && this.#kept.length > 1) this.#forget(1);
    return shared;
  }

  #forget(count: number): void {
    for (const shared of this.#kept.splice(0, count)) this.#characters -= shared.length;
  }
}
