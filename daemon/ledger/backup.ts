import { closeSync, openSync, rmSync } from 'node:fs';
import { toLedgerError } from './connection.ts';
import { codeOf, LedgerError } from './errors.ts';
import type { ChainHead } from './hash-chain.ts';
import { openLedgerReader, SqliteReader } from './reader.ts';
import type { LedgerReader } from './types.ts';
import { checkTail } from './verify.ts';

/**
 * Writes a complete, consistent copy of a ledger to a new file (0600), also while a daemon writes to it. Returns the
 * last record of the copy.
 *
 * @throws LedgerError LEDGER_ARGUMENT when the file exists, LEDGER_FULL, LEDGER_PERMISSIONS, LEDGER_CORRUPT
 */
export function backUpLedger(reader: LedgerReader, target: string): ChainHead {
  if (!(reader instanceof SqliteReader)) throw new TypeError('a backup needs a reader of openLedgerReader');
  createEmpty(target);
  try {
    // One read transaction, including the write-ahead log. This connection still cannot write its own file.
    reader.db.pragma('query_only = OFF');
    reader.db.prepare('VACUUM INTO ?').run(target);
    return readHead(target);
  } catch (error) {
    rmSync(target, { force: true });
    throw toLedgerError(error, target);
  }
}

function createEmpty(target: string): void {
  try {
    closeSync(openSync(target, 'wx', 0o600));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw toLedgerError(error, target);
    throw new LedgerError('LEDGER_ARGUMENT', `${target} exists: a backup needs a new file.`);
  }
}

function readHead(target: string): ChainHead {
  const copy = openLedgerReader(target);
  try {
    if (copy instanceof SqliteReader) return checkTail(copy);
    throw new TypeError('a reader without a database');
  } finally {
    copy.close();
  }
}
