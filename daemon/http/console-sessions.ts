import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { Caller, Role } from '../gate/api.ts';
import type { EnrolmentCodes } from '../passkeys/codes.ts';

/** A console signed in so long ago must show a token again. */
export const SESSION_MS = 8 * 3_600_000;
/** Tokens of the ledger begin with `hf_`. */
const PREFIX = 'hfs_';
const MAC_PURPOSE = 'holdfast console session';

export interface ConsoleSource {
  /** 32 random bytes that outlive a restart; asked for when the first session is opened or shown. */
  readonly key: () => Buffer;
  /** The live token with this id, null when unknown or revoked. */
  readonly findToken: (id: string) => { readonly role: Role; readonly agent: string } | null;
  /** The one-time code for a passkey; absent: there are no passkeys. */
  readonly codes?: EnrolmentCodes;
  /** The host's clock; by default the process's. */
  readonly hostMs?: () => number;
}
export interface ConsoleSessions {
  /** A text that stands for its token for eight hours, and can only look. */
  open(caller: Caller): { readonly session: string; readonly expires_at_ms: number };
  /** Who looks; null: forged, over, or its token was revoked. */
  find(session: string): Caller | null;
}
export const isSession = (secret: string): boolean => secret.startsWith(PREFIX);

/**
 * Sessions without a store: token id and expiry under a key of this home, so that one goes on after a restart and ends with
 * its token. Whoever looks sees what an operator sees; that it may do nothing else is the guard's to say.
 */
export function createConsoleSessions(source: ConsoleSource, nowMs: () => number = Date.now): ConsoleSessions {
  let key: KeyObject | null = null;
  // Of bytes Node makes a key object for each check, which takes twice as long as the rest of it.
  const macOf = (body: string): Buffer => {
    key ??= createSecretKey(source.key());
    return createHmac('sha256', key).update(`${MAC_PURPOSE}\n${body}`).digest();
  };
  return {
    open({ tokenId }) {
      const expiresAtMs = nowMs() + SESSION_MS;
      const body = `${tokenId}.${expiresAtMs.toString(36)}`;
      return { session: `${PREFIX}${body}.${macOf(body).toString('base64url')}`, expires_at_ms: expiresAtMs };
    },
    find(session) {
      const parts = /^hfs_((\w{1,64})\.([0-9a-z]{1,12}))\.([\w-]{43})$/.exec(session);
      if (parts === null) return null;
      const [, body = '', tokenId = '', expiry = '', mac = ''] = parts;
      const shown = Buffer.from(mac, 'base64url');
      const expected = macOf(body);
      if (shown.length !== expected.length || !timingSafeEqual(shown, expected)) return null;
      const leftMs = Number.parseInt(expiry, 36) - nowMs();
      if (leftMs <= 0 || leftMs > SESSION_MS) return null;
      const token = source.findToken(tokenId);
      if (token === null || token.role === 'agent') return null;
      return { role: 'operator', agent: token.agent, tokenId, skillSha256: null };
    },
  };
}
