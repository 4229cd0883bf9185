import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { codeOf, LedgerError } from './errors.ts';
import { ensurePrivateFile } from './private-files.ts';

/** A right that one process holds. */
export interface HeldLock {
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
  ensurePrivateFile(path);
  const db = new Database(path, { timeout: waitMs });
  try {
    // Nothing is ever written, so no journal file is needed.
    db.pragma('journal_mode = MEMORY');
    db.exec('BEGIN IMMEDIATE');
  } catch (cause) {
    db.close();
    if (!codeOf(cause).startsWith('SQLITE_BUSY')) throw cause;
    return null;
  }
  // RISK: on a full disk the note cannot be written. A daemon that would not start for that would leave positions alone.
  try {
    ensurePrivateFile(notePath);
    writeFileSync(notePath, `${note}\n`);
  } catch {
    // Who is refused is told less.
  }
  return {
    release() {
      if (db.open) db.close();
    },
  };
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
