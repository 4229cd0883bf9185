import { ApiFault, ask } from './api.ts';

/**
 * What the daemon and this page both know, and how either shows it to nobody else. docs/api.md has the steps. The
 * browser gives `crypto.subtle` to pages of the loopback address alone.
 */

/** A token's or a session's. Its bytes are not to be had again. */
export interface Key {
  readonly id: string;
  readonly secret: CryptoKey;
}
export interface TokenKey extends Key {
  /**
   * The token for one use, under a mask that its sha256 takes off: whoever does not know that reads nothing. base64url.
   */
  mask(...use: readonly string[]): Promise<string>;
}
/** Which daemon this is. */
export interface Target {
  readonly venue: string;
  readonly account: string;
  readonly home: string;
  readonly address: string;
}
export interface Claims extends Target {
  /** Signed to open a session. */
  readonly challenge: string;
}

const FOREIGN = 'What answers here is not the daemon you signed in to.';
export const isForeignFault = (error: unknown): boolean => error instanceof ApiFault && error.code === 'FOREIGN';

type Bytes = Uint8Array<ArrayBuffer>;
const HMAC = { name: 'HMAC', hash: 'SHA-256' };
const KEY_ID_LENGTH = 22;
const NONCE_BYTES = 24;
const MAC_BYTES = 32;
const encode = (text: string): Bytes => new TextEncoder().encode(text);

export function toBase64url(bytes: Bytes): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}
const fromBase64url = (text: string): Bytes =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));

const sha256 = async (text: string): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', encode(text)));
/** What an authenticator is given of a text. base64url. */
export const challengeOf = async (text: string): Promise<string> => toBase64url(await sha256(text));

/** The same in hex. */
export const digestOf = async (text: string): Promise<string> =>
  [...(await sha256(text))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

export async function keyOfToken(token: string): Promise<TokenKey> {
  const key = await makeKey(await sha256(token));
  return { ...key, mask: (...use) => maskWith(key.secret, encode(token), use) };
}
/** `key`: as the daemon gave it with the session. */
export const keyOfSession = (key: string): Promise<Key> => makeKey(fromBase64url(key));

async function makeKey(bytes: Bytes): Promise<Key> {
  const secret = await crypto.subtle.importKey('raw', bytes, HMAC, false, ['sign', 'verify']);
  return { id: (await macOf(secret, 'holdfast key id 1')).slice(0, KEY_ID_LENGTH), secret };
}
async function maskWith(secret: CryptoKey, token: Bytes, use: readonly string[]): Promise<string> {
  const blocks = Array.from({ length: Math.ceil(token.length / MAC_BYTES) }, (_, block) =>
    macOf(secret, ...use, String(block)),
  );
  const mask = (await Promise.all(blocks)).flatMap((block) => [...fromBase64url(block)]);
  return toBase64url(token.map((byte, index) => byte ^ (mask[index] ?? 0)));
}
/** base64url. */
async function macOf(secret: CryptoKey, ...lines: readonly string[]): Promise<string> {
  return toBase64url(new Uint8Array(await crypto.subtle.sign(HMAC, secret, encode(lines.join('\n')))));
}

/** Statuses of a daemon that does not know the key, or cannot answer just now, and of a proxy that finds none. */
const UNPROVEN: ReadonlySet<number> = new Set([0, 401, 429, 502, 503, 504]);

/**
 * Has the daemon show that it knows the key, at the very address that this page was loaded from.
 * @throws ApiFault FOREIGN when something else answers, UNAUTHENTICATED when the daemon there does not know the key
 */
export async function prove({ id, secret }: Key): Promise<Claims> {
  const nonce = toBase64url(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
  try {
    const body = { key_id: id, nonce };
    const { claims, proof } = await ask<{ readonly claims: string; readonly proof: string }>('POST', '/v1/proof', {
      body,
    });
    const lines = encode(['holdfast proof 1', nonce, location.host.toLowerCase(), claims].join('\n'));
    if (await crypto.subtle.verify(HMAC, secret, fromBase64url(proof), lines)) return JSON.parse(claims) as Claims;
  } catch (error) {
    if (error instanceof ApiFault && UNPROVEN.has(error.status)) throw error;
  }
  throw new ApiFault(0, 'FOREIGN', FOREIGN);
}
