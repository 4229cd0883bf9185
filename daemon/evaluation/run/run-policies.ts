import { type CompiledPolicy, compilePolicy } from '../../core/compiled-policy.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import { GATE_AGENT } from '../../engine/plan/judge-resting.ts';

const compiled = new WeakMap<IntendedPolicySpec, Map<string, CompiledPolicy>>();

/**
 * A policy for each of its agents, compiled once: nothing in it changes, and runs under it read the very same objects.
 */
export function compilePolicies(
  { spec, hash }: { readonly spec: IntendedPolicySpec; readonly hash: string },
  agents: readonly string[],
): ReadonlyMap<string, CompiledPolicy> {
  const known = compiled.get(spec) ?? new Map<string, CompiledPolicy>();
  compiled.set(spec, known);
  const compile = (name: string): CompiledPolicy => {
    const key = `${hash}/${name}`;
    const made = known.get(key) ?? compilePolicy(spec, hash, name);
    known.set(key, made);
    return made;
  };
  return new Map([GATE_AGENT, ...agents].map((name) => [name, compile(name)]));
}
