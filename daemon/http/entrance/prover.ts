import type { Role } from '../../engine/records/callers.ts';
import { createChallenges } from '../../passkeys/challenges.ts';
import { keyIdOf, proofOf } from '../../proof/proof.ts';
import { ApiError } from '../errors.ts';
import { type KeyedToken, TOKEN_CACHE_MS, type TokenIdentity } from './authentication.ts';

/** What a proof is made with, and whose it is. */
export interface ProofKey {
  readonly key: Buffer;
  readonly role: Role;
  /** Null: it is of a session, which opens none. */
  readonly token: TokenIdentity | null;
}
/** Which daemon this is. */
export interface Target {
  readonly venue: string;
  readonly account: string;
  readonly home: string;
  /** `http://127.0.0.1:7433`, or `unix:/path`: where agents enter. */
  readonly address: string;
}
export interface ProverSource {
  /** Live tokens, as the ledger has them now. */
  readonly keyedTokens: () => readonly KeyedToken[];
  readonly target: () => Target;
  /** Keys besides those of tokens, by their id. */
  readonly findOther?: (keyId: string) => ProofKey | null;
  /** Monotonic, for what is kept of tokens. */
  readonly monotonicMs: () => number;
  /** The host's clock, by which challenges end. */
  readonly hostMs: () => number;
}
/** Proves this daemon to whoever names a key that both know. */
export interface Prover {
  /**
   * What this daemon is, proven under the key. `dialled`: the Host header, which is one of ours, or the word for a socket.
   * @throws ApiError UNAUTHENTICATED
   */
  prove(keyId: string, nonce: string, dialled: string): { readonly claims: string; readonly proof: string };
  /** The live key with this id. @throws ApiError UNAUTHENTICATED */
  findKey(keyId: string): ProofKey;
  /**
   * Uses up a challenge that was issued for a key: each counts once, for a minute, and in this process alone.
   * @throws ApiError UNAUTHENTICATED
   */
  takeChallenge(keyId: string, challenge: string): void;
  /** Which daemon this is, for whoever may know its home. */
  target(): Target;
  /** Looks every token up again. */
  forget(): void;
}

const PURPOSE = 'session';

export function createProver(source: ProverSource): Prover {
  const challenges = createChallenges(source.hostMs);
  const keys = createKeys(source);
  return {
    findKey: (keyId) => keys.find(keyId),
    target: () => source.target(),
    forget: () => keys.forget(),
    prove(keyId, nonce, dialled) {
      const { key, role } = keys.find(keyId);
      const { home, ...target } = source.target();
      const challenge = challenges.issue(PURPOSE, keyId);
      const claims = JSON.stringify({ role, ...target, home: role === 'agent' ? null : home, challenge });
      return { claims, proof: proofOf(key, nonce, dialled, claims) };
    },
    takeChallenge(keyId, challenge) {
      if (!challenges.take(challenge, PURPOSE, keyId))
        throw new ApiError('UNAUTHENTICATED', 'The challenge is over or was used; ask for another one.');
    },
  };
}

/** Ids of keys follow from their tokens' hashes: each is computed once. */
function createKeys({ keyedTokens, findOther, monotonicMs }: ProverSource) {
  const ids = new Map<string, string>();
  let live: ReadonlyMap<string, ProofKey> = new Map();
  let untilMs = Number.NEGATIVE_INFINITY;
  const read = (): ReadonlyMap<string, ProofKey> => {
    const now = monotonicMs();
    if (now < untilMs) return live;
    untilMs = now + TOKEN_CACHE_MS;
    live = new Map(
      keyedTokens().map(({ keyHex, ...token }) => {
        const key = Buffer.from(keyHex, 'hex');
        const id = ids.get(keyHex) ?? keyIdOf(key);
        ids.set(keyHex, id);
        return [id, { key, role: token.role, token }];
      }),
    );
    return live;
  };
  return {
    find(keyId: string): ProofKey {
      const found = read().get(keyId) ?? findOther?.(keyId) ?? null;
      if (found === null) throw new ApiError('UNAUTHENTICATED', 'No live token has this key_id.');
      return found;
    },
    forget() {
      untilMs = Number.NEGATIVE_INFINITY;
    },
  };
}

/** RISK: what was done at another daemon than the one that was meant looks like done. So each answer says where it was. */
export function namingTarget<A extends readonly unknown[]>(
  prover: Prover,
  act: (...args: A) => Promise<unknown>,
): (...args: A) => Promise<unknown> {
  return async (...args) => {
    const answer = await act(...args);
    return typeof answer === 'object' && answer !== null ? { ...answer, target: prover.target() } : answer;
  };
}
