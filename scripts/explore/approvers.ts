import type { ApprovalProof } from '../../daemon/engine/records/approvals.ts';
import type { TokenStore } from '../../daemon/ledger/types.ts';
import type { ApproverName } from './plan.ts';

export const APPROVERS: readonly ApproverName[] = ['operator', 'second'];

/** A token or a passkey with which somebody approves; instants are milliseconds since the world began. */
export interface Credential {
  readonly id: string;
  readonly who: ApproverName;
  readonly kind: 'token' | 'passkey';
  /** From then on nobody can say whether it counts, until that is answered. */
  endAskedAtMs: number | null;
  endedAtMs: number | null;
}

/** With what the people of a world approve. Without any token of theirs, their names are all that is known of them. */
export class Approvers {
  readonly credentials: Credential[] = [];

  begin(store: TokenStore): void {
    for (const who of APPROVERS) this.noteToken(store, who);
  }

  noteToken(store: TokenStore, who: ApproverName): void {
    const { record } = store.createToken({ role: 'operator', name: who });
    this.note(record.id, who, 'token');
  }

  note(id: string, who: ApproverName, kind: Credential['kind']): void {
    this.credentials.push({ id, who, kind, endAskedAtMs: null, endedAtMs: null });
  }

  /** Null: a name alone. */
  find(proof: ApprovalProof): Credential | null {
    const id = proof.kind === 'passkey' ? proof.key_id : proof.token_id;
    return this.credentials.find((each) => each.id === id) ?? null;
  }

  /** The newest one that nobody has asked to end: a passkey before a token. */
  liveOf(who: ApproverName): Credential | null {
    const live = this.credentials.filter((each) => each.who === who && each.endAskedAtMs === null);
    return live.findLast(({ kind }) => kind === 'passkey') ?? live.at(-1) ?? null;
  }

  /** Somebody who has none left approves with the last one. */
  proofOf(who: ApproverName): ApprovalProof {
    const credential = this.liveOf(who) ?? this.credentials.findLast((each) => each.who === who);
    if (credential === undefined) return { kind: 'operator_token', by: who };
    const { id, kind } = credential;
    if (kind === 'token') return { kind: 'operator_token', by: who, token_id: id };
    return { kind: 'passkey', key_id: id, name: who, assertion: {} };
  }
}
