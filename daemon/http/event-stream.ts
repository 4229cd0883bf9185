import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { ApiError } from './errors.ts';
import {
  type EventSource,
  formatEvent,
  type SharedRecord,
  SharedRecords,
  type StreamedEvent,
} from './shared-records.ts';

export type { EventSource, StreamedEvent };

export const HEARTBEAT_MS = 15_000;
/** A client that reads nothing for this long is disconnected. It can resume with Last-Event-ID. */
export const STALLED_AFTER_MS = 30_000;
export const MAX_STREAMS = 32;
/** How many events are read and written at once: the most that one client keeps in memory. */
const PAGE_SIZE = 100;

/**
 * What comes within this time after a page goes with the next one: under load a write for each commit and client costs more
 * than all that is in it. The first record after a silence goes at once.
 */
export const GATHER_MS = 50;

/** What a client is shown of a record; null: nothing. */
export type Show = (event: StreamedEvent) => StreamedEvent | null;

export interface EventStreams {
  readonly count: number;
  /**
   * Sends every event after `afterSeq` until the client leaves, is too slow, or loses its right.
   *
   * @throws ApiError TOO_MANY_IN_FLIGHT when MAX_STREAMS are open
   */
  open(response: ServerResponse, afterSeq: number, mayContinue: () => boolean, show?: Show): void;
  closeAll(): void;
}

/** `max`: how many may be open at once. */
export function createEventStreams(source: EventSource, logger: Logger, max = MAX_STREAMS): EventStreams {
  const streams = new Set<EventStream>();
  const records = new SharedRecords(source);
  return {
    get count() {
      return streams.size;
    },
    open(response, afterSeq, mayContinue, show) {
      if (streams.size >= max) {
        throw new ApiError('TOO_MANY_IN_FLIGHT', `${max} event streams are open already.`, {
          retryAfterSeconds: 5,
        });
      }
      const stream = new EventStream({ source, records, response, afterSeq, mayContinue, show: show ?? null, logger });
      streams.add(stream);
      response.once('close', () => {
        stream.stop();
        streams.delete(stream);
      });
      stream.start();
    },
    closeAll() {
      for (const stream of streams) stream.end();
    },
  };
}

/** One client. It reads the next page only after the previous one is written to the socket. */
class EventStream {
  readonly #source: EventSource;
  readonly #records: SharedRecords;
  readonly #response: ServerResponse;
  readonly #mayContinue: () => boolean;
  /** Null: every record as it is. */
  readonly #show: Show | null;
  readonly #logger: Logger;
  #nextSeq: number;
  #isFull = false;
  #isScheduled = false;
  #gatherUntilMs = 0;
  #gathering: NodeJS.Timeout | null = null;
  #isOver = false;
  #unsubscribe: (() => void) | null = null;
  #heartbeat: NodeJS.Timeout | null = null;
  #stalled: NodeJS.Timeout | null = null;

  constructor(parts: {
    readonly source: EventSource;
    readonly records: SharedRecords;
    readonly response: ServerResponse;
    readonly afterSeq: number;
    readonly mayContinue: () => boolean;
    readonly show: Show | null;
    readonly logger: Logger;
  }) {
    this.#source = parts.source;
    this.#records = parts.records;
    this.#response = parts.response;
    this.#nextSeq = parts.afterSeq + 1;
    this.#mayContinue = parts.mayContinue;
    this.#show = parts.show;
    this.#logger = parts.logger;
  }

  start(): void {
    this.#response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-accel-buffering': 'no',
    });
    this.#response.on('drain', () => {
      this.#isFull = false;
      if (this.#stalled !== null) clearTimeout(this.#stalled);
      this.#stalled = null;
      this.#schedule();
    });
    // Without an id, so that a client that has seen no event keeps its place.
    this.#write(`retry: 2000\n\n`);
    this.#unsubscribe = this.#source.onCommitted(() => this.#schedule());
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    this.#schedule();
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#unsubscribe?.();
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    if (this.#gathering !== null) clearTimeout(this.#gathering);
    if (this.#stalled !== null) clearTimeout(this.#stalled);
  }

  end(): void {
    this.stop();
    this.#response.end();
  }

  #beat(): void {
    if (!this.#mayContinue()) this.end();
    else if (!this.#isFull) this.#write(': keep-alive\n\n');
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isFull || this.#isOver) return;
    this.#isScheduled = true;
    const waitMs = this.#gatherUntilMs - performance.now();
    const send = (): void => {
      this.#isScheduled = false;
      if (!this.#isFull && !this.#isOver) this.#sendPage();
    };
    if (waitMs > 0) this.#gathering = setTimeout(send, waitMs);
    else setImmediate(send);
  }

  #sendPage(): void {
    if (!this.#mayContinue()) {
      this.end();
      return;
    }
    let page: readonly SharedRecord[];
    let text: string;
    try {
      const show = this.#show;
      page = this.#records.read(this.#nextSeq, PAGE_SIZE);
      text = page.map((record) => (show === null ? record.text() : formatEvent(show(record.event)))).join('');
    } catch (error) {
      this.#logger.error({ err: error }, 'events cannot be read; the stream ends');
      this.end();
      return;
    }
    const last = page.at(-1);
    if (last === undefined) return;
    this.#nextSeq = last.event.seq + 1;
    // One that catches up waits for nothing.
    this.#gatherUntilMs = page.length === PAGE_SIZE ? 0 : performance.now() + GATHER_MS;
    if (text !== '') this.#write(text);
    if (page.length === PAGE_SIZE) this.#schedule();
  }

  #write(text: string): void {
    if (this.#response.write(text)) return;
    this.#isFull = true;
    this.#stalled ??= setTimeout(() => this.#response.destroy(), STALLED_AFTER_MS);
  }
}
