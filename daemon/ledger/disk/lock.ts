import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { codeOf, LedgerError } from '../errors.ts';
import { ensurePrivateFile } from './private-files.ts';

/** How often a file that is removed meanwhile is made again. */
const MAX_TRIES = 5;

/** A right that one process holds. */
export interface HeldLock {
  /** Whether the path still leads to the locked file: one that was removed, or replaced, keeps nobody out. */
  isInPlace(): boolean;
  release(): void;
}

/**
 * Takes an exclusive lock: a write lock on the empty database at `path`, held while the process lives. The operating
 * system releases it however the process ends, so it is never stale. `note` is written to `notePath` for the message of
 * whoever is refused; it decides nothing. Null: another process holds the lock.
 *
 * @param waitMs how long the current holder may take to end, wall ms
 */
export function takeLock(path: string, notePath: string, note: string, waitMs: number): HeldLock | null {
  // A holder that ends may remove its file between our opening and our locking it.
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    ensurePrivateFile(path);
    const file = identify(path);
    const db = lockFile(path, waitMs);
    if (db === null) return null;
    const isInPlace = (): boolean => file !== null && identify(path) === file;
    if (isInPlace()) {
      writeNote(notePath, note);
      return { isInPlace, release: () => void db.close() };
    }
    db.close();
  }
  return null;
}

/** Null: another process holds the lock. */
function lockFile(path: string, waitMs: number): Database.Database | null {
  const db = new Database(path, { timeout: waitMs });
  try {
    // Nothing is ever written, so no journal file is needed.
    db.pragma('journal_mode = MEMORY');
    db.exec('BEGIN IMMEDIATE');
    return db;
  } catch (cause) {
    db.close();
    if (!codeOf(cause).startsWith('SQLITE_BUSY')) throw cause;
    return null;
  }
}

/** Which file it is; while somebody has it open, no other file is the same. Null: there is none, or none to be seen. */
function identify(path: string): string | null {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev} ${ino}`;
  } catch {
    return null;
  }
}

/** RISK: on a full disk it cannot be written. A daemon that would not start for that would leave positions alone. */
function writeNote(path: string, note: string): void {
  try {
    ensurePrivateFile(path);
    writeFileSync(path, `${note}\n`);
  } catch {
    // Who is refused is told less.
  }
}

/**
 * The right to write the ledger of a folder: the lock `daemon.lock`, with the holder's pid in `daemon.pid`.
 *
 * @throws LedgerError LEDGER_LOCKED naming the pid of the holder
 */
export function acquireLock(folder: string, waitMs: number): HeldLock {
  const pidPath = join(folder, 'daemon.pid');
  const lock = takeLock(join(folder, 'daemon.lock'), pidPath, String(process.pid), waitMs);
  if (lock !== null) return lock;
  throw new LedgerError(
    'LEDGER_LOCKED',
    `Another Holdfast process (pid ${readPid(pidPath)}) uses the ledger in ${folder}. Stop it first, or choose another HOLDFAST_HOME.`,
  );
}

function readPid(path: string): string {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return /^\d+$/.test(text) ? text : 'unknown';
  } catch {
    return 'unknown';
  }
}
