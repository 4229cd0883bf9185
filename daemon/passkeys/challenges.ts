import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** How long an authenticator may be waited for. */
export const CHALLENGE_MS = 60_000;
/** Enrolling may take two of them. */
export const ENROLMENT_MS = 300_000;
const NONCE_BYTES = 16;
const TIME_BYTES = 6;
const MAC_BYTES = 16;

/** What may be signed. Nothing is kept of a challenge, so asking for many takes no memory. */
export interface Challenges {
  /** Random, good for this purpose and `bound` alone; for a minute, unless said. base64url. */
  issue(purpose: string, bound: string, lastsMs?: number): string;
  /** Whether it was issued for that, and is not over. That it counts once is the record's to say. */
  isGood(challenge: string, purpose: string, bound: string): boolean;
}

export function createChallenges(key: () => Buffer, nowMs: () => number): Challenges {
  const macOf = (body: Buffer, purpose: string, bound: string): Buffer =>
    createHmac('sha256', key())
      .update(`holdfast passkey challenge\n${purpose}\n${bound.length}\n${bound}\n`)
      .update(body)
      .digest()
      .subarray(0, MAC_BYTES);
  return {
    issue(purpose, bound, lastsMs = CHALLENGE_MS) {
      const body = Buffer.alloc(NONCE_BYTES + TIME_BYTES);
      randomBytes(NONCE_BYTES).copy(body);
      body.writeUIntBE(nowMs() + lastsMs, NONCE_BYTES, TIME_BYTES);
      return Buffer.concat([body, macOf(body, purpose, bound)]).toString('base64url');
    },
    isGood(challenge, purpose, bound) {
      const bytes = Buffer.from(challenge, 'base64url');
      // One text for one challenge: what was used is remembered by its text.
      if (bytes.length !== NONCE_BYTES + TIME_BYTES + MAC_BYTES || bytes.toString('base64url') !== challenge)
        return false;
      const body = bytes.subarray(0, NONCE_BYTES + TIME_BYTES);
      if (!timingSafeEqual(bytes.subarray(NONCE_BYTES + TIME_BYTES), macOf(body, purpose, bound))) return false;
      const leftMs = body.readUIntBE(NONCE_BYTES, TIME_BYTES) - nowMs();
      return leftMs > 0 && leftMs <= ENROLMENT_MS;
    },
  };
}
