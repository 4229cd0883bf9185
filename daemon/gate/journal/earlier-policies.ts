import { type CompiledPolicy, compilePolicy } from '../../core/compiled-policy.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';

/** Compiled for an agent each, that are kept. */
const MOST_KEPT = 16;

/** Policies that are no longer in force, from the ledger: old decisions are explained by the one that they were taken by. */
export class EarlierPolicies {
  readonly #kept = new Map<string, CompiledPolicy>();

  /** Null: the ledger does not have it. */
  find(ledger: { readPolicy(hash: string): string | null }, hash: string, agent: string): CompiledPolicy | null {
    const key = `${hash} ${agent}`;
    const known = this.#kept.get(key);
    if (known !== undefined) return known;
    const body = ledger.readPolicy(hash);
    if (body === null) return null;
    const compiled = compilePolicy(JSON.parse(body) as IntendedPolicySpec, hash, agent);
    if (this.#kept.size >= MOST_KEPT) this.#kept.clear();
    this.#kept.set(key, compiled);
    return compiled;
  }
}
