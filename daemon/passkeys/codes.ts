import { createHash, randomInt, timingSafeEqual } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How long a code is good. */
export const CODE_MS = 600_000;
/** A code ends at so many wrong ones. */
export const MAX_WRONG = 5;
/** Without I, L, O, U: nobody mistypes them. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LENGTH = 10;

/** What the owner of a code may enrol. */
export interface CodeGrant {
  readonly name: string;
  readonly isRecovery: boolean;
  /** Of the remote console that makes the key; null: the local one does. */
  readonly origin: string | null;
}
interface KeptCode extends CodeGrant {
  readonly expiresAtMs: number;
  readonly sha256: string;
  readonly wrong: number;
}
/** The one-time code that a verb of the daemon's user printed. */
export interface EnrolmentCodes {
  /** What it grants; null: it is wrong, over, or there is none. Every wrong one counts. */
  look(code: string): CodeGrant | null;
  /** Whether there is one for a remote console of this origin. */
  isFor(origin: string): boolean;
  /** The same, and it is over. */
  take(code: string): CodeGrant | null;
}

/** Path of the code in a home. Who can write it is the daemon's user; the code itself is not in it. */
export const codeFileOf = (home: string, venue: string): string => join(home, venue, 'passkey-code.json');

/** Makes a code, in place of an earlier one. */
export function makeCode(path: string, grant: CodeGrant, nowMs: number): string {
  const code = Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  write(path, { ...grant, expiresAtMs: nowMs + CODE_MS, sha256: digestOfCode(code), wrong: 0 });
  return `${code.slice(0, LENGTH / 2)}-${code.slice(LENGTH / 2)}`;
}

export function createCodes(path: string, nowMs: () => number): EnrolmentCodes {
  const find = (): KeptCode | null => {
    const kept = read(path);
    if (kept === null) return null;
    const leftMs = kept.expiresAtMs - nowMs();
    if (leftMs > 0 && leftMs <= CODE_MS) return kept;
    rmSync(path, { force: true });
    return null;
  };
  const look = (code: string): CodeGrant | null => {
    const kept = find();
    if (kept === null) return null;
    if (timingSafeEqual(Buffer.from(digestOfCode(code)), Buffer.from(kept.sha256)))
      return { name: kept.name, isRecovery: kept.isRecovery, origin: kept.origin };
    if (kept.wrong + 1 >= MAX_WRONG) rmSync(path, { force: true });
    else write(path, { ...kept, wrong: kept.wrong + 1 });
    return null;
  };
  return {
    look,
    isFor: (origin) => find()?.origin === origin,
    take(code) {
      const grant = look(code);
      if (grant !== null) rmSync(path);
      return grant;
    },
  };
}

/** sha256, in hex. Case, and how it is spaced, say nothing. */
export const digestOfCode = (code: string): string =>
  createHash('sha256')
    .update(code.toUpperCase().replaceAll(/[^0-9A-Z]/g, ''))
    .digest('hex');

function write(path: string, kept: KeptCode): void {
  const next = `${path}.new`;
  writeFileSync(next, JSON.stringify(kept), { mode: 0o600 });
  renameSync(next, path);
}

/** Null: there is none that can be read. */
function read(path: string): KeptCode | null {
  try {
    const kept = JSON.parse(readFileSync(path, 'utf8')) as KeptCode;
    const isWhole =
      typeof kept.name === 'string' &&
      typeof kept.isRecovery === 'boolean' &&
      (kept.origin === null || typeof kept.origin === 'string') &&
      Number.isSafeInteger(kept.expiresAtMs) &&
      Number.isSafeInteger(kept.wrong) &&
      /^[0-9a-f]{64}$/.test(kept.sha256);
    return isWhole ? kept : null;
  } catch {
    return null;
  }
}
