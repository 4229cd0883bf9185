import { profileOf } from '../core/venues.ts';
import type { ApprovalEvent, PasskeyAssertedEvent, PasskeyEvent } from '../engine/records/people-events.ts';

interface Recorded<T> {
  readonly seq: number;
  readonly payload: T;
}
export interface ApprovalAudit {
  /** What people signed with a passkey or approved with a token. */
  readonly signatures: number;
  /** The first record that is not as it should be; null: none. */
  readonly problem: { readonly seq: number; readonly detail: string } | null;
}

/**
 * That each approval by a passkey rests on a signature in the ledger, of this approval's digest or of the call that names
 * it. That the signatures are good is proven apart (offline.ts).
 */
export function auditApprovalProofs(
  approvals: Iterable<Recorded<ApprovalEvent>>,
  passkeys: Iterable<Recorded<PasskeyEvent>>,
  venue: string,
): ApprovalAudit {
  // The first record that says so.
  const signed = new Map<string, number>();
  for (const { payload, seq } of passkeys) {
    const what = payload.action === 'asserted' ? whatSigns(payload) : null;
    if (what !== null && !signed.has(what)) signed.set(what, seq);
  }
  let signatures = 0;
  for (const { payload, seq } of approvals) {
    if (payload.action !== 'signed') continue;
    signatures += 1;
    const { approval_id: id, digest, proof } = payload;
    if (proof.kind === 'operator_token') {
      if (profileOf(venue).isRealMoney) return { signatures, problem: { seq, detail: `a token approved on ${venue}` } };
      continue;
    }
    const ways = [`${proof.key_id} ${digest}`, `${proof.key_id} ${pathOf(id)} ${digest}`];
    const isProven = ways.some((way) => (signed.get(way) ?? seq) < seq);
    if (!isProven)
      return { signatures, problem: { seq, detail: `no signature of ${proof.key_id} before it approves ${id}` } };
  }
  return { signatures, problem: null };
}

const pathOf = (id: string): string => `/v1/approvals/${id}`;

/** Key and digest; of a call that approves also its path. Null: it approves nothing. */
function whatSigns({ challenge, id, purpose, text }: PasskeyAssertedEvent): string | null {
  if (purpose === 'approval') return `${id} ${Buffer.from(challenge, 'base64url').toString('hex')}`;
  if (purpose !== 'act' || text === null) return null;
  let act: { readonly method?: unknown; readonly path?: unknown; readonly body?: unknown };
  try {
    act = JSON.parse(text);
  } catch {
    return null;
  }
  const { action, digest } = Object(act.body);
  return act.method === 'POST' && action === 'approve' ? `${id} ${act.path} ${digest}` : null;
}
