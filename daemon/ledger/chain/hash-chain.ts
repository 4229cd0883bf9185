import { hash as digest } from 'node:crypto';
import { CanonicalJsonError, canonicalJson } from '../../core/canonical-json.ts';
import { readDecisionRecord } from '../../core/record-text/read-record.ts';
import type { LedgerRecord } from '../../engine/flow/ports.ts';
import { LedgerError } from '../errors.ts';
import type { AppendedEvent } from '../types.ts';

/** `prev_hash` of the genesis record. */
export const ZERO_HASH = '0'.repeat(64);

/** sha256 of the UTF-8 bytes of a text, or of bytes; 64 hex digits. */
export function sha256Hex(data: string | Uint8Array): string {
  return digest('sha256', data, 'hex');
}

/** What a record says of itself beside its payload. */
type Placed = Pick<AppendedEvent, 'seq' | 'at_ms' | 'kind'>;

/**
 * Hash of a record: sha256 over the UTF-8 bytes of
 *
 *     <prev_hash>{"at_ms":<at_ms>,"kind":"<kind>","payload":<payload>,"seq":<seq>}
 *
 * `prev_hash` is the 64 hex digits of the previous record (64 zeros for seq 1), followed directly by the canonical
 * JSON of `{seq, at_ms, kind, payload}`. `payload` is the text of the payload column, verbatim: it is already canonical
 * JSON, and its key is in sorted place. A kind consists of characters that need no escape in JSON.
 */
export function hashEvent(prevHash: string, { seq, at_ms, kind }: Placed, payload: string): string {
  return sha256Hex(`${prevHash}{"at_ms":${at_ms},"kind":"${kind}","payload":${payload},"seq":${seq}}`);
}

/** {@link hashEvent} over the stored bytes of the payload, so that bytes that are not valid UTF-8 cannot hide. */
export function hashEventBytes(prevHash: string, { seq, at_ms, kind }: Placed, payload: Buffer): string {
  const head = Buffer.from(`${prevHash}{"at_ms":${at_ms},"kind":"${kind}","payload":`);
  return sha256Hex(Buffer.concat([head, payload, Buffer.from(`,"seq":${seq}}`)]));
}

/** Kinds need no escape in JSON, which keeps the hash preimage simple. */
export const KIND = /^[a-z][a-z0-9_.]{0,63}$/;

/** A record with its place in the chain, ready to write. */
export interface PreparedEvent extends AppendedEvent {
  /** UTF-8 of the canonical text. */
  readonly payload: Buffer;
  readonly decision: DecisionKeys | null;
}

/** The last record of a chain. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

/**
 * Places records after `head`: consecutive seqs, canonical text, hashes.
 *
 * @throws LedgerError LEDGER_ARGUMENT when one of them cannot be taken, or was made for another place; then none is
 */
export function chainRecords(head: ChainHead, records: readonly LedgerRecord[]): PreparedEvent[] {
  let { seq, hash } = head;
  return records.map((record) => {
    seq += 1;
    const event = chainRecord(seq, hash, record);
    hash = event.hash;
    return event;
  });
}

function chainRecord(seq: number, prevHash: string, record: LedgerRecord): PreparedEvent {
  const { kind, at_ms, payload } = record;
  // INVARIANT: what a record says of its own place is true, or it is not taken.
  if (record.seq !== undefined && record.seq !== seq) {
    throw new LedgerError('LEDGER_ARGUMENT', `An event of kind ${kind} for place ${record.seq} has come at ${seq}.`);
  }
  if (!KIND.test(kind)) throw new LedgerError('LEDGER_ARGUMENT', `"${kind}" is not a kind of event.`);
  if (!Number.isSafeInteger(at_ms) || at_ms < 0) {
    throw new LedgerError('LEDGER_ARGUMENT', `An event of kind ${kind} has the instant ${at_ms}; integer ms expected.`);
  }
  const text = record.text ?? writePayload(kind, payload);
  const encoded = encodeRecord(prevHash, { seq, at_ms, kind }, text);
  const decision = kind === DECISION_KIND ? readDecisionKeys(payload, seq) : null;
  return { seq, at_ms, kind, prev_hash: prevHash, hash: encoded.hash, payload: encoded.payload, decision };
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

/** The UTF-8 bytes of a record's payload, encoded once for both the hash and the database. */
interface EncodedRecord {
  readonly payload: Buffer;
  readonly hash: string;
}

/**
 * `hashEvent` of a record, and its payload as bytes. The preimage is built in one buffer, so that nothing is joined.
 */
function encodeRecord(prevHash: string, { seq, at_ms, kind }: Placed, payload: string): EncodedRecord {
  const head = `${prevHash}{"at_ms":${at_ms},"kind":"${kind}","payload":`;
  const tail = `,"seq":${seq}}`;
  const payloadBytes = Buffer.byteLength(payload);
  const tailAt = head.length + payloadBytes;
  const bytes = Buffer.allocUnsafe(tailAt + tail.length);
  bytes.write(head, 0, head.length, 'latin1');
  // Given exactly the room it needs, a pure ASCII text is copied instead of encoded.
  bytes.write(payload, head.length, payloadBytes, 'utf8');
  bytes.write(tail, tailAt, tail.length, 'latin1');
  return { payload: bytes.subarray(head.length, tailAt), hash: sha256Hex(bytes) };
}

/**
 * The members of a `decision` event's payload that serve as lookup keys:
 *
 *     { "agent": string | null, "decision": { "decision_id": string, "kind": string, "request_id": string | null, … }, … }
 *
 * `agent` is null for decisions that no agent requested. The id ends in `-` and the record's seq in base 36. That makes
 * it unique and leads from the id to the record.
 */
export interface DecisionKeys {
  readonly agent: string | null;
  readonly decision_id: string;
  readonly kind: string;
  readonly request_id: string | null;
}

export const DECISION_KIND = 'decision';

const ID_END = /-([1-9a-z][0-9a-z]{0,9})$/;

/** The seq that a decision id names; null when it is none. */
export function parseDecisionSeq(decisionId: string): number | null {
  const seq = Number.parseInt(ID_END.exec(decisionId)?.[1] ?? '', 36);
  return Number.isSafeInteger(seq) ? seq : null;
}

/**
 * Reads the lookup keys of the decision payload of record `seq`.
 *
 * @throws LedgerError LEDGER_ARGUMENT when a key is missing or has another type, or the id is not that of `seq`
 */
export function readDecisionKeys(payload: unknown, seq: number): DecisionKeys {
  const outer = asObject(payload, 'payload');
  const decision = asObject(outer.decision, 'payload.decision');
  const decision_id = text(decision.decision_id, 'payload.decision.decision_id');
  if (!decision_id.endsWith(`-${seq.toString(36)}`)) {
    throw new LedgerError('LEDGER_ARGUMENT', `The decision id ${decision_id} is not that of record ${seq}.`);
  }
  return {
    agent: textOrNull(outer.agent, 'payload.agent'),
    decision_id,
    kind: text(decision.kind, 'payload.decision.kind'),
    request_id: textOrNull(decision.request_id, 'payload.decision.request_id'),
  };
}

function asObject(value: unknown, path: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw new LedgerError('LEDGER_ARGUMENT', `A decision record needs an object at ${path}.`);
}

function text(value: unknown, path: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new LedgerError('LEDGER_ARGUMENT', `A decision record needs a non-empty text at ${path}.`);
}

function textOrNull(value: unknown, path: string): string | null {
  return value === null ? null : text(value, path);
}

/** A payload as its writer had it in hand: members that the record of a decision holds as rows get their names back. */
export function readPayload(kind: string, stored: unknown, seq: number, atMs: number): unknown {
  return kind === DECISION_KIND ? readDecisionRecord(stored, seq, atMs) : stored;
}
