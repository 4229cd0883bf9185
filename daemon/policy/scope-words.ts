import type { PolicyPath } from '../core/policy-paths.ts';
import { SCOPES, type Scope } from '../core/scopes.ts';

const WORDS = {
  account: 'the account',
  symbol: 'each symbol',
  caller: 'each caller',
  signal: 'what the signal names',
} as const satisfies Record<Scope, string>;

/** What a key tightens, in words; empty: nothing. */
export function scopeInWords(path: PolicyPath): string {
  const { scope } = SCOPES[path];
  return scope === null ? '' : WORDS[scope];
}
