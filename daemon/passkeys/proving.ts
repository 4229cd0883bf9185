import { createHash } from 'node:crypto';
import type { Assertion, Credential } from '../contract/passkeys.ts';
import type { PasskeyApi } from '../contract/types/gate-api.ts';
import { isKeyOf, isLocalOrigin, rpIdOf } from '../core/signed/console-origin.ts';
import type { KnownPasskey, ProvenAssertion } from '../engine/records/passkeys.ts';
import { CHALLENGE_MS } from './challenges.ts';
import type { CodeGrant, EnrolmentCodes } from './codes.ts';
import type { MadeKeys } from './made-keys.ts';
import { claimedChallenge, passkeyIdOf, verifyAssertion } from './signatures.ts';
import type { Target } from './texts.ts';

/** Not good, or not permitted; a 403 over HTTP. */
export class PasskeyFault extends Error {
  readonly code = 'FORBIDDEN';
}
export interface PasskeySources {
  readonly gate: PasskeyApi;
  readonly codes: EnrolmentCodes;
  /** Keys that remote consoles made, and that wait for the local one. */
  readonly made: MadeKeys;
  /**
   * `http://localhost:7433`, or that of a remote console: keys of another one sign nothing here. Null: no console is
   * served, and so no passkey is of any use.
   */
  readonly origin: () => string | null;
  /** Known once the daemon listens. */
  readonly target: () => Target;
  /** The host's clock: codes and challenges are asked for and used on this machine. */
  readonly hostMs: () => number;
}
export type Options = Readonly<Record<string, unknown>>;

/** Whether a key in force signed `challenge` on a page of this origin. @throws PasskeyFault */
export async function prove(
  sources: PasskeySources,
  assertion: Assertion,
  { challenge, purpose, text }: Pick<ProvenAssertion, 'challenge' | 'purpose' | 'text'>,
): Promise<ProvenAssertion> {
  const origin = requireOrigin(sources);
  const key = sources.gate.findPasskey(passkeyIdOf(assertion.id));
  if (key === null) throw new PasskeyFault('This passkey is not enrolled, or was removed.');
  if (!isKeyOf(key.origin, origin)) throw new PasskeyFault(`This passkey is of ${key.origin}, and counts there alone.`);
  if (!key.isInForce) throw new PasskeyFault('This passkey is not in force yet.');
  const verified = await verifyAssertion(assertion, challenge, origin, key);
  if (!verified.ok) throw new PasskeyFault(`The signature is not good: ${verified.reason}`);
  const { authenticatorData, clientDataJSON, signature } = assertion.response;
  return {
    id: key.id,
    purpose,
    challenge,
    text,
    authenticatorData,
    clientDataJson: clientDataJSON,
    signature,
    counter: verified.value.counter,
  };
}

/** Whoever may try has a token or a session: that it failed is for a person to see. */
export async function reporting<T>(gate: PasskeyApi, what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'FORBIDDEN')
      gate.reportPasskeyRefused(`a signature ${what} was refused: ${error.message}`);
    throw error;
  }
}

/** @throws PasskeyFault */
export function requireOrigin({ origin }: Pick<PasskeySources, 'origin'>): string {
  const at = origin();
  if (at === null) throw new PasskeyFault('No console is served here, so passkeys cannot be used.');
  return at;
}

/** The challenge that an answer of a browser says it signed. @throws PasskeyFault */
export function challengeIn({ response }: Assertion | Credential): string {
  try {
    return claimedChallenge(response.clientDataJSON);
  } catch {
    throw new PasskeyFault('Its client data cannot be read.');
  }
}

const describe = ({ credentialId, transports }: KnownPasskey) => ({
  type: 'public-key',
  id: credentialId,
  transports: [...transports],
});

/** Keys that may sign on pages of this origin now. */
const inForce = (gate: PasskeyApi, origin: string): readonly KnownPasskey[] =>
  gate.listPasskeys().filter((key) => key.isInForce && isKeyOf(key.origin, origin));

/** Options of a signature by a key in force of this origin. @throws PasskeyFault */
export function requestOptions(sources: PasskeySources, challenge: string): Options {
  const origin = requireOrigin(sources);
  return optionsFor(origin, inForce(sources.gate, origin), challenge);
}

/** The same of whoever has shown nothing yet: any key that an authenticator finds by itself is asked for. */
export const openOptions = (origin: string, challenge: string): Options => optionsFor(origin, [], challenge);

const optionsFor = (origin: string, keys: readonly KnownPasskey[], challenge: string): Options => ({
  rpId: rpIdOf(origin),
  challenge,
  timeout: CHALLENGE_MS,
  userVerification: 'required',
  allowCredentials: keys.map(describe),
});

export function creationOptions(
  gate: PasskeyApi,
  origin: string,
  challenge: string,
  { name, isRecovery }: CodeGrant,
): Options {
  const known = gate.listPasskeys().filter((key) => isKeyOf(key.origin, origin));
  return {
    rp: { id: rpIdOf(origin), name: 'Holdfast' },
    // An authenticator that keeps a key all the same keeps one for each of these; that of another key is not replaced.
    user: { id: createHash('sha256').update(challenge).digest('base64url'), name, displayName: name },
    challenge,
    timeout: CHALLENGE_MS,
    attestation: 'none',
    pubKeyCredParams: [-8, -7, -257].map((alg) => ({ type: 'public-key', alg })),
    excludeCredentials: isRecovery ? [] : known.map(describe),
    // RISK: keys that an authenticator lists by itself are known to pages of every port, which may overwrite them. A
    // remote console has no token to sign in with, and a name of its own.
    authenticatorSelection: {
      residentKey: isLocalOrigin(origin) ? 'discouraged' : 'required',
      userVerification: 'required',
    },
  };
}
