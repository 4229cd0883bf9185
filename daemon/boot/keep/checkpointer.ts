import type { Logger } from 'pino';
import type { Ledger } from '../../ledger/types.ts';
import { type CheckpointChild, startCheckpoint } from './checkpoint-child.ts';
import { pruneCheckpoints } from './checkpoint-file.ts';
import { readCheckpoints } from './fold.ts';

/** Records between two checkpoints: what a start folds at most after a crash, some 40 us each. */
export const EVERY_RECORDS = 10_000;
/**
 * Each costs as much as some 10,000 records do to start its process and write all views. Where records come faster than
 * this wall time, ms, the next one waits, until so many times the records have come.
 */
export const REST_MS = 30_000;
export const MAX_TIMES = 10;
/** At an orderly stop fewer are folded again sooner than a checkpoint is written. */
export const MIN_AT_STOP = 1_000;
/** How long an orderly stop waits for a checkpoint unless it says so, wall ms. */
const STOP_WITHIN_MS = 15_000;

export interface CheckpointerOptions {
  readonly ledger: Ledger;
  readonly folder: string;
  /** Record that the last sound checkpoint takes in; 0: there is none. */
  readonly fromSeq: number;
  /** Domain clock, ms. */
  readonly now: () => number;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly everyRecords?: number;
  readonly restMs?: number;
  readonly minAtStop?: number;
  readonly stopWithinMs?: number;
  /** One was written and recorded. */
  readonly onWritten?: () => void;
}

/** Has checkpoints written while the daemon runs, and records each in the chain once its file is on disk. */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  readonly #stopFollowing: () => void;
  /** Record that the last one takes in, or that the last attempt was made at. */
  #lastSeq: number;
  /** Record that the last one takes in. */
  #writtenSeq: number;
  /** When the last attempt was made; monotonic, ms. */
  #lastMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | null = null;
  #child: CheckpointChild | null = null;
  /** A stop waits for what is written. */
  #isAwaited = false;
  #isGivenUp = false;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    this.#lastSeq = options.fromSeq;
    this.#writtenSeq = options.fromSeq;
    const { everyRecords: every = EVERY_RECORDS, restMs = REST_MS } = options;
    this.#stopFollowing = options.ledger.onCommitted(({ lastSeq }) => {
      const since = lastSeq - this.#lastSeq;
      const isRested = since >= MAX_TIMES * every || performance.now() - this.#lastMs >= restMs;
      if (since >= every && isRested) void this.#take(lastSeq);
    });
  }

  /** Writes one if there is enough that it spares the next start, and ends. */
  async close(): Promise<void> {
    this.#stopFollowing();
    this.#isAwaited = true;
    const { stopWithinMs = STOP_WITHIN_MS } = this.#options;
    const timer = setTimeout(() => this.#giveUp(), stopWithinMs);
    try {
      await this.#running;
      const { ledger, minAtStop = MIN_AT_STOP } = this.#options;
      if (ledger.isFailed) return;
      ledger.flush();
      const lastSeq = ledger.lastSeq();
      if (lastSeq - this.#writtenSeq >= minAtStop && !this.#isGivenUp) await this.#take(lastSeq);
    } finally {
      clearTimeout(timer);
    }
  }

  #giveUp(): void {
    this.#isGivenUp = true;
    this.#child?.kill();
  }

  #take(lastSeq: number): Promise<void> {
    const { ledger, log } = this.#options;
    if (this.#running !== null || ledger.isFailed || ledger.stats.reserve_used) return Promise.resolve();
    this.#lastSeq = lastSeq;
    this.#lastMs = performance.now();
    this.#running = this.#run()
      .catch((error: unknown) => log.warn({ err: error }, 'no checkpoint was written; the next start folds more'))
      .finally(() => {
        this.#running = null;
      });
    return this.#running;
  }

  async #run(): Promise<void> {
    const { folder, ledger, log, now } = this.#options;
    const startedMs = performance.now();
    this.#child = startCheckpoint({ ledgerPath: ledger.path, folder }, !this.#isAwaited);
    const checkpoint = await this.#child.written.finally(() => {
      this.#child = null;
    });
    // The stop, or a failed disk, may have come first: then the file has no record, and the next one removes it.
    const { committed } = ledger.appendNow([{ kind: 'checkpoint', at_ms: Math.floor(now()), payload: checkpoint }]);
    await committed;
    this.#lastSeq = checkpoint.seq;
    this.#writtenSeq = checkpoint.seq;
    pruneCheckpoints(
      folder,
      readCheckpoints(ledger).map(({ seq }) => seq),
    );
    const { bytes, seq } = checkpoint;
    log.info({ seq, bytes, ms: Math.round(performance.now() - startedMs) }, 'checkpoint written');
    this.#options.onWritten?.();
  }
}
