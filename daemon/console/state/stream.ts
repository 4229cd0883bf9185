import { EventSourceParserStream } from 'eventsource-parser/stream';

/** A record of the ledger, or several (`skipped`), as `GET /v1/events?view=brief` sends them. */
export interface LedgerRecord {
  readonly seq: number;
  readonly at_ms: number;
  readonly kind: string;
  readonly payload: unknown;
}
export interface StreamHandlers {
  /** Before anything is sent. @throws when the daemon does not prove itself */
  readonly prove: () => Promise<unknown>;
  readonly onRecord: (record: LedgerRecord) => void;
  readonly onState: (state: 'live' | 'reconnecting') => void;
  /** The session is over: nothing is tried again. */
  readonly onRefused: () => void;
}
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 5_000;
/** The daemon sends a comment every 15 s; a connection that is silent for longer is dead. */
const SILENT_AFTER_MS = 40_000;

/** Server-sent events by fetch, since EventSource cannot send a bearer text. Goes on where it was cut off. */
export function followLedger(bearer: string, handlers: StreamHandlers): () => void {
  const stop = new AbortController();
  let lastSeq: number | null = null;
  let retryMs = FIRST_RETRY_MS;

  const readOnce = async (): Promise<void> => {
    const attempt = new AbortController();
    const abort = (): void => attempt.abort();
    stop.signal.addEventListener('abort', abort, { once: true });
    let silence = setTimeout(abort, SILENT_AFTER_MS);
    try {
      await handlers.prove();
      const response = await fetch('/v1/events?view=brief', {
        headers: {
          authorization: `Bearer ${bearer}`,
          ...(lastSeq === null ? {} : { 'last-event-id': String(lastSeq) }),
        },
        cache: 'no-store',
        credentials: 'omit',
        signal: attempt.signal,
      });
      if (response.status === 401 || response.status === 403) {
        stop.abort();
        handlers.onRefused();
        return;
      }
      if (!response.ok || response.body === null) return;
      handlers.onState('live');
      retryMs = FIRST_RETRY_MS;
      const alive = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(chunk, controller) {
          clearTimeout(silence);
          silence = setTimeout(abort, SILENT_AFTER_MS);
          controller.enqueue(chunk);
        },
      });
      const events = response.body
        .pipeThrough(alive)
        .pipeThrough(new TextDecoderStream())
        .pipeThrough(new EventSourceParserStream())
        .getReader();
      for (;;) {
        const { done, value } = await events.read();
        if (done) return;
        const record = JSON.parse(value.data) as LedgerRecord;
        lastSeq = record.seq;
        handlers.onRecord(record);
      }
    } finally {
      clearTimeout(silence);
      stop.signal.removeEventListener('abort', abort);
    }
  };
  const run = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      // Cut off, or never there: both are tried again.
      await readOnce().catch(() => undefined);
      if (stop.signal.aborted) return;
      handlers.onState('reconnecting');
      await new Promise((resolve) => setTimeout(resolve, retryMs));
      retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    }
  };
  void run();
  return () => stop.abort();
}
