import type { ServerResponse } from 'node:http';

export const HEARTBEAT_MS = 15_000;
/** A client that reads nothing for this long is disconnected. It can resume with Last-Event-ID. */
export const STALLED_AFTER_MS = 30_000;

/** A client of server-sent events: what is written to it, whether it reads, and whether it still may. */
export class EventSocket {
  readonly #response: ServerResponse;
  readonly #mayContinue: () => boolean;
  #isFull = false;
  #isOver = false;
  #heartbeat: NodeJS.Timeout | null = null;
  #stalled: NodeJS.Timeout | null = null;

  constructor(response: ServerResponse, mayContinue: () => boolean) {
    this.#response = response;
    this.#mayContinue = mayContinue;
  }

  /** It takes more, and there is somebody to take it. */
  get isReady(): boolean {
    return !this.#isFull && !this.#isOver;
  }

  /** `onDrain`: it reads again. */
  start(onDrain: () => void): void {
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
      onDrain();
    });
    // Without an id, so that a client that has seen no event keeps its place.
    this.write('retry: 2000\n\n');
    this.#heartbeat = setInterval(() => {
      if (this.mayContinue() && !this.#isFull) this.write(': keep-alive\n\n');
    }, HEARTBEAT_MS);
  }

  /** Ends it where its token has lost the right. */
  mayContinue(): boolean {
    if (this.#mayContinue()) return true;
    this.end();
    return false;
  }

  write(text: string): void {
    if (this.#response.write(text)) return;
    this.#isFull = true;
    this.#stalled ??= setTimeout(() => this.#response.destroy(), STALLED_AFTER_MS);
  }

  /** The client has left. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#heartbeat !== null) clearInterval(this.#heartbeat);
    if (this.#stalled !== null) clearTimeout(this.#stalled);
  }

  end(): void {
    this.stop();
    this.#response.end();
  }
}
