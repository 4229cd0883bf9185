import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { ApiError } from './errors.ts';

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

export const HEARTBEAT_MS = 15_000;
/** A client that reads nothing for this long is disconnected. It can resume with Last-Event-ID. */
export const STALLED_AFTER_MS = 30_000;
export const MAX_STREAMS = 32;
/** How many events are read and written at once: the most that one client keeps in memory. */
const PAGE_SIZE = 100;

/** What a client is shown of a record; null: nothing. */
export type Show = (event: StreamedEvent) => StreamedEvent | null;
const showAll: Show = (event) => event;

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
  return {
    get count() {
      return streams.size;
    },
    open(response, afterSeq, mayContinue, show = showAll) {
      if (streams.size >= max) {
        throw new ApiError('TOO_MANY_IN_FLIGHT', `${max} event streams are open already.`, {
          retryAfterSeconds: 5,
        });
      }
      const stream = new EventStream(source, response, afterSeq, mayContinue, show, logger);
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
  readonly #response: ServerResponse;
  readonly #mayContinue: () => boolean;
  readonly #show: Show;
  readonly #logger: Logger;
  #nextSeq: number;
  #isFull = false;
  #isScheduled = false;
  #isOver = false;
  #unsubscribe: (() => void) | null = null;
  #heartbeat: NodeJS.Timeout | null = null;
  #stalled: NodeJS.Timeout | null = null;

  constructor(
    source: EventSource,
    response: ServerResponse,
    afterSeq: number,
    mayContinue: () => boolean,
    show: Show,
    logger: Logger,
  ) {
    this.#source = source;
    this.#response = response;
    this.#nextSeq = afterSeq + 1;
    this.#mayContinue = mayContinue;
    this.#show = show;
    this.#logger = logger;
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
    setImmediate(() => {
      this.#isScheduled = false;
      if (!this.#isFull && !this.#isOver) this.#sendPage();
    });
  }

  #sendPage(): void {
    if (!this.#mayContinue()) {
      this.end();
      return;
    }
    let page: readonly StreamedEvent[];
    let text: string;
    try {
      page = this.#source.read(this.#nextSeq, PAGE_SIZE);
      text = page.map((event) => formatEvent(this.#show(event))).join('');
    } catch (error) {
      this.#logger.error({ err: error }, 'events cannot be read; the stream ends');
      this.end();
      return;
    }
    const last = page.at(-1);
    if (last === undefined) return;
    this.#nextSeq = last.seq + 1;
    if (text !== '') this.#write(text);
    if (page.length === PAGE_SIZE) this.#schedule();
  }

  #write(text: string): void {
    if (this.#response.write(text)) return;
    this.#isFull = true;
    this.#stalled ??= setTimeout(() => this.#response.destroy(), STALLED_AFTER_MS);
  }
}

/** Canonical JSON contains no line breaks, so one data line holds it. */
function formatEvent(event: StreamedEvent | null): string {
  if (event === null) return '';
  const { seq, at_ms, kind, payload } = event;
  return `id: ${seq}\nevent: ${kind}\ndata: ${JSON.stringify({ seq, at_ms, kind, payload })}\n\n`;
}
