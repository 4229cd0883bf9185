import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { ACCOUNT_NAME } from '../../../config/account.ts';
import { type ClientConfig, readClientEnv, readLedgerEnv } from '../../../config/config.ts';
import { profileOf } from '../../../core/venues.ts';
import { type ActTarget, sayTarget } from '../../client/target.ts';
import { type Io, placeFlags } from '../../verb.ts';

/** Options of verbs that read or write a ledger file without the daemon. */
export interface LedgerOptions {
  readonly home?: string;
  readonly venue?: string;
  readonly ledger?: string;
  readonly json?: boolean;
}

export function addLedgerOptions(verb: Command): Command {
  return verb
    .option('--home <dir>', 'home folder of the daemon (HOLDFAST_HOME)')
    .option('--venue <name>', 'whose ledger (HOLDFAST_VENUE, else paper)')
    .option('--ledger <file>', 'path of a ledger file, wherever it is');
}

/** Path of the selected ledger. @throws ConfigError */
export function findLedger(io: Io, options: LedgerOptions): string {
  if (options.ledger !== undefined) return resolve(options.ledger);
  const { home, venue } = readConfig(io, options);
  return join(home, venue, 'ledger.db');
}

/** Path of that ledger's head file; null: unknown, since the ledger is not that of the home. */
export function findHeadFile(io: Io, options: LedgerOptions): string | null {
  if (options.ledger === undefined) return readConfig(io, options).headFile;
  const { headFile, home, venue } = readClientEnv(io.env, placeFlags(options));
  return resolve(options.ledger) === join(home, venue, 'ledger.db') ? headFile : null;
}

/** Where a paper daemon keeps its tokens; null: the ledger is not in a home, or on a venue that has no such files. */
export function findTokenFolder(io: Io, options: LedgerOptions): string | null {
  if (options.ledger !== undefined) return null;
  const { home, venue } = readConfig(io, options);
  return profileOf(venue).isSimulated ? join(home, 'tokens') : null;
}

/** Says whose files an act has changed, and returns it for the answer; null: a file somewhere, which was named. */
export function sayLedger(io: Io, options: LedgerOptions): ActTarget | null {
  if (options.ledger !== undefined) return null;
  const { home, venue } = readConfig(io, options);
  const target = { venue, account: ACCOUNT_NAME, home, address: null };
  sayTarget(io, target);
  return target;
}

function readConfig(io: Io, options: LedgerOptions): ClientConfig {
  return readLedgerEnv(io.env, placeFlags(options));
}
