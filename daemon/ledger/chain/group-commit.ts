import type { LedgerRecord } from '../../engine/flow/ports.ts';
import type { EndedOrderRow } from '../../engine/records/ended-order.ts';
import type { TimePort, Timer } from '../../time/time-port.ts';
import { LedgerError } from '../errors.ts';
import type { LedgerStats, PendingAppend } from '../types.ts';
import type { BatchContent, SideRow } from './batch-writer.ts';
import { type ChainHead, chainRecords, type PreparedEvent } from './hash-chain.ts';

/** How many records may wait for their commit; they are committed before the next one is taken. */
const MAX_PENDING = 4096;
/** How long a batch may stay open while records keep arriving, ms. */
const MAX_COLLECT_MS = 2;

export interface SeqRange {
  readonly firstSeq: number;
  readonly lastSeq: number;
}

export interface GroupCommitPorts {
  readonly time: TimePort;
  /** Decides when a newly opened batch is committed; by default at the end of its turn (see below). */
  readonly schedule?: ((commit: () => void) => Timer) | undefined;
  /** Writes all of it durably in one transaction, or throws and writes nothing. */
  readonly write: (content: BatchContent) => void;
  readonly isDiskFull: (error: unknown) => boolean;
  /** Frees the reserve; false if it was freed before. */
  readonly releaseReserve: () => boolean;
  /** An earlier process freed it. */
  readonly isReserveUsed: boolean;
  /** Seq of the last record on disk. */
  readonly readLastSeq: () => number;
  readonly toLedgerError: (error: unknown) => LedgerError;
  readonly onFailure: (error: LedgerError) => void;
  readonly onReserveUsed: () => void;
  readonly onCommitted: (range: SeqRange) => void;
}

interface Batch {
  readonly content: {
    readonly events: PreparedEvent[];
    readonly texts: SideRow[];
    readonly policies: SideRow[];
    readonly endedOrders: EndedOrderRow[];
    tokenChangesTo?: number;
  };
  readonly committed: Promise<void>;
  readonly settle: (failure: LedgerError | null) => void;
  readonly openedAt: number;
  /** How many records it held at the end of the previous turn. */
  seen: number;
}

/**
 * Collects appended records and writes them in one transaction at the end of the first turn of the event loop that
 * brought nothing more (`setImmediate`: after all requests that arrived together were decided), or after
 * MAX_COLLECT_MS. SQLite runs synchronously, so requests that arrive during a commit are read in the next turn and
 * share the next commit. The answers to that commit bring the next requests while those are being decided.
 *
 * After a failed commit no record is accepted: only a new process that reads the file can know what is on disk. The
 * only exception is a full disk, once: the reserve is freed and the same batch is written again.
 */
export class GroupCommit {
  readonly #ports: GroupCommitPorts;
  #head: ChainHead;
  #batch: Batch | null = null;
  #timer: Timer | null = null;
  #failure: LedgerError | null = null;
  #isClosed = false;
  #stats: LedgerStats;

  constructor(head: ChainHead, ports: GroupCommitPorts) {
    this.#head = head;
    this.#ports = ports;
    this.#stats = { commits: 0, records: 0, reserve_used: ports.isReserveUsed };
  }

  get isFailed(): boolean {
    return this.#failure !== null;
  }

  get stats(): LedgerStats {
    return this.#stats;
  }

  /** The place behind all that was {@link add}ed. */
  get nextSeq(): number {
    return this.#head.seq + 1;
  }

  /** Adds records to this turn's batch. Throws if they are not acceptable; then no seq is used. */
  add(records: readonly LedgerRecord[]): PendingAppend {
    // What follows from the last records of a full batch in their turn is written with them.
    if ((this.#batch?.content.events.length ?? 0) >= MAX_PENDING) this.#commit();
    this.#assertOpen();
    if (records.length === 0) throw new LedgerError('LEDGER_ARGUMENT', 'There is no record to append.');
    const events = chainRecords(this.#head, records);
    this.#head = events.at(-1) ?? this.#head;
    const batch = this.#openBatch();
    for (const event of events) batch.content.events.push(event);
    return {
      seqs: events.map((event) => event.seq),
      events: events.map(toAppended),
      committed: batch.committed,
    };
  }

  addText(row: SideRow): void {
    this.#assertOpen();
    this.#openBatch().content.texts.push(row);
  }

  addEndedOrders(rows: readonly EndedOrderRow[]): void {
    this.#assertOpen();
    this.#openBatch().content.endedOrders.push(...rows);
  }

  /** Those that no commit holds yet. */
  get pendingEndedOrders(): readonly EndedOrderRow[] {
    return this.#batch?.content.endedOrders ?? [];
  }

  addPolicy(row: SideRow): void {
    this.#assertOpen();
    this.#openBatch().content.policies.push(row);
  }

  /** Token changes up to this number were {@link add}ed in this turn. */
  noteTokenChanges(lastNr: number): void {
    this.#openBatch().content.tokenChangesTo = lastNr;
  }

  /** Commits everything pending before it returns. */
  flush(): void {
    this.#assertOpen();
    this.#commit();
    if (this.#failure !== null) throw this.#failure;
  }

  /** Commits everything pending, unless the ledger has failed, and accepts nothing more. */
  close(): void {
    if (this.#isClosed) return;
    if (this.#failure === null) this.#commit();
    this.#isClosed = true;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new LedgerError('LEDGER_CLOSED', 'The ledger is closed.');
    if (this.#failure === null) return;
    throw new LedgerError('LEDGER_FAILED', `The ledger accepts nothing more: ${this.#failure.message}`, {
      cause: this.#failure,
    });
  }

  #openBatch(): Batch {
    if (this.#batch !== null) return this.#batch;
    const { time, schedule } = this.#ports;
    this.#batch = createBatch(time.monotonicMs());
    this.#timer = schedule?.(() => this.#commit()) ?? time.nextTurn(() => this.#endTurn());
    return this.#batch;
  }

  #endTurn(): void {
    const batch = this.#batch;
    if (batch === null) return;
    const { time } = this.#ports;
    const { length } = batch.content.events;
    if (length > batch.seen && time.monotonicMs() - batch.openedAt < MAX_COLLECT_MS) {
      batch.seen = length;
      this.#timer = time.nextTurn(() => this.#endTurn());
    } else {
      this.#commit();
    }
  }

  #commit(): void {
    const batch = this.#batch;
    if (batch === null) return;
    this.#timer?.cancel();
    this.#batch = null;
    this.#timer = null;

    const wasReserveUsed = this.#stats.reserve_used;
    const failure = this.#write(batch.content);
    if (failure !== null) {
      this.#failure = failure;
      batch.settle(failure);
      isolate(() => this.#ports.onFailure(failure));
      return;
    }
    const { commits, records, reserve_used } = this.#stats;
    const { events } = batch.content;
    this.#stats = { commits: commits + 1, records: records + events.length, reserve_used };
    batch.settle(null);
    if (reserve_used && !wasReserveUsed) isolate(() => this.#ports.onReserveUsed());
    const [first, last] = [events[0], events.at(-1)];
    if (first !== undefined && last !== undefined) {
      isolate(() => this.#ports.onCommitted({ firstSeq: first.seq, lastSeq: last.seq }));
    }
  }

  /** Returns why nothing was written, or null if all of it is on disk. */
  #write(content: BatchContent): LedgerError | null {
    try {
      this.#ports.write(content);
      return null;
    } catch (error) {
      if (!this.#ports.isDiskFull(error) || !this.#ports.releaseReserve()) return this.#toFailure(error);
    }
    this.#stats = { ...this.#stats, reserve_used: true };
    try {
      // INVARIANT: a batch may be written again only if nothing of it is on disk.
      const first = content.events[0];
      if (first !== undefined && this.#ports.readLastSeq() !== first.seq - 1) {
        return new LedgerError('LEDGER_FAILED', `Record ${first.seq} is on disk although its commit failed.`);
      }
      this.#ports.write(content);
      return null;
    } catch (error) {
      return this.#toFailure(error);
    }
  }

  /**
   * Whatever the cause: callers are told that nothing can be recorded (503), and a damaged page is no defect of theirs.
   */
  #toFailure(error: unknown): LedgerError {
    const failure = this.#ports.toLedgerError(error);
    if (COMMIT_CODES.has(failure.code)) return failure;
    return new LedgerError('LEDGER_FAILED', `A commit failed: ${failure.message}`, { cause: failure });
  }
}

/** How a commit fails. */
const COMMIT_CODES: ReadonlySet<string> = new Set(['LEDGER_FAILED', 'LEDGER_FULL', 'LEDGER_CLOSED']);

function createBatch(openedAt: number): Batch {
  let settle: Batch['settle'] = () => undefined;
  const committed = new Promise<void>((resolve, reject) => {
    settle = (failure) => (failure === null ? resolve() : reject(failure));
  });
  // One promise for all appends of the batch. onFailure also gets a failure, so it is not lost if the only append was
  // one that nobody awaits.
  committed.catch(() => undefined);
  const content = { events: [], texts: [], policies: [], endedOrders: [] };
  return { content, committed, settle, openedAt, seen: 0 };
}

function toAppended({ seq, at_ms, kind, prev_hash, hash }: PreparedEvent) {
  return { seq, at_ms, kind, prev_hash, hash };
}

/** Runs a caller's callback. What it throws is its own uncaught error, not a failure of the commit. */
function isolate(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
