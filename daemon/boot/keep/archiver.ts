import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import { SqliteReader } from '../../ledger/reader.ts';
import { hasArchivedRows } from '../../ledger/remove-archived.ts';
import type { Ledger } from '../../ledger/types.ts';
import type { TimePort } from '../../time/time-port.ts';
import { findDue } from './archive-segments.ts';
import type { ArchiveNews, ArchiveWork } from './archive-worker.ts';

/** Each run folds the whole ledger again, in its thread. */
const AT_MOST_EVERY_MS = 86_400_000;
/** Compiled or not, the worker is the neighbour of this file with the same ending. */
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

export interface ArchiverOptions {
  readonly ledger: Ledger;
  readonly checkpointFolder: string;
  /** How long records stay in the live file at least, ms of domain time; null: for good. */
  readonly keepMs: number | null;
  /** Domain clock, ms. */
  readonly now: () => number;
  readonly time: TimePort;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly segmentRecords?: number;
}

/** Archives old segments while the daemon runs, and finishes removals that an earlier process began. */
export class Archiver {
  readonly #options: ArchiverOptions;
  #running: Promise<void> | null = null;
  #worker: Worker | null = null;
  #lastRunMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(options: ArchiverOptions) {
    this.#options = options;
    const { ledger } = options;
    // What is left of the reserve is for what reduces risk.
    const mayWrite = !ledger.stats.reserve_used;
    if (mayWrite && ledger instanceof SqliteReader && hasArchivedRows(ledger)) this.#start(0);
  }

  /** To be called after a checkpoint was recorded. */
  consider(): void {
    const { keepMs, ledger, now, segmentRecords, time } = this.#options;
    if (keepMs === null || this.#running !== null || this.#isClosed) return;
    if (ledger.isFailed || ledger.stats.reserve_used) return;
    if (time.monotonicMs() - this.#lastRunMs < AT_MOST_EVERY_MS) return;
    const cutoffMs = Math.floor(now()) - keepMs;
    if (findDue(ledger, cutoffMs, segmentRecords).length > 0) this.#start(cutoffMs);
  }

  /** What is unfinished goes on at the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker?.terminate();
    await this.#running;
  }

  #start(cutoffMs: number): void {
    const { log, time } = this.#options;
    this.#lastRunMs = time.monotonicMs();
    this.#running = this.#run(cutoffMs)
      .catch((error: unknown) => {
        if (!this.#isClosed) log.warn({ err: error }, 'archiving is paused');
      })
      .finally(async () => {
        // One whose record was refused waits for an answer that does not come.
        await this.#worker?.terminate();
        this.#running = null;
        this.#worker = null;
      });
  }

  #run(cutoffMs: number): Promise<void> {
    const { checkpointFolder, ledger, log, segmentRecords } = this.#options;
    const task: ArchiveWork = {
      ledgerPath: ledger.path,
      checkpointFolder,
      cutoffMs,
      ...(segmentRecords === undefined ? {} : { segmentRecords }),
    };
    const worker = new Worker(new URL(`./archive-worker${ENDING}`, import.meta.url), { workerData: task });
    this.#worker = worker;
    return new Promise((resolve, reject) => {
      worker.on('message', (news: ArchiveNews) => {
        if (news.kind === 'done') {
          if (news.files > 0) log.info({ files: news.files }, 'old records were archived');
          resolve();
        } else {
          this.#record(news.event).then(() => worker.postMessage('recorded'), reject);
        }
      });
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the thread ended with ${code}`)));
    });
  }

  async #record(payload: unknown): Promise<void> {
    const { ledger, now } = this.#options;
    await ledger.appendNow([{ kind: 'archived', at_ms: Math.floor(now()), payload }]).committed;
  }
}
