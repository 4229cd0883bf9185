import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** How long an authenticator may be waited for. */
export const CHALLENGE_MS = 60_000;
/** Enrolling may take two of them. */
export const ENROLMENT_MS = 300_000;
const NONCE_BYTES = 16;
const TIME_BYTES = 6;
const MAC_BYTES = 16;

/** What may be signed, in this process alone. Nothing is kept of one that is not used, so asking for many takes no memory. */
export interface Challenges {
  /** Random, good for this purpose and `bound` alone; for a minute, unless said. base64url. */
  issue(purpose: string, bound: string, lastsMs?: number): string;
  /** Whether it was issued for that, and is not over. That it counts once is the record's to say, or {@link take}'s. */
  isGood(challenge: string, purpose: string, bound: string): boolean;
  /** The same, and uses it up. */
  take(challenge: string, purpose: string, bound: string): boolean;
}

/** Beyond so many that are used and not over, no other one is taken. */
const MAX_USED = 4_096;

export function createChallenges(nowMs: () => number): Challenges {
  const key = randomBytes(32);
  /** Used challenge -> when it is over anyway. */
  const used = new Map<string, number>();
  const macOf = (body: Buffer, purpose: string, bound: string): Buffer =>
    createHmac('sha256', key)
      .update(`holdfast passkey challenge\n${purpose}\n${bound.length}\n${bound}\n`)
      .update(body)
      .digest()
      .subarray(0, MAC_BYTES);
  const endOf = (body: Buffer): number => body.readUIntBE(NONCE_BYTES, TIME_BYTES);
  function isGood(challenge: string, purpose: string, bound: string): boolean {
    const bytes = Buffer.from(challenge, 'base64url');
    // One text for one challenge: what was used is remembered by its text.
    if (bytes.length !== NONCE_BYTES + TIME_BYTES + MAC_BYTES || bytes.toString('base64url') !== challenge)
      return false;
    const body = bytes.subarray(0, NONCE_BYTES + TIME_BYTES);
    if (!timingSafeEqual(bytes.subarray(NONCE_BYTES + TIME_BYTES), macOf(body, purpose, bound))) return false;
    const leftMs = endOf(body) - nowMs();
    return leftMs > 0 && leftMs <= ENROLMENT_MS;
  }
  return {
    isGood,
    issue(purpose, bound, lastsMs = CHALLENGE_MS) {
      const body = Buffer.alloc(NONCE_BYTES + TIME_BYTES);
      randomBytes(NONCE_BYTES).copy(body);
      body.writeUIntBE(nowMs() + lastsMs, NONCE_BYTES, TIME_BYTES);
      return Buffer.concat([body, macOf(body, purpose, bound)]).toString('base64url');
    },
    take(challenge, purpose, bound) {
      for (const [text, endMs] of used) if (endMs <= nowMs()) used.delete(text);
      if (!isGood(challenge, purpose, bound) || used.has(challenge) || used.size >= MAX_USED) return false;
      used.set(challenge, endOf(Buffer.from(challenge, 'base64url')));
      return true;
    },
  };
}
