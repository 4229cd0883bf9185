import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * How the daemon proves itself before it is given a token, and how a page shows that it has one without sending it.
 * docs/api.md (the daemon proves itself) has the same for other languages.
 */

const PURPOSE = {
  keyId: 'holdfast key id 1',
  proof: 'holdfast proof 1',
  session: 'holdfast session 1',
  act: 'holdfast act 1',
} as const;
const KEY_ID_LENGTH = 22;
const NONCE_BYTES = 24;

/** The address of a Unix socket in a proof: it has no name that both sides see. */
export const DIALLED_SOCKET = 'unix';

/** sha256 of a token's text, 32 bytes: what both sides know. */
export const keyOf = (token: string): Buffer => createHash('sha256').update(token).digest();

/** Names a token without its hash: 22 characters of base64url. */
export const keyIdOf = (key: Buffer): string => macOf(key, PURPOSE.keyId).slice(0, KEY_ID_LENGTH);

/** A text that no proof was ever asked for with. base64url. */
export const createNonce = (): string => randomBytes(NONCE_BYTES).toString('base64url');

/**
 * That whoever answers knows the key. `dialled`: the Host header as it was sent, in lower case, or {@link DIALLED_SOCKET};
 * `claims`: what the answer says, byte for byte. base64url, 43 characters.
 */
export const proofOf = (key: Buffer, nonce: string, dialled: string, claims: string): string =>
  macOf(key, PURPOSE.proof, nonce, dialled, claims);

/** That a page knows the key, to sign in with a challenge of this daemon. */
export const sessionMacOf = (key: Buffer, challenge: string, dialled: string): string =>
  macOf(key, PURPOSE.session, challenge, dialled);

/** The same for one act, by the text that a passkey would sign. */
export const actMacOf = (key: Buffer, text: string): string => macOf(key, PURPOSE.act, text);

/** Takes the same time wherever two texts differ. */
export function isSame(shown: string, expected: string): boolean {
  const [a, b] = [Buffer.from(shown), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function macOf(key: Buffer, ...parts: readonly string[]): string {
  return createHmac('sha256', key).update(parts.join('\n')).digest('base64url');
}
