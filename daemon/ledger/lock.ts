import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { codeOf, LedgerError } from './errors.ts';
import { ensurePrivateFile } from './private-files.ts';

/** The right to write one ledger, held by one process. */
export interface LedgerLock {
  release(): void;
}

/**
 * Takes the exclusive lock of a ledger's folder: a write lock on the empty database `daemon.lock`, held while the
 * process lives. The operating system releases it however the process ends, so it is never stale. The pid
 * in `daemon.pid` is for the message only; it decides nothing.
 *
 * @throws LedgerError LEDGER_LOCKED naming the pid of the holder
 */
export function acquireLock(folder: string, waitMs: number): LedgerLock {
  const path = join(folder, 'daemon.lock');
  const pidPath = join(folder, 'daemon.pid');
  ensurePrivateFile(path);
  const db = new Database(path, { timeout: waitMs });
  try {
    // Nothing is ever written, so no journal file is needed.
    db.pragma('journal_mode = MEMORY');
    db.exec('BEGIN IMMEDIATE');
  } catch (cause) {
    db.close();
    if (!codeOf(cause).startsWith('SQLITE_BUSY')) throw cause;
    throw new LedgerError(
      'LEDGER_LOCKED',
      `Another Holdfast process (pid ${readPid(pidPath)}) uses the ledger in ${folder}. Stop it first, or choose another HOLDFAST_HOME.`,
      { cause },
    );
  }
  ensurePrivateFile(pidPath);
  writeFileSync(pidPath, `${process.pid}\n`);
  return {
    release() {
      if (db.open) db.close();
    },
  };
}

function readPid(path: string): string {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return /^\d+$/.test(text) ? text : 'unknown';
  } catch {
    return 'unknown';
  }
}
