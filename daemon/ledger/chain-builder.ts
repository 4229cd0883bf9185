import { CanonicalJsonError, canonicalJson } from '../core/canonical-json.ts';
import type { PreparedEvent } from './batch-writer.ts';
import { DECISION_KIND, readDecisionKeys } from './decision-keys.ts';
import { LedgerError } from './errors.ts';
import { encodeRecord } from './record-bytes.ts';
import type { AppendRecord, WrittenPayload } from './types.ts';

/** Kinds need no escape in JSON, which keeps the hash preimage simple. */
export const KIND = /^[a-z][a-z0-9_.]{0,63}$/;

/** The last record of a chain. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

/**
 * Places records after `head`: consecutive seqs, canonical text, hashes.
 *
 * @throws LedgerError LEDGER_ARGUMENT when one of them is not acceptable; then none is placed
 */
export function chainRecords(head: ChainHead, records: readonly AppendRecord[]): PreparedEvent[] {
  let { seq, hash } = head;
  return records.map((record) => {
    seq += 1;
    const event = chainRecord(seq, hash, record);
    hash = event.hash;
    return event;
  });
}

function chainRecord(seq: number, prevHash: string, record: AppendRecord): PreparedEvent {
  const { kind, at_ms } = record;
  if (!KIND.test(kind)) throw new LedgerError('LEDGER_ARGUMENT', `"${kind}" is not a kind of event.`);
  if (!Number.isSafeInteger(at_ms) || at_ms < 0) {
    throw new LedgerError('LEDGER_ARGUMENT', `An event of kind ${kind} has the instant ${at_ms}; integer ms expected.`);
  }
  const { payload, text } = writeRecord(seq, record);
  const encoded = encodeRecord(prevHash, seq, at_ms, kind, text);
  const decision = kind === DECISION_KIND ? readDecisionKeys(payload, seq) : null;
  return { seq, at_ms, kind, prev_hash: prevHash, hash: encoded.hash, payload: encoded.payload, decision };
}

function writeRecord(seq: number, record: AppendRecord): WrittenPayload {
  if ('write' in record) return record.write(seq);
  const payload = 'build' in record ? record.build(seq) : record.payload;
  return { payload, text: writePayload(record.kind, payload) };
}

function writePayload(kind: string, payload: unknown): string {
  try {
    return canonicalJson(payload);
  } catch (error) {
    if (!(error instanceof CanonicalJsonError)) throw error;
    const message = `The payload of an event of kind ${kind} has no canonical JSON form: ${error.message}.`;
    throw new LedgerError('LEDGER_ARGUMENT', message, { cause: error });
  }
}
