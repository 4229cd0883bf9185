import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * How the daemon proves itself before it is given a token, and how a page shows that it has one to nobody but the daemon
 * that knows it. docs/api.md (the daemon proves itself) has the same for other languages.
 */

const PURPOSE = {
  keyId: 'holdfast key id 1',
  proof: 'holdfast proof 1',
  session: 'holdfast session 2',
  act: 'holdfast act 2',
} as const;
const KEY_ID_LENGTH = 22;
const NONCE_BYTES = 24;
const MAC_BYTES = 32;

/** The address of a Unix socket in a proof: it has no name that both sides see. */
export const DIALLED_SOCKET = 'unix';

/** sha256 of a token's text, 32 bytes: what both sides know. */
export const keyOf = (token: string | Buffer): Buffer => createHash('sha256').update(token).digest();

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

/**
 * A token for one use: to sign in with a challenge of the daemon at an address, or for one act, by the text that a passkey
 * would sign.
 */
export type TokenUse = { readonly challenge: string; readonly dialled: string } | { readonly act: string };

/** The token under a mask that its sha256 takes off: whoever does not know that reads nothing. base64url. */
export function maskToken(token: string, use: TokenUse): string {
  return applyMask(Buffer.from(token), keyOf(token), use).toString('base64url');
}

/**
 * Whether somebody who has the token itself masked it for this use. RISK: the key alone, which the ledger holds, must not
 * do: whoever reads a backup would be an operator.
 */
export function isMaskedToken(masked: string, key: Buffer, use: TokenUse): boolean {
  return timingSafeEqual(keyOf(applyMask(Buffer.from(masked, 'base64url'), key, use)), key);
}

/** Twice the same mask takes it off. */
function applyMask(bytes: Buffer, key: Buffer, use: TokenUse): Buffer {
  const lines = 'act' in use ? [PURPOSE.act, use.act] : [PURPOSE.session, use.challenge, use.dialled];
  const blocks = Array.from({ length: Math.ceil(bytes.length / MAC_BYTES) }, (_, block) =>
    Buffer.from(macOf(key, ...lines, String(block)), 'base64url'),
  );
  const mask = Buffer.concat(blocks);
  return Buffer.from(bytes.map((byte, index) => byte ^ (mask[index] ?? 0)));
}

/** Takes the same time wherever two texts differ. */
export function isSame(shown: string, expected: string): boolean {
  const [a, b] = [Buffer.from(shown), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function macOf(key: Buffer, ...parts: readonly string[]): string {
  return createHmac('sha256', key).update(parts.join('\n')).digest('base64url');
}
