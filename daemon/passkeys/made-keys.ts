import type { VerifiedCredential } from './signatures.ts';

/** A key that a remote console made with a code, until the local one enrols it with the same code. */
export interface MadeKey extends VerifiedCredential {
  readonly transports: readonly string[];
}
/** One at a time, as there is one code: in the memory of this process. */
export interface MadeKeys {
  find(codeDigest: string): MadeKey | null;
  /** False: another one was made with this code before, and stays. */
  keep(codeDigest: string, key: MadeKey): boolean;
}

export function createMadeKeys(): MadeKeys {
  let last: { readonly codeDigest: string; readonly key: MadeKey } | null = null;
  const find = (codeDigest: string): MadeKey | null => (last?.codeDigest === codeDigest ? last.key : null);
  return {
    find,
    keep(codeDigest, key) {
      if (find(codeDigest) !== null) return false;
      last = { codeDigest, key };
      return true;
    },
  };
}
