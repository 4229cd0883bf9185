import type { TimePort } from '../time/time-port.ts';
import { LedgerError } from './errors.ts';
import { openLedger } from './ledger.ts';
import { advanceHead } from './proofs/head-file.ts';
import { openLedgerReader } from './reader.ts';

/**
 * Records a verb's token changes in the chain. A running daemon does that itself, within a second.
 * `headFile`: where the head is noted; null: nowhere. If this fails, the next start catches up.
 */
export function recordChangedTokens(path: string, headFile: string | null, time: TimePort): void {
  try {
    const reader = openLedgerReader(path);
    const { venue, account } = reader.genesis;
    reader.close();
    const ledger = openLedger({ path, venue, account, now: () => time.hostMs(), time });
    try {
      // Opening the ledger has recorded the waiting changes; they are durable now.
      ledger.flush();
      if (headFile !== null) advanceHead(headFile, ledger);
    } finally {
      ledger.close();
    }
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
  }
}
