import type { TimePort } from '../time/time-port.ts';
import { LedgerError } from './errors.ts';
import { advanceHead } from './head-file.ts';
import { openLedger } from './ledger.ts';
import { openLedgerReader } from './reader.ts';

/**
 * Records in the chain what a verb has changed about tokens. While a daemon runs it does that itself, within a second.
 * `headFile`: where the head is noted then; null: nowhere. What fails here is made up for by the next start.
 */
export function recordChangedTokens(path: string, headFile: string | null, time: TimePort): void {
  try {
    const reader = openLedgerReader(path);
    const { venue, account } = reader.genesis;
    reader.close();
    const ledger = openLedger({ path, venue, account, now: () => time.hostMs(), time });
    try {
      // Opening it has recorded what waited; durable from here on.
      ledger.flush();
      if (headFile !== null) advanceHead(headFile, ledger);
    } finally {
      ledger.close();
    }
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
  }
}
