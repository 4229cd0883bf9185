import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { codeOf, LedgerError } from '../errors.ts';

const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;

/**
 * Creates a folder (and its parents) with mode 0700. An existing folder is left unchanged, but must not be
 * writable by others: whoever can replace files there can replace the ledger.
 *
 * @throws LedgerError LEDGER_PERMISSIONS
 */
export function ensurePrivateFolder(path: string): void {
  const created = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (created !== undefined || process.platform === 'win32') return;
  const mode = statSync(path).mode & 0o777;
  if ((mode & OTHERS_WRITE) === 0) return;
  throw new LedgerError(
    'LEDGER_PERMISSIONS',
    `The folder ${path} can be written by others (mode ${mode.toString(8)}). Run: chmod 700 ${path}`,
  );
}

/**
 * Creates an empty file with mode 0600, or removes other users' rights from an existing one.
 *
 * INVARIANT: an existing file is never opened here. Closing any descriptor of a file drops every POSIX lock that this
 * process holds on it, including SQLite's.
 */
export function ensurePrivateFile(path: string): void {
  const existing = statSync(path, { throwIfNoEntry: false });
  if (existing === undefined) {
    createPrivate(path);
    return;
  }
  if (process.platform !== 'win32' && (existing.mode & OTHERS) !== 0) chmodSync(path, 0o600);
}

/** Another process may have made it meanwhile. */
function createPrivate(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** What was written there before is on disk: of a file, or of a folder whose names have changed. */
export function syncPath(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
