import type { Scope } from '../core/keys/key-row.ts';
import { POLICY_KEYS } from '../core/keys/policy-keys.ts';
import type { PolicyPath } from '../core/policy-paths.ts';

const WORDS = {
  account: 'the account',
  symbol: 'each symbol',
  caller: 'each caller',
  signal: 'what the signal names',
} as const satisfies Record<Scope, string>;

/** What a key tightens, in words; empty: nothing. */
export function scopeInWords(path: PolicyPath): string {
  const { scope } = POLICY_KEYS[path];
  return scope === null ? '' : WORDS[scope];
}
