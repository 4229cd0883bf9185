import { isKeyOf, isLocalOrigin } from '../core/signed/console-origin.ts';
import type { PasskeyAddedEvent, PasskeyAssertedEvent, PasskeyEvent } from '../engine/records/people-events.ts';
import { claimedOrigin, passkeyIdOf, verifyAssertion } from './signatures.ts';
import { challengeOf, enrolmentText } from './texts.ts';

export interface PasskeyRecord {
  readonly seq: number;
  readonly at_ms: number;
  /** Milliseconds that had passed (engine/kept/passed-time.ts); absent: `at_ms`, as the clock never jumped. */
  readonly t_ms?: number;
  readonly payload: PasskeyEvent;
}
export interface PasskeyAudit {
  readonly keys: number;
  readonly signatures: number;
  /** The first record that is not as it should be; null: none. */
  readonly problem: { readonly seq: number; readonly detail: string } | null;
}
/**
 * Proves a recorded signature with the record of its key, and nothing else: no daemon, no network. With the sha256 (hex) of
 * an approval's canonical text it proves that this approval was signed. Null: the signature is good; else what is wrong.
 */
export async function verifyApprovalRecord(
  record: PasskeyAssertedEvent,
  key: PasskeyAddedEvent,
  digestHex: string | null = null,
): Promise<string | null> {
  if (record.id !== key.id) return 'it is of another key';
  if (passkeyIdOf(key.credential_id) !== key.id) return 'the id of its key is not that of its credential';
  if (digestHex !== null && Buffer.from(digestHex, 'hex').toString('base64url') !== record.challenge)
    return 'it signs something else';
  if (record.text !== null && challengeOf(record.text) !== record.challenge) return 'it does not sign its text';
  let origin: string;
  try {
    origin = claimedOrigin(record.client_data_json);
  } catch {
    return 'its client data cannot be read';
  }
  if (!isKeyOf(key.origin, origin)) return `it was signed on a page of ${origin.slice(0, 200)}`;
  const assertion = {
    id: key.credential_id,
    rawId: key.credential_id,
    type: 'public-key' as const,
    response: {
      authenticatorData: record.authenticator_data,
      clientDataJSON: record.client_data_json,
      signature: record.signature,
    },
  };
  // That the counter rises is looked at over all records.
  const verified = await verifyAssertion(assertion, record.challenge, origin, {
    credentialId: key.credential_id,
    publicKey: key.public_key,
    counter: 0,
  });
  if (!verified.ok) return verified.reason;
  return verified.value.counter === record.counter ? null : 'its counter is not the recorded one';
}

/** A key that is not removed, as the records before say. */
interface LiveKey {
  readonly record: PasskeyAddedEvent;
  /** By `t`. */
  readonly effectiveMs: number;
  counter: number;
}
/** What is known at some record. */
interface Known {
  readonly keys: Map<string, LiveKey>;
  readonly used: Set<string>;
  /** A key that counted was removed, ever. */
  hadOne: boolean;
  /** The signature in the record before. */
  signed: PasskeyAssertedEvent | null;
}

/**
 * Every record of passkeys of a ledger, in order: each signature is good, of a key in force, and taken once, and no key
 * was let in without one.
 */
export async function auditPasskeys(records: Iterable<PasskeyRecord>): Promise<PasskeyAudit> {
  const known: Known = { keys: new Map(), used: new Set(), hadOne: false, signed: null };
  const count = { keys: 0, signatures: 0 };
  for (const { seq, at_ms: atMs, payload, t_ms: tMs = atMs } of records) {
    if (payload.action === 'added') count.keys += 1;
    if (payload.action === 'asserted') count.signatures += 1;
    const detail = await judge(payload, known, atMs, tMs);
    if (detail !== null) return { ...count, problem: { seq, detail } };
    known.signed = payload.action === 'asserted' && payload.purpose === 'enrolment' ? payload : null;
  }
  return { ...count, problem: null };
}

async function judge(payload: PasskeyEvent, known: Known, atMs: number, tMs: number): Promise<string | null> {
  switch (payload.action) {
    case 'added': {
      const detail = judgeAdded(payload, known);
      if (payload.is_recovery) for (const id of [...known.keys.keys()]) remove(known, id, tMs);
      const { counter, effective_at_ms: effectiveAtMs } = payload;
      known.keys.set(payload.id, { record: payload, effectiveMs: tMs + effectiveAtMs - atMs, counter });
      return detail;
    }
    case 'asserted':
      return judgeAsserted(payload, known, tMs);
    case 'removed':
      remove(known, payload.id, tMs);
      return null;
  }
}

function remove(known: Known, id: string, tMs: number): void {
  const key = known.keys.get(id);
  known.keys.delete(id);
  if (key !== undefined && key.effectiveMs <= tMs) known.hadOne = true;
}

function judgeAdded(added: PasskeyAddedEvent, { keys, hadOne, signed }: Known): string | null {
  const isLocal = isLocalOrigin(added.origin);
  if (added.is_recovery) return isLocal ? null : 'it recovers by a key of a remote console';
  if (!isLocal && added.confirmed_by === null) return `no local passkey confirmed ${added.id}`;
  if (added.confirmed_by === null) return keys.size > 0 || hadOne ? `no earlier passkey confirmed ${added.id}` : null;
  const { id, name, origin, public_key: publicKey } = added;
  const text = enrolmentText({ id, origin, publicKey }, name);
  if (signed?.id !== added.confirmed_by || signed.text !== text)
    return `the record before it does not confirm the passkey ${id}`;
  return isLocalOrigin(keys.get(signed.id)?.record.origin ?? '') ? null : `a remote passkey confirms ${id}`;
}

async function judgeAsserted(record: PasskeyAssertedEvent, known: Known, tMs: number): Promise<string | null> {
  const key = known.keys.get(record.id);
  if (key === undefined) return 'it is of a passkey that was not enrolled, or was removed';
  if (key.effectiveMs > tMs) return 'its passkey was not in force yet';
  const once = `${record.id} ${record.challenge}`;
  if (known.used.has(once)) return 'it was taken before';
  known.used.add(once);
  if ((record.counter > 0 || key.counter > 0) && record.counter <= key.counter) return 'its counter did not rise';
  key.counter = record.counter;
  return verifyApprovalRecord(record, key.record);
}
