import type { Database } from 'better-sqlite3';
import type { LedgerRecord } from '../../engine/flow/ports.ts';
import { LedgerError } from '../errors.ts';
import type { Genesis, RandomBytes } from '../types.ts';

export const GENESIS_KIND = 'genesis';

/** Version of the record format: the hash preimage and the canonical form. */
const FORMAT = 1;

/** First record of a new ledger. Its random id makes the hash, and so the client order ids, unique. */
export function buildGenesisRecord(venue: string, account: string, atMs: number, random: RandomBytes): LedgerRecord {
  const payload = { account, format: FORMAT, genesis_id: random(16).toString('hex'), venue };
  return { kind: GENESIS_KIND, at_ms: atMs, payload };
}

/** Reads the genesis record; null if the ledger has no records. */
export function findGenesis(db: Database, path: string): Genesis | null {
  const first = db
    .prepare<[], { seq: number; kind: string; payload: string; hash: string }>(
      'SELECT seq, kind, payload, hash FROM events ORDER BY seq LIMIT 1',
    )
    .get();
  if (first === undefined) return null;
  const payload: unknown = first.seq === 1 && first.kind === GENESIS_KIND ? parseOrNull(first.payload) : null;
  if (!isGenesisPayload(payload)) {
    throw new LedgerError('LEDGER_CORRUPT', `The ledger ${path} does not begin with a genesis record.`);
  }
  if (payload.format !== FORMAT) {
    throw new LedgerError(
      'LEDGER_MIGRATION',
      `The ledger ${path} has format ${payload.format}; this build reads ${FORMAT}.`,
    );
  }
  return { venue: payload.venue, account: payload.account, genesis_id: payload.genesis_id, hash: first.hash };
}

/** Refuses a ledger of another venue or account. */
export function checkGenesis(genesis: Genesis, venue: string, account: string, path: string): void {
  if (genesis.venue === venue && genesis.account === account) return;
  throw new LedgerError(
    'LEDGER_WRONG_VENUE',
    `The ledger ${path} belongs to account "${genesis.account}" of venue "${genesis.venue}", not to account ` +
      `"${account}" of venue "${venue}". Use another HOLDFAST_HOME for another account.`,
  );
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isGenesisPayload(value: unknown): value is Omit<Genesis, 'hash'> & { readonly format: number } {
  if (typeof value !== 'object' || value === null) return false;
  const { venue, account, genesis_id, format } = value as Record<string, unknown>;
  return [venue, account, genesis_id].every((member) => typeof member === 'string') && typeof format === 'number';
}
