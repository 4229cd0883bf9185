import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ACCOUNT_NAME } from '../config/account.ts';
import type { Config, Secrets } from '../config/config.ts';
import { openLedger } from '../ledger/ledger.ts';
import { writeHead } from '../ledger/proofs/head-file.ts';
import { SYSTEM_TIME } from '../time/system-time.ts';
import { createVenue } from '../venue/create-venue.ts';
import { DomainClock } from '../venue/wire/clock.ts';
import { startPaperExchange, venueAccess } from './paper.ts';
import { type Recovered, recordRecovery } from './recovery.ts';
import { StartError } from './start-error.ts';

/** Recovers the ledger of a home whose daemon is stopped. @throws StartError, LedgerError */
export async function recoverHome(
  config: Config,
  secrets: Secrets,
  { takeOver, setBy }: { readonly takeOver: boolean; readonly setBy: string },
): Promise<Recovered> {
  const path = join(config.home, config.venue, 'ledger.db');
  if (!existsSync(path)) throw new StartError(`there is no ledger at ${path}: nothing to recover`);
  // The lock is held from here on, so no daemon starts meanwhile.
  const ledger = openLedger({
    path,
    venue: config.venue,
    account: ACCOUNT_NAME,
    now: () => SYSTEM_TIME.hostMs(),
    time: SYSTEM_TIME,
  });
  try {
    const atVenueMs = await readVenueTime(config, secrets);
    const recovered = recordRecovery(ledger, { atVenueMs, takeOver, setBy });
    writeHead(config.headFile, ledger);
    return recovered;
  } finally {
    ledger.close();
  }
}

async function readVenueTime(config: Config, secrets: Secrets): Promise<number> {
  const exchange = await startPaperExchange(config, secrets);
  try {
    const access = venueAccess(config, secrets, exchange);
    const venue = await createVenue({ access, clock: new DomainClock(SYSTEM_TIME), time: SYSTEM_TIME });
    try {
      const read = await venue.fetchServerTime();
      if (read.kind === 'ok') return read.value;
      throw new StartError(
        `the time of ${config.venue} cannot be read (${read.detail}), and it names the new epoch: try again when the venue answers`,
      );
    } finally {
      await venue.close();
    }
  } finally {
    await exchange?.close();
  }
}
