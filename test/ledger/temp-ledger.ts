import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { LedgerRecord } from '../../daemon/engine/flow/ports.ts';
import { LedgerError, type LedgerErrorCode } from '../../daemon/ledger/errors.ts';
import { openLedger } from '../../daemon/ledger/ledger.ts';
import type { Ledger, OpenLedgerOptions } from '../../daemon/ledger/types.ts';
import { SYSTEM_TIME } from '../../daemon/time/system-time.ts';
import { type Cleanups, tempFolder } from '../temp-folder.ts';

export const NOW_MS = 1_760_054_400_000;

/** A folder that is removed at the end. */
export function makeFolder(t: Cleanups): string {
  return tempFolder(t, 'ledger');
}

/** Options of a paper ledger with a small reserve. */
export function ledgerOptions(folder: string, more: Partial<OpenLedgerOptions> = {}): OpenLedgerOptions {
  const path = join(folder, 'paper', 'ledger.db');
  return { path, venue: 'paper', account: 'main', now: () => NOW_MS, time: SYSTEM_TIME, reserveBytes: 65536, ...more };
}

/** A new ledger that is closed and removed after the test. */
export function openTempLedger(t: Cleanups, more: Partial<OpenLedgerOptions> = {}): Ledger {
  const ledger = openLedger(ledgerOptions(makeFolder(t), more));
  t.after(() => ledger.close());
  return ledger;
}

export function note(text: string): LedgerRecord {
  return { kind: 'note', at_ms: NOW_MS, payload: { text } };
}

export interface DecisionFields {
  readonly agent?: string | null;
  readonly kind?: string;
  readonly request_id?: string | null;
  readonly texts?: { readonly [field: string]: string };
}

/** A record that names its own place. */
export type PlacedRecord = (seq: number) => LedgerRecord;

/** A decision record whose id is `dec-` and its seq in base 36. */
export function decision({
  agent = 'momentum',
  kind = 'tool',
  request_id = null,
  texts = {},
}: DecisionFields = {}): PlacedRecord {
  return (seq) => ({
    kind: 'decision',
    at_ms: NOW_MS,
    seq,
    payload: {
      agent,
      decision: { decision: 'ALLOW', decision_id: `dec-${seq.toString(36)}`, kind, request_id },
      texts,
    },
  });
}

/** The records as they are appended next, one behind the other. */
export function placed(ledger: Ledger, records: readonly (LedgerRecord | PlacedRecord)[]): LedgerRecord[] {
  const first = ledger.nextSeq();
  return records.map((record, index) => (typeof record === 'function' ? record(first + index) : record));
}

export function hasCode(code: LedgerErrorCode): (error: unknown) => boolean {
  return (error) => error instanceof LedgerError && error.code === code;
}

/** A connection past the ledger, as an intruder with the file would have it: no foreign keys, no triggers. */
export function openAsIntruder(t: Cleanups, path: string): Database.Database {
  const db = new Database(path);
  t.after(() => db.close());
  db.pragma('foreign_keys = OFF');
  const triggers = db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'trigger'").pluck().all();
  for (const trigger of triggers) db.exec(`DROP TRIGGER ${trigger}`);
  return db;
}
