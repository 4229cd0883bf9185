import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import type { ListedDecision } from '../../contract/types/stream.ts';
import type { ExplainedDecision } from '../../engine/records/decisions.ts';
import { EventSocket } from './event-socket.ts';
import { MAX_STREAMS, refuseMoreStreams } from './event-stream.ts';
import { type AppendedRecord, RecordTally } from './record-tally.ts';
import { type EventSource, formatEvent, type StreamedEvent } from './shared-records.ts';

/** What comes within this time after a page goes with the next one. The first record after a silence goes at once. */
export const BRIEF_GATHER_MS = 250;
/** The same behind a page that skipped some: nobody reads faster. */
export const SKIPPED_GATHER_MS = 1_000;
/** As many records as this in one page are sent one by one. */
export const MAX_LISTED = 100;
/** Of more than that, the newest. */
export const NEWEST_LISTED = 20;

/** Records as they are appended, while somebody looks. */
export interface AppendedSource {
  /** Returns what ends it. */
  follow(listener: (record: AppendedRecord) => void): () => void;
  /** One of them as streams show it. */
  tell(record: AppendedRecord): StreamedEvent;
}
/** Calls once after so many ms; returns what prevents it. */
export type After = (ms: number, fn: () => void) => { cancel(): void };

export interface BriefStreams {
  readonly count: number;
  /** @throws ApiError TOO_MANY_IN_FLIGHT */
  open(response: ServerResponse, afterSeq: number, mayContinue: () => boolean): void;
  closeAll(): void;
}
export interface BriefParts {
  readonly source: EventSource & AppendedSource;
  readonly logger: Logger;
  readonly after: After;
  readonly nowMs: () => number;
  /** How many other streams are open. */
  readonly others: () => number;
}
interface Reader {
  readonly socket: EventSocket;
  /** The last record that it was told of. */
  place: number;
}

/**
 * Streams for screens: what a person can see, at a cost that does not grow with the records. One page is read, derived and
 * written as text for all readers, on one timer; beyond {@link MAX_LISTED} records it says how many there were of what,
 * and lists the newest. Without a reader nothing is followed.
 */
export class BriefEventStreams implements BriefStreams {
  readonly #parts: BriefParts;
  readonly #readers = new Set<Reader>();
  #tally: RecordTally | null = null;
  #unfollow: readonly (() => void)[] = [];
  #timer: { cancel(): void } | null = null;
  #gatherUntilMs = 0;

  constructor(parts: BriefParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#readers.size;
  }

  open(response: ServerResponse, afterSeq: number, mayContinue: () => boolean): void {
    refuseMoreStreams(this.#readers.size + this.#parts.others(), MAX_STREAMS);
    const reader = { socket: new EventSocket(response, mayContinue), place: afterSeq };
    if (this.#readers.size === 0) this.#follow();
    this.#readers.add(reader);
    response.once('close', () => {
      reader.socket.stop();
      this.#readers.delete(reader);
      if (this.#readers.size === 0) this.#rest();
    });
    reader.socket.start(() => this.#schedule());
    this.#schedule();
  }

  closeAll(): void {
    for (const { socket } of this.#readers) socket.end();
  }

  #follow(): void {
    const { source } = this.#parts;
    const tally = new RecordTally(source.lastSeq(), MAX_LISTED);
    this.#tally = tally;
    this.#unfollow = [source.follow(tally.note), source.onCommitted(() => this.#schedule())];
  }

  #rest(): void {
    for (const end of this.#unfollow) end();
    this.#unfollow = [];
    this.#timer?.cancel();
    this.#timer = null;
    this.#tally = null;
  }

  #schedule(): void {
    if (this.#timer !== null || this.#tally === null) return;
    const waitMs = Math.max(0, this.#gatherUntilMs - this.#parts.nowMs());
    this.#timer = this.#parts.after(waitMs, () => {
      this.#timer = null;
      this.#tell();
    });
  }

  #tell(): void {
    const lastSeq = this.#parts.source.lastSeq();
    const pages = new Map<number, string>();
    let hasSkipped = false;
    for (const reader of this.#readers) {
      if (reader.place >= lastSeq || !reader.socket.isReady || !reader.socket.mayContinue()) continue;
      const text = pages.get(reader.place) ?? this.#buildPage(reader.place, lastSeq);
      if (text === null) {
        reader.socket.end();
        continue;
      }
      pages.set(reader.place, text);
      hasSkipped ||= lastSeq - reader.place > MAX_LISTED;
      reader.place = lastSeq;
      reader.socket.write(text);
    }
    this.#tally?.forget(lastSeq);
    this.#gatherUntilMs = this.#parts.nowMs() + (hasSkipped ? SKIPPED_GATHER_MS : BRIEF_GATHER_MS);
  }

  /** Null: it cannot be read. */
  #buildPage(place: number, lastSeq: number): string | null {
    const { logger, source } = this.#parts;
    const listedAfter = lastSeq - place > MAX_LISTED ? lastSeq - NEWEST_LISTED : place;
    try {
      const recent = this.#tally?.list(listedAfter, lastSeq) ?? null;
      const listed = recent?.map(source.tell) ?? source.read(listedAfter + 1, lastSeq - listedAfter);
      const texts = listed.map((event) => formatEvent(toListed(event)));
      if (listedAfter > place) {
        const payload = this.#tally?.sum(place, listedAfter) ?? null;
        const skipped = { seq: listedAfter, at_ms: listed[0]?.at_ms ?? 0, kind: 'skipped', payload };
        texts.unshift(formatEvent(skipped));
      }
      return texts.join('');
    } catch (error) {
      logger.error({ err: error }, 'events cannot be read; the stream ends');
      return null;
    }
  }
}

/** Of a decision what a list shows, of everything else that it was. */
function toListed({ seq, at_ms, kind, payload }: StreamedEvent): StreamedEvent {
  if (kind !== 'decision') return { seq, at_ms, kind, payload: null };
  const { decision: reported } = payload as { readonly decision: ExplainedDecision };
  const { agent, bound_by, decision, decision_id, effective, reasons, symbol, tool } = reported;
  const listed: ListedDecision = {
    agent,
    at_ms: reported.at_ms,
    bound_by,
    decision,
    decision_id,
    effective,
    kind: reported.kind,
    reasons,
    seq: reported.seq,
    symbol,
    tool,
  };
  return { seq, at_ms, kind, payload: { decision: listed } };
}
