import { existsSync } from 'node:fs';
import type { ChainHead } from '../chain/hash-chain.ts';
import { writeWholeCopy } from '../chain/whole-copy.ts';
import { LedgerError } from '../errors.ts';
import { openLedgerReader, SqliteReader } from '../reader.ts';
import type { LedgerReader } from '../types.ts';
import { checkTail } from './verify.ts';

/**
 * Writes a complete, consistent copy of a ledger to a new file (0600), also while a daemon writes to it. Returns the
 * last record of the copy.
 *
 * @throws LedgerError LEDGER_ARGUMENT when the file exists, LEDGER_FULL, LEDGER_PERMISSIONS, LEDGER_CORRUPT
 */
export function backUpLedger(reader: LedgerReader, target: string): ChainHead {
  if (!(reader instanceof SqliteReader)) throw new TypeError('a backup needs a reader of openLedgerReader');
  if (existsSync(target)) throw new LedgerError('LEDGER_ARGUMENT', `${target} exists: a backup needs a new file.`);
  // This connection still cannot write its own file.
  reader.db.pragma('query_only = OFF');
  return writeWholeCopy(reader.db, target, readHead);
}

function readHead(path: string): ChainHead {
  const copy = openLedgerReader(path);
  try {
    if (copy instanceof SqliteReader) return checkTail(copy);
    throw new TypeError('a reader without a database');
  } finally {
    copy.close();
  }
}
