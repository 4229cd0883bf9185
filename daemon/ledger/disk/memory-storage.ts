import Database from 'better-sqlite3';
import { LedgerError } from '../errors.ts';
import { FREED_EARLIER, type Reserve } from './reserve.ts';

/** The right of one opened ledger to write to a memory. */
export interface MemoryLease {
  readonly db: Database.Database;
  /** @throws LedgerError LEDGER_CLOSED if the lease was given up, or another ledger has taken the memory since */
  assertHeld(): void;
  release(): void;
}

/**
 * A ledger's database in memory. It outlives the ledger opened on it, as a file outlives its process: committed records
 * are there for the next ledger, others are lost.
 */
export class MemoryStorage {
  readonly #db: Database.Database;
  #holder = 0;
  #isTroubled = false;
  /** There is no room for a reserve, as an earlier process has freed it. */
  isReserveFreed = false;
  /** Pages that a full disk has reserved. */
  #reserved = 0;

  /** Empty, or the content of a {@link copy}. */
  constructor(copy?: Buffer) {
    this.#db = copy === undefined ? new Database(':memory:') : new Database(copy);
    this.#db.pragma('foreign_keys = ON');
    this.#db.pragma('trusted_schema = OFF');
    this.#db.pragma('journal_mode = MEMORY');
    this.#db.pragma('synchronous = OFF');
  }

  /** Takes the memory from its current holder. */
  lease(): MemoryLease {
    this.#holder += 1;
    const mine = this.#holder;
    return {
      db: this.#db,
      assertHeld: () => {
        if (this.#holder === mine) return;
        throw new LedgerError('LEDGER_CLOSED', 'This memory belongs to another ledger by now.');
      },
      release: () => {
        if (this.#holder === mine) this.fence();
      },
    };
  }

  /** A crash: the open ledger writes nothing more. */
  fence(): void {
    this.#holder += 1;
  }

  /** A copy of what is committed so far. */
  copy(): Buffer {
    return this.#db.serialize();
  }

  /** Whether a write may fail. */
  get isTroubled(): boolean {
    return this.#isTroubled;
  }

  /** The disk is full: existing pages can be rewritten, but there are no new ones, besides those that are `reserved`. */
  fill(reserved = 0): void {
    this.#isTroubled = true;
    this.#reserved = reserved;
    this.#limit(Number(this.#db.pragma('page_count', { simple: true })));
  }

  #limit(pages: number): void {
    this.#db.pragma(`max_page_count = ${pages}`);
  }

  /** As the process that opens it now finds it. */
  findReserve(): Reserve {
    if (this.isReserveFreed) return FREED_EARLIER;
    let isUsed = false;
    return {
      get isUsed() {
        return isUsed;
      },
      release: () => {
        if (this.#reserved === 0) return false;
        isUsed = true;
        this.isReserveFreed = true;
        this.#limit(Number(this.#db.pragma('max_page_count', { simple: true })) + this.#reserved);
        this.#reserved = 0;
        return true;
      },
    };
  }

  /** Writes to one of the tables fail, as if its pages were unreadable. */
  spoil(table: string): void {
    // What cannot be written at all has no table that is worse off.
    if (this.#db.pragma('query_only', { simple: true }) === 1) return;
    this.#isTroubled = true;
    const name = `spoilt_${table}`;
    this.#db.exec(
      `CREATE TEMP TRIGGER IF NOT EXISTS ${name} BEFORE INSERT ON main.${table} BEGIN SELECT RAISE(ABORT, 'disk I/O error'); END`,
    );
  }

  /** Nothing can be written, as on a file system remounted read-only. */
  lock(): void {
    this.#isTroubled = true;
    this.#db.pragma('query_only = ON');
  }

  /** Frees space again, and makes tables writable. */
  mend(): void {
    this.#isTroubled = false;
    this.isReserveFreed = false;
    this.#reserved = 0;
    this.#db.pragma('query_only = OFF');
    this.#limit(1_073_741_823);
    const spoilt = this.#db.prepare("SELECT name FROM temp.sqlite_master WHERE type = 'trigger'").pluck().all();
    for (const name of spoilt) this.#db.exec(`DROP TRIGGER temp.${String(name)}`);
  }

  /** Frees the memory. */
  close(): void {
    this.#db.close();
  }
}
