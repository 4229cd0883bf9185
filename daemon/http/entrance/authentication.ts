import { hash } from 'node:crypto';
import type { Caller, Role } from '../../engine/records/callers.ts';
import { ApiError } from '../errors.ts';
import { type ConsoleSessions, isSession } from './console-sessions.ts';

/** A live token. Its orders and decisions are kept under the name `agent`. */
export interface TokenIdentity {
  readonly role: Role;
  readonly agent: string;
  readonly id: string;
  readonly skillSha256: string | null;
}
export interface TokenLookup {
  /** The live token with this secret, null when unknown or revoked. Synchronous. */
  findToken(secret: string): TokenIdentity | null;
  /** All live tokens, with the sha256 of their secrets. */
  keyedTokens(): readonly KeyedToken[];
}
/** A live token with the sha256 of its secret, in hex. */
export interface KeyedToken extends TokenIdentity {
  readonly keyHex: string;
}

/** A revoked token is refused after this time at the latest, even if another process revoked it. */
export const TOKEN_CACHE_MS = 250;
const MAX_CACHED_TOKENS = 1024;
const MAX_SECRET_LENGTH = 256;

interface CachedCaller {
  readonly caller: Caller;
  readonly untilMs: number;
}
/** The token that the last request of a connection proved. */
interface ConnectionProof extends CachedCaller {
  readonly authorization: string;
}
export interface Authenticator {
  /** @throws ApiError UNAUTHENTICATED */
  authenticate(authorization: string | undefined, connection: object): Caller;
  /** Whether it is a live token, or a session. */
  isLive(authorization: string, connection: object): boolean;
  /** Id of the session of the console by which it found this caller, who may only look; null: it was a token. */
  sessionOf(caller: Caller): string | null;
  /** Looks every token up again from now on. Call it after this process revoked one. */
  forget(): void;
}

/**
 * Accepts bearer tokens only. Known tokens are cached under the hash of their secret, so no comparison depends on a
 * secret that the caller may not know. The same header repeated on one connection needs no hash: it is compared with
 * what that connection has sent before.
 */
export function createAuthenticator(
  tokens: Pick<TokenLookup, 'findToken'>,
  nowMs: () => number,
  sessions: ConsoleSessions | null = null,
): Authenticator {
  const cache = new Map<string, CachedCaller>();
  const looking = new WeakMap<Caller, string>();
  let proofs = new WeakMap<object, ConnectionProof>();

  function lookUp(secret: string, now: number): CachedCaller {
    const key = hash('sha256', secret, 'base64');
    const cached = cache.get(key);
    if (cached !== undefined && now < cached.untilMs) return cached;
    const caller = isSession(secret) ? findLooking(secret) : findBearer(tokens, secret);
    if (caller === null) {
      cache.delete(key);
      throw unauthenticated('The token is unknown or revoked.');
    }
    if (cache.size >= MAX_CACHED_TOKENS) cache.clear();
    const found = { caller, untilMs: now + TOKEN_CACHE_MS };
    cache.set(key, found);
    return found;
  }

  function findLooking(session: string): Caller | null {
    const found = sessions?.find(session) ?? null;
    if (found === null) return null;
    looking.set(found.caller, found.id);
    return found.caller;
  }

  function authenticate(authorization: string | undefined, connection: object): Caller {
    if (authorization === undefined) throw unauthenticated('Send Authorization: Bearer and a token.');
    const now = nowMs();
    const proof = proofs.get(connection);
    if (proof !== undefined && now < proof.untilMs && proof.authorization === authorization) return proof.caller;
    const { caller, untilMs } = lookUp(secretOf(authorization), now);
    proofs.set(connection, { authorization, caller, untilMs });
    return caller;
  }

  return {
    authenticate,
    isLive(authorization, connection) {
      try {
        authenticate(authorization, connection);
        return true;
      } catch (error) {
        if (error instanceof ApiError) return false;
        throw error;
      }
    },
    sessionOf: (caller) => looking.get(caller) ?? null,
    forget() {
      cache.clear();
      proofs = new WeakMap();
    },
  };
}

function findBearer(tokens: Pick<TokenLookup, 'findToken'>, secret: string): Caller | null {
  const token = tokens.findToken(secret);
  if (token === null) return null;
  const { role, agent, id, skillSha256 } = token;
  return { role, agent, tokenId: id, skillSha256 };
}

function secretOf(authorization: string): string {
  const isBearer = authorization.startsWith('Bearer ') || /^bearer /i.test(authorization);
  const secret = isBearer ? authorization.slice(7) : '';
  if (secret === '' || secret.length > MAX_SECRET_LENGTH)
    throw unauthenticated('Authorization must be Bearer and one token.');
  return secret;
}

function unauthenticated(message: string): ApiError {
  return new ApiError('UNAUTHENTICATED', message);
}
