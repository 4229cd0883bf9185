import { createHash } from 'node:crypto';
import type { Assertion, Credential } from '../contract/passkeys.ts';
import { rpIdOf } from '../core/signed/console-origin.ts';

/** EdDSA, ES256, RS256. */
const ALGORITHMS = [-8, -7, -257];

export interface VerificationKey {
  readonly credentialId: string;
  /** COSE, base64url. */
  readonly publicKey: string;
  readonly counter: number;
}
export type Verified<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };
export interface VerifiedCredential {
  readonly id: string;
  readonly credentialId: string;
  readonly publicKey: string;
  readonly counter: number;
  readonly aaguid: string;
  readonly origin: string;
}

/** Loaded when it is first needed: most daemons never see a passkey. */
const library = () => import('@simplewebauthn/server');

/** Short, for lists, records and paths: credential ids have up to 1,023 bytes. */
export const passkeyIdOf = (credentialId: string): string =>
  `pk_${createHash('sha256').update(credentialId).digest('hex').slice(0, 20)}`;

/** Whether a browser made this credential for this page and challenge, and its user proved to be there. */
export async function verifyCredential(
  credential: Credential,
  challenge: string,
  origin: string,
): Promise<Verified<VerifiedCredential>> {
  const { verifyRegistrationResponse } = await library();
  try {
    if (!(await isPlain(credential))) return refuse('its attestation was not asked for');
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: { ...credential, clientExtensionResults: {} } as Parameters<
        typeof verifyRegistrationResponse
      >[0]['response'],
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpIdOf(origin),
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!verified) return refuse('its signature is wrong');
    const { aaguid, credential: made } = registrationInfo;
    return {
      ok: true,
      value: {
        id: passkeyIdOf(made.id),
        credentialId: made.id,
        publicKey: Buffer.from(made.publicKey).toString('base64url'),
        counter: made.counter,
        aaguid,
        origin,
      },
    };
  } catch (error) {
    return refuse(error);
  }
}

/** RISK: a certificate in an attestation would make the library ask its issuer for revocations, at any address. */
async function isPlain({ response }: Credential): Promise<boolean> {
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers');
  const object = decodeAttestationObject(new Uint8Array(Buffer.from(response.attestationObject, 'base64url')));
  const format = object.get('fmt');
  return format === 'none' || (format === 'packed' && object.get('attStmt').get('x5c') === undefined);
}

/** Whether this key signed this challenge, on a page of this origin, and its user proved to be there. */
export async function verifyAssertion(
  assertion: Assertion,
  challenge: string,
  origin: string,
  key: VerificationKey,
): Promise<Verified<{ readonly counter: number }>> {
  if (assertion.id !== key.credentialId) return refuse('it is of another key');
  const { verifyAuthenticationResponse } = await library();
  try {
    if (isFramed(assertion.response.clientDataJSON)) return refuse('it was asked for within a page of another origin');
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: { ...assertion, clientExtensionResults: {} } as Parameters<
        typeof verifyAuthenticationResponse
      >[0]['response'],
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: rpIdOf(origin),
      requireUserVerification: true,
      credential: {
        id: key.credentialId,
        publicKey: new Uint8Array(Buffer.from(key.publicKey, 'base64url')),
        counter: key.counter,
      },
    });
    return verified
      ? { ok: true, value: { counter: authenticationInfo.newCounter } }
      : refuse('its signature is wrong');
  } catch (error) {
    return refuse(error);
  }
}

interface ClientData {
  readonly challenge?: unknown;
  readonly origin?: unknown;
  readonly crossOrigin?: unknown;
}
function readClientData(clientDataJson: string): ClientData {
  return JSON.parse(Buffer.from(clientDataJson, 'base64url').toString('utf8')) as ClientData;
}
/** What an answer says it signed, without proof. @throws when it is not JSON */
export const claimedChallenge = (clientDataJson: string): string =>
  String(readClientData(clientDataJson).challenge ?? '');
/** The page that an answer says it was made on. @throws when it is not JSON */
export const claimedOrigin = (clientDataJson: string): string => String(readClientData(clientDataJson).origin ?? '');
const isFramed = (clientDataJson: string): boolean => readClientData(clientDataJson).crossOrigin === true;

const LONGEST_REASON = 200;
/** The library's words quote what a caller sent. */
function refuse(reason: unknown): { readonly ok: false; readonly reason: string } {
  const text = reason instanceof Error ? reason.message : String(reason);
  return { ok: false, reason: text.slice(0, LONGEST_REASON) };
}
