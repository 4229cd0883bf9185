import type { ApprovalProof } from '../../daemon/gate/api/approvals.ts';
import type { ProvenAssertion } from '../../daemon/gate/api/passkeys.ts';
import type { Gate } from '../../daemon/gate/gate.ts';
import type { TokenStore } from '../../daemon/ledger/types.ts';
import type { Action, ApproverName } from './plan.ts';
import type { PlayedWorld } from './played-world.ts';
import { OPERATOR } from './records.ts';

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

type ApproverAction = Extract<Action, { readonly kind: 'approver' }>;

/** Somebody who approves gets another token, or enrols a passkey; or is trusted no more. */
export function actOnApprovers(world: PlayedWorld, step: number, { by, what, who }: ApproverAction): void {
  const { approvers } = world;
  if (approvers.credentials.length === 0) return;
  if (what === 'token') world.commandTokens((store) => approvers.noteToken(store, who));
  else if (what === 'passkey')
    world.operate(step, 'approver', {}, async (gate) => {
      const id = `pk-${who}-${step}`;
      // The last one that was removed leaves nobody who could confirm another.
      if (!/^(first|confirmed)$/.test(gate.passkeys.getPasskeys().enrolment)) return;
      await enrol(gate, id, who);
      if (world.gate === gate) approvers.note(id, who, 'passkey');
    });
  else endCredential(world, step, approvers.liveOf(who), by);
}

function endCredential(
  world: PlayedWorld,
  step: number,
  credential: Credential | null,
  by: ApproverAction['by'],
): void {
  if (credential === null) return;
  const { id, kind } = credential;
  const ended = (): void => {
    credential.endedAtMs = Math.ceil(world.time.nowMs);
  };
  if (kind === 'token' && by === 'command')
    world.commandTokens((store) => {
      credential.endAskedAtMs = world.time.nowMs;
      store.revokeToken(id);
      ended();
    });
  else
    world.operate(step, 'approver', {}, async (gate) => {
      credential.endAskedAtMs ??= world.time.nowMs;
      const actor = { agent: OPERATOR.agent, tokenId: OPERATOR.tokenId, passkeyId: null };
      if (kind === 'passkey') await gate.passkeys.removePasskey(OPERATOR, id, 'plan');
      else await gate.tokens.revokeToken(actor, id, 'plan');
      if (world.gate === gate) ended();
    });
}

/** One that is enrolled confirms it: that its signature is good is the entrance's to find out. */
async function enrol(gate: Gate, id: string, name: string): Promise<void> {
  const [confirms] = gate.passkeys.listPasskeys();
  const by: ProvenAssertion | null =
    confirms === undefined
      ? null
      : {
          ...{ id: confirms.id, purpose: 'enrolment', challenge: id, text: null, authenticatorData: '' },
          ...{ clientDataJson: '', signature: '', counter: 0 },
        };
  const key = { id, credentialId: id, publicKey: '', counter: 0, aaguid: '', origin: 'http://localhost' };
  await gate.passkeys.addPasskey(OPERATOR, { ...key, transports: [], name, isRecovery: false }, by);
}
