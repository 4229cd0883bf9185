import type { Gate } from '../../daemon/driver/gate.ts';
import type { ProvenAssertion } from '../../daemon/engine/records/passkeys.ts';
import type { Credential } from './approvers.ts';
import type { Action } from './plan.ts';
import type { PlayedWorld } from './played-world.ts';
import { OPERATOR } from './records.ts';

type ApproverAction = Extract<Action, { readonly kind: 'approver' }>;

/** Somebody who approves gets another token, or enrols a passkey; or is trusted no more. */
export function actOnApprovers(world: PlayedWorld, step: number, { by, what, who }: ApproverAction): void {
  const { approvers } = world;
  if (approvers.credentials.length === 0 && world.setup.live === undefined) return;
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
