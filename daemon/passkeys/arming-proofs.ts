import { createHash } from 'node:crypto';
import type { IntendedPolicySpec } from '../core/policy.ts';
import { armingQuorum, armingText } from '../core/signed/arming.ts';
import { profileOf } from '../core/venues.ts';
import type { DecisionEvent } from '../engine/records/decisions.ts';
import type {
  ArmingEvent,
  ArmingSignedEvent,
  PasskeyAssertedEvent,
  PasskeyEvent,
  PolicyEvent,
} from '../engine/records/people-events.ts';

interface Recorded<K extends string, T> {
  readonly seq: number;
  readonly kind: K;
  readonly payload: T;
}
export type ArmingRecord =
  | Recorded<'arming', ArmingEvent>
  | Recorded<'arming_signed', ArmingSignedEvent>
  | Recorded<'passkey', PasskeyEvent>
  | Recorded<'policy', PolicyEvent>;
/** One arming, and who signed it. */
export interface ProvenArming {
  readonly seq: number;
  readonly set_by: string;
  readonly policy_hash: string;
  readonly signed_by: readonly { readonly passkey_id: string; readonly name: string }[];
}
export interface ArmingAudit {
  readonly armings: readonly ProvenArming[];
  /** The first record that is not as it should be; null: none. */
  readonly problem: { readonly seq: number; readonly detail: string } | null;
}
export interface ArmingSources {
  /** Of those kinds, in their order. */
  readonly records: Iterable<ArmingRecord>;
  readonly venue: string;
  /** Id of the ledger, which is part of what was signed. */
  readonly ledger: string;
  readonly readPolicy: (hash: string) => string | null;
  /** From that record on. */
  readonly decisionsFrom: (seq: number) => Iterable<{ readonly seq: number; readonly payload: DecisionEvent }>;
}
interface Armed {
  readonly record: Recorded<'arming', ArmingEvent>;
  readonly digest: string;
  readonly signers: Map<string, string>;
}

/**
 * Who armed: each signature of an arming rests on a call that this passkey signed before, with the digest of this very
 * arming; and while fewer had signed than the policy in force says, no decision opened anything. That the signatures are
 * good is proven apart (offline.ts).
 */
export function auditArmings(sources: ArmingSources): ArmingAudit {
  const armings: ProvenArming[] = [];
  const acts = new Set<string>();
  let armed: Armed | null = null;
  let quorum = 1;
  /** The first record since which too few have signed. */
  let shortSince: number | null = null;
  const answer = (problem: ArmingAudit['problem']): ArmingAudit => ({ armings, problem });
  if (!profileOf(sources.venue).needsArming) return answer(null);
  for (const record of sources.records) {
    const wasShort = shortSince;
    if (record.kind === 'arming') {
      armed = { record, digest: digestOf(record.payload, sources.ledger), signers: new Map() };
      armings.push(tell(armed));
    } else if (record.kind === 'policy') {
      if (record.payload.action === 'in_force') quorum = quorumOf(record.payload.hash, sources);
    } else if (record.kind === 'passkey') notePasskey(record.payload, acts, armed);
    else {
      const detail = judgeSignature(record.payload, acts, armed);
      if (detail !== null || armed === null) return answer({ seq: record.seq, detail: detail ?? 'nothing was armed' });
      armed.signers.set(record.payload.passkey_id, record.payload.set_by);
      armings[armings.length - 1] = tell(armed);
    }
    const isShort = quorum > 1 && (armed?.signers.size ?? 0) < quorum;
    shortSince = isShort ? (shortSince ?? record.seq) : null;
    if (wasShort === null || shortSince !== null) continue;
    const opened = findOpening(sources, wasShort, record.seq);
    if (opened !== null) return answer(opened);
  }
  return answer(shortSince === null ? null : findOpening(sources, shortSince, Number.POSITIVE_INFINITY));
}

const digestOf = (arming: ArmingEvent, ledger: string): string =>
  createHash('sha256').update(armingText(arming, ledger)).digest('hex');

const tell = ({ record, signers }: Armed): ProvenArming => ({
  seq: record.seq,
  set_by: record.payload.set_by,
  policy_hash: record.payload.policy_hash,
  signed_by: [...signers].map(([id, name]) => ({ passkey_id: id, name })),
});

/** A policy that the ledger does not have asks for more than anybody can sign. */
function quorumOf(hash: string, { readPolicy }: ArmingSources): number {
  const text = readPolicy(hash);
  return text === null ? Number.POSITIVE_INFINITY : armingQuorum(JSON.parse(text) as IntendedPolicySpec);
}

function notePasskey(payload: PasskeyEvent, acts: Set<string>, armed: Armed | null): void {
  if (payload.action === 'removed') armed?.signers.delete(payload.id);
  else if (payload.action === 'added') {
    if (payload.is_recovery) armed?.signers.clear();
  } else {
    const digest = whatSigns(payload);
    if (digest !== null) acts.add(`${payload.id} ${digest}`);
  }
}

function judgeSignature(
  { digest, passkey_id: id }: ArmingSignedEvent,
  acts: ReadonlySet<string>,
  armed: Armed | null,
): string | null {
  if (armed === null) return 'it signs an arming, and there was none';
  if (digest !== armed.digest) return 'it signs another arming than the one before it';
  return acts.has(`${id} ${digest}`) ? null : `no signature of ${id} over this arming stands before it`;
}

/** Digest of the arming that a signed call names; null: it arms nothing. */
function whatSigns({ purpose, text }: PasskeyAssertedEvent): string | null {
  if (purpose !== 'act' || text === null) return null;
  try {
    const { method, path, body } = JSON.parse(text) as { method?: unknown; path?: unknown; body?: unknown };
    const { digest } = Object(body) as { readonly digest?: unknown };
    return method === 'POST' && path === '/v1/arming' && typeof digest === 'string' ? digest : null;
  } catch {
    return null;
  }
}

function findOpening({ decisionsFrom }: ArmingSources, fromSeq: number, toSeq: number): ArmingAudit['problem'] {
  for (const { payload, seq } of decisionsFrom(fromSeq)) {
    if (seq >= toSeq) return null;
    if (payload.orders.some((order) => !order.reduce_only))
      return { seq, detail: 'it opened while too few had signed the arming' };
  }
  return null;
}
