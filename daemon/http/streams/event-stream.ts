import type { ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { ApiError } from '../errors.ts';
import { EventSocket } from './event-socket.ts';
import {
  type EventSource,
  formatEvent,
  type SharedRecord,
  SharedRecords,
  type StreamedEvent,
} from './shared-records.ts';

export type { EventSource, StreamedEvent };

export const MAX_STREAMS = 32;
/** How many events are read and written at once: the most that one client keeps in memory. */
const PAGE_SIZE = 100;

/**
 * What comes within this time after a page goes with the next one: under load a write for each commit and client costs more
 * than all that is in it. The first record after a silence goes at once.
 */
export const GATHER_MS = 50;

/** What a client is shown of records. */
export interface Showing {
  /** Null: nothing of this one. */
  show(event: StreamedEvent): StreamedEvent | null;
  /** RISK: what became of an order is shown as it is known now, and may be on its way to the disk still. */
  settled(): Promise<void>;
}

export interface EventStreams {
  readonly count: number;
  /**
   * Sends every event after `afterSeq` until the client leaves, is too slow, or loses its right.
   *
   * @throws ApiError TOO_MANY_IN_FLIGHT when MAX_STREAMS are open
   */
  open(response: ServerResponse, afterSeq: number, mayContinue: () => boolean, showing?: Showing): void;
  closeAll(): void;
}

/** @throws ApiError TOO_MANY_IN_FLIGHT */
export function refuseMoreStreams(open: number, max: number): void {
  if (open < max) return;
  throw new ApiError('TOO_MANY_IN_FLIGHT', `${max} event streams are open already.`, { retryAfterSeconds: 5 });
}

/** `max`: how many may be open at once, beside `others`. */
export function createEventStreams(
  source: EventSource,
  logger: Logger,
  max = MAX_STREAMS,
  others: () => number = () => 0,
): EventStreams {
  const streams = new Set<EventStream>();
  const records = new SharedRecords(source);
  return {
    get count() {
      return streams.size;
    },
    open(response, afterSeq, mayContinue, showing) {
      refuseMoreStreams(streams.size + others(), max);
      const socket = new EventSocket(response, mayContinue);
      const stream = new EventStream({ source, records, socket, afterSeq, showing: showing ?? null, logger });
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
  readonly #socket: EventSocket;
  /** Null: every record as it is. */
  readonly #showing: Showing | null;
  readonly #logger: Logger;
  #nextSeq: number;
  #isScheduled = false;
  #isStopped = false;
  #gatherUntilMs = 0;
  #gathering: NodeJS.Timeout | null = null;
  #unsubscribe: (() => void) | null = null;

  constructor(parts: {
    readonly source: EventSource;
    readonly records: SharedRecords;
    readonly socket: EventSocket;
    readonly afterSeq: number;
    readonly showing: Showing | null;
    readonly logger: Logger;
  }) {
    this.#source = parts.source;
    this.#records = parts.records;
    this.#socket = parts.socket;
    this.#nextSeq = parts.afterSeq + 1;
    this.#showing = parts.showing;
    this.#logger = parts.logger;
  }

  start(): void {
    this.#socket.start(() => this.#schedule());
    this.#unsubscribe = this.#source.onCommitted(() => this.#schedule());
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    this.#socket.stop();
    this.#unsubscribe?.();
    if (this.#gathering !== null) clearTimeout(this.#gathering);
  }

  end(): void {
    this.stop();
    this.#socket.end();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isStopped || !this.#socket.isReady) return;
    this.#isScheduled = true;
    const waitMs = this.#gatherUntilMs - performance.now();
    const send = (): void => {
      this.#isScheduled = false;
      if (this.#socket.isReady) this.#sendPage();
    };
    if (waitMs > 0) this.#gathering = setTimeout(send, waitMs);
    else setImmediate(send);
  }

  #sendPage(): void {
    if (!this.#socket.mayContinue()) {
      this.stop();
      return;
    }
    let page: readonly SharedRecord[];
    let text: string;
    try {
      const showing = this.#showing;
      page = this.#records.read(this.#nextSeq, PAGE_SIZE);
      text = page
        .map((record) => (showing === null ? record.text() : formatEvent(showing.show(record.event))))
        .join('');
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
    const write = (): void => {
      if (text !== '' && !this.#isStopped) this.#socket.write(text);
      if (page.length === PAGE_SIZE) this.#schedule();
    };
    if (text === '' || this.#showing === null) write();
    else void this.#afterSettled(this.#showing, write);
  }

  async #afterSettled(showing: Showing, write: () => void): Promise<void> {
    // The next page waits for this one.
    this.#isScheduled = true;
    await showing.settled();
    this.#isScheduled = false;
    write();
    // What was committed meanwhile has asked in vain.
    this.#schedule();
  }
}
