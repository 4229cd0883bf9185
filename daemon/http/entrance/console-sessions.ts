import { hash, randomBytes } from 'node:crypto';
import type { Caller, Role } from '../../engine/records/callers.ts';
import type { EnrolmentCodes } from '../../passkeys/codes.ts';
import { isSame, keyIdOf } from '../../proof/proof.ts';

/** A console signed in so long ago must show a token again. */
export const SESSION_MS = 8 * 3_600_000;
/** As many screens are open at once; one more ends the oldest. */
export const MAX_SESSIONS = 64;
/** Tokens of the ledger begin with `hf_`. */
const PREFIX = 'hfs_';
const BYTES = 32;

export interface ConsoleSource {
  /** The live token with this id, null when unknown or revoked. */
  readonly findToken: (id: string) => { readonly role: Role; readonly agent: string } | null;
  /** The one-time code for a passkey; absent: there are no passkeys. */
  readonly codes?: EnrolmentCodes;
  /** The host's clock; by default the process's. */
  readonly hostMs?: () => number;
}
/** What a page is given. */
export interface OpenedSession {
  /** Bearer text that looks, halts and reduces. */
  readonly session: string;
  readonly expires_at_ms: number;
  /** Under which the daemon proves itself to the page again. */
  readonly key_id: string;
  readonly key: string;
}
export interface FoundSession {
  readonly id: string;
  readonly caller: Caller;
}
export interface ConsoleSessions {
  open(caller: Pick<Caller, 'tokenId'>): OpenedSession;
  /** Who looks; null: unknown, over, or its token was revoked. */
  find(session: string): FoundSession | null;
  /** What proves the daemon to the page of a session. */
  findKey(keyId: string): { readonly key: Buffer; readonly role: 'operator'; readonly token: null } | null;
}
export const isSession = (secret: string): boolean => secret.startsWith(PREFIX);

interface KeptSession {
  readonly tokenId: string;
  readonly expiresAtMs: number;
  /** sha256 of the bearer text. */
  readonly digest: string;
  readonly key: Buffer;
}

/**
 * Sessions in the memory of this process: whoever got hold of one while another program had the port has nothing at the
 * daemon that comes back. Each ends with its token. Whoever looks sees what an operator sees; that it may do nothing else
 * is the guard's to say.
 */
export function createConsoleSessions(
  { findToken }: Pick<ConsoleSource, 'findToken'>,
  nowMs: () => number,
): ConsoleSessions {
  /** Id -> session, oldest first. */
  const sessions = new Map<string, KeptSession>();
  const findCaller = (id: string, { expiresAtMs, tokenId }: KeptSession): Caller | null => {
    const token = nowMs() < expiresAtMs ? findToken(tokenId) : null;
    if (token?.role === 'operator') return { role: 'operator', agent: token.agent, tokenId, skillSha256: null };
    sessions.delete(id);
    return null;
  };
  return {
    open({ tokenId }) {
      const key = randomBytes(BYTES);
      const id = keyIdOf(key);
      const session = `${PREFIX}${id}.${randomBytes(BYTES).toString('base64url')}`;
      const expiresAtMs = nowMs() + SESSION_MS;
      const [oldest] = sessions.keys();
      if (oldest !== undefined && sessions.size >= MAX_SESSIONS) sessions.delete(oldest);
      sessions.set(id, { tokenId, expiresAtMs, digest: digestOf(session), key });
      return { session, expires_at_ms: expiresAtMs, key_id: id, key: key.toString('base64url') };
    },
    find(session) {
      const id = session.slice(PREFIX.length, session.indexOf('.'));
      const kept = sessions.get(id);
      if (kept === undefined || !isSame(digestOf(session), kept.digest)) return null;
      const caller = findCaller(id, kept);
      return caller === null ? null : { id, caller };
    },
    findKey(keyId) {
      const kept = sessions.get(keyId);
      if (kept === undefined || findCaller(keyId, kept) === null) return null;
      return { key: kept.key, role: 'operator', token: null };
    },
  };
}

const digestOf = (session: string): string => hash('sha256', session, 'base64');
