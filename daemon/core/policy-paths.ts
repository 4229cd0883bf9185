import type { AgentSection, IntendedPolicySpec, RateLimit } from './policy.ts';

type IsLeaf<V> = [V] extends [readonly unknown[]]
  ? true
  : [V] extends [RateLimit]
    ? true
    : [V] extends [object]
      ? string extends keyof V
        ? true
        : false
      : true;
type LeafPath<T, Prefix extends string = ''> = {
  [K in keyof T & string]-?: IsLeaf<Exclude<T[K], undefined>> extends true
    ? `${Prefix}${K}`
    : LeafPath<Exclude<T[K], undefined>, `${Prefix}${K}.`>;
}[keyof T & string];
/** Dotted paths of the policy's leaves; lists, maps, rate limits and multipliers are leaves. */
export type PolicyPath = LeafPath<IntendedPolicySpec>;
/** Keys of the section of one agent. */
export type AgentKey = keyof AgentSection;

export function valueAt(spec: IntendedPolicySpec, path: PolicyPath): unknown {
  let value: unknown = spec;
  // Whole sections may be absent.
  for (const key of path.split('.')) value = (value as { readonly [key: string]: unknown } | undefined)?.[key];
  return value;
}
