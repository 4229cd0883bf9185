import Database from 'better-sqlite3';
import { LedgerError } from './errors.ts';

/** The right of one opened ledger to write into a memory. */
export interface MemoryLease {
  readonly db: Database.Database;
  /** @throws LedgerError LEDGER_CLOSED when the lease was given up, or another has taken the memory since */
  assertHeld(): void;
  release(): void;
}

/**
 * A ledger's database in memory. It outlives the ledger that was opened on it, as a file outlives the process: what was
 * committed is there for the next one, what was not is lost.
 */
export class MemoryStorage {
  readonly #db: Database.Database;
  #holder = 0;

  /** Empty, or what a {@link copy} holds. */
  constructor(copy?: Buffer) {
    this.#db = copy === undefined ? new Database(':memory:') : new Database(copy);
    this.#db.pragma('foreign_keys = ON');
    this.#db.pragma('trusted_schema = OFF');
    this.#db.pragma('journal_mode = MEMORY');
    this.#db.pragma('synchronous = OFF');
  }

  /** Takes the memory away from whoever holds it. */
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

  /** A crash: the ledger that is open on it writes nothing more. */
  fence(): void {
    this.#holder += 1;
  }

  /** What was committed by now. */
  copy(): Buffer {
    return this.#db.serialize();
  }

  /** Frees the memory. */
  close(): void {
    this.#db.close();
  }
}
