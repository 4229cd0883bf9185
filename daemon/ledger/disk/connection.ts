import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import Database from 'better-sqlite3';
import { codeOf, LedgerError, messageOf } from '../errors.ts';
import { ensurePrivateFile } from './private-files.ts';

/** How long a commit waits for another writing process (`token create`, a replication tool), ms. */
const BUSY_TIMEOUT_MS = 5000;
/**
 * Pages that a connection keeps, kB: better-sqlite3's default is 16 MB, which a daemon fills within hours. It appends, and
 * reads single records; the pages above those are a few dozen.
 */
const CACHE_KB = 2_048;

/** Opens the database for writing: WAL, every commit synced to disk before it returns. Creates it with mode 0600. */
export function openForWriting(path: string): Database.Database {
  ensurePrivateFile(path);
  return openDatabase(path, false, (db) => {
    // Takes effect only in a new file: a decision record of about 7 kB fits into one page.
    db.pragma('page_size = 8192');
    // Also only in a new file, or at its next VACUUM: pages that archived records leave are given back in small steps.
    db.pragma('auto_vacuum = INCREMENTAL');
    if (db.pragma('journal_mode = WAL', { simple: true }) !== 'wal') {
      throw new LedgerError('LEDGER_PERMISSIONS', `SQLite cannot keep a write-ahead log beside ${path}.`);
    }
    db.pragma('synchronous = FULL');
    // A short log means short checkpoints, which dominate the slowest commits.
    db.pragma('wal_autocheckpoint = 300');
    // Erased texts are overwritten, not only unlinked.
    db.pragma('secure_delete = ON');
  });
}

/** Opens an existing ledger to remove what is archived: a connection of its own, whose settings are for that alone. */
export function openForRemoval(path: string): Database.Database {
  return openDatabase(path, false, (db) => {
    db.pragma('synchronous = FULL');
    db.pragma('wal_autocheckpoint = 300');
    // The lookup tables go on referring to records that are in an archive then.
    db.pragma('foreign_keys = OFF');
  });
}

/** Opens an existing database for reading, also while a daemon writes to it. */
export function openForReading(path: string): Database.Database {
  if (!existsSync(path)) throw new LedgerError('LEDGER_MISSING', `There is no ledger at ${path}.`);
  return openDatabase(path, true, (db) => db.pragma('query_only = ON'));
}

function openDatabase(path: string, readonly: boolean, prepare: (db: Database.Database) => void): Database.Database {
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { readonly, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
    db.pragma('foreign_keys = ON');
    db.pragma('trusted_schema = OFF');
    db.pragma(`cache_size = -${CACHE_KB}`);
    prepare(db);
    return db;
  } catch (error) {
    db?.close();
    throw toLedgerError(error, path);
  }
}

/** Translates SQLite's errors into ones that an operator understands. */
export function toLedgerError(error: unknown, path: string): LedgerError {
  if (error instanceof LedgerError) return error;
  const code = codeOf(error);
  const options = { cause: error };
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return new LedgerError('LEDGER_CORRUPT', `The ledger ${path} is damaged: ${messageOf(error)}.`, options);
  }
  if (isDiskFull(error)) {
    return new LedgerError('LEDGER_FULL', `The disk that holds the ledger ${path} is full.`, options);
  }
  if (
    ['SQLITE_CANTOPEN', 'SQLITE_READONLY', 'SQLITE_PERM', 'EACCES', 'EPERM', 'EROFS'].some((c) => code.startsWith(c))
  ) {
    return new LedgerError('LEDGER_PERMISSIONS', `The ledger ${path} cannot be opened: ${messageOf(error)}.`, options);
  }
  return new LedgerError('LEDGER_FAILED', `The ledger ${path} failed: ${messageOf(error)}.`, options);
}

export function isDiskFull(error: unknown): boolean {
  if (['SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE', 'ENOSPC'].includes(codeOf(error))) return true;
  // A quota that is used up has no name in Node's errors.
  return error instanceof Error && 'errno' in error && error.errno === -constants.errno.EDQUOT;
}

/**
 * A file system may find that it is full, or that a quota is used up, only when it syncs. SQLite then tells of a failed
 * sync or write, and not why.
 */
export function mayBeFull(error: unknown): boolean {
  return ['SQLITE_IOERR_FSYNC', 'SQLITE_IOERR_DIR_FSYNC', 'SQLITE_IOERR_WRITE'].includes(codeOf(error));
}
