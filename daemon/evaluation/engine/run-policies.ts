import { type ArgsCheck, compileOperatorSchema } from '../../contract/operator-schema.ts';
import { type CompiledPolicy, compilePolicy } from '../../core/compiled-policy.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import { GATE_AGENT } from '../../engine/plan/standing.ts';

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

/** The first violation of a tool's arguments, null when there is none. */
export type SchemaCheck = (tool: string, args: object) => string | null;
const schemaChecks = new WeakMap<IntendedPolicySpec, SchemaCheck>();

/** The operator's schemas of a policy, compiled once. */
export function schemaCheckOf(spec: IntendedPolicySpec): SchemaCheck {
  const known = schemaChecks.get(spec);
  if (known !== undefined) return known;
  const checks = new Map<string, ArgsCheck>();
  for (const [tool, entry] of Object.entries(spec.tools)) {
    if (entry === undefined) continue;
    const compiled = compileOperatorSchema(entry.args);
    checks.set(tool, compiled.ok ? compiled.check : () => compiled.violations);
  }
  const check: SchemaCheck = (tool, args) => {
    const [first] = checks.get(tool)?.(args) ?? [];
    return first === undefined ? null : `${first.path}: ${first.message}`;
  };
  schemaChecks.set(spec, check);
  return check;
}
