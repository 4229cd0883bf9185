import { buildPolicyJsonSchema } from '../../daemon/contract/policy/policy.ts';
import type { Direction } from '../../daemon/core/keys/key-row.ts';
import { POLICY_KEYS } from '../../daemon/core/keys/policy-keys.ts';
import type { IntendedPolicySpec, JsonSchemaObject } from '../../daemon/core/policy.ts';
import { otherValue } from './other-value.ts';

/** From a document to a key: a member, or every entry of a map (`*`) or a list (`[]`). */
type Step = { readonly key: string; readonly isOptional: boolean } | '*' | '[]';
/** A key of the policy, as its schema names it: `agents.*.budgets.leverage`, `trust.tiers[].multiplier`. */
export interface Leaf {
  readonly path: string;
  readonly steps: readonly Step[];
  readonly schema: JsonSchemaObject;
  /** Null: none is known. */
  readonly direction: Direction | null;
  /** The step at which something is left out instead of getting another value; null: it gets another value. */
  readonly cutAt: number | null;
}

const NOTHING = Symbol('left out');
const AGENTS = 'agents.*.';

/** Every key of the policy, from its schema: one that is new is in this list. */
export function listLeaves(): readonly Leaf[] {
  return walk(buildPolicyJsonSchema(), '', []);
}

function walk(schema: JsonSchemaObject, path: string, steps: readonly Step[]): readonly Leaf[] {
  const { items, patternProperties, properties } = schema as { readonly [key: string]: JsonSchemaObject | undefined };
  if (properties !== undefined) {
    const required = schema.required as readonly string[] | undefined;
    return Object.entries(properties).flatMap(([key, member]) => {
      const isOptional = required?.includes(key) !== true;
      const under = path === '' ? key : `${path}.${key}`;
      return walk(member as JsonSchemaObject, under, [...steps, { key, isOptional }]);
    });
  }
  if (patternProperties !== undefined)
    return Object.values(patternProperties).flatMap((entry) =>
      walk(entry as JsonSchemaObject, `${path}.*`, [...steps, '*']),
    );
  if (items?.properties !== undefined) return walk(items, `${path}[]`, [...steps, '[]']);
  return [{ path, steps, schema, direction: directionOf(path), cutAt: findCut(path, steps) }];
}

/** A key that may be absent is left out; one that an entry must have, with its entry; of an agent's, with its part. */
function findCut(path: string, steps: readonly Step[]): number | null {
  const isOptional = (step: Step): boolean => typeof step === 'object' && step.isOptional;
  const last = steps.at(-1);
  if (last !== undefined && isOptional(last)) return steps.length - 1;
  const isAgents = path.startsWith(AGENTS);
  const entry = steps.findLastIndex((step, index) => typeof step === 'string' && !(isAgents && index === 1));
  if (entry !== -1) return entry;
  return isAgents ? steps.findLastIndex(isOptional) : null;
}

/** What a policy says there. */
export function valuesAt(spec: IntendedPolicySpec, { steps }: Leaf): readonly unknown[] {
  let values: readonly unknown[] = [spec];
  for (const step of steps)
    values = values.flatMap((value) => {
      if (typeof step === 'object') return isOf(value, step.key) ? [value[step.key]] : [];
      return Object.values(value as object);
    });
  return values;
}

/** The policy with the key left out or, where it must be there, with its loosest or another value; null: it says nothing there. */
export function withOther(spec: IntendedPolicySpec, leaf: Leaf): IntendedPolicySpec | null {
  if (valuesAt(spec, leaf).length === 0) return null;
  return change(spec, leaf, 0) as IntendedPolicySpec;
}

function change(value: unknown, leaf: Leaf, at: number): unknown {
  const { cutAt, direction, schema, steps } = leaf;
  const step = steps[at];
  if (step === undefined) return cutAt === null ? otherValue(value, schema, direction) : NOTHING;
  if (step === '[]') return dropped(value as readonly unknown[], leaf, at);
  const members = { ...(value as Record<string, unknown>) };
  const keys = step === '*' ? Object.keys(members) : isOf(members, step.key) ? [step.key] : [];
  for (const key of keys) {
    const changed = change(members[key], leaf, at + 1);
    if (changed !== NOTHING) members[key] = changed;
    else if (at === cutAt) delete members[key];
    else return NOTHING;
  }
  return members;
}

function dropped(entries: readonly unknown[], leaf: Leaf, at: number): unknown {
  const changed = entries.map((entry) => change(entry, leaf, at + 1));
  if (at !== leaf.cutAt) return changed.includes(NOTHING) ? NOTHING : changed;
  return changed.filter((entry) => entry !== NOTHING);
}

function directionOf(path: string): Direction | null {
  const under = Object.entries(POLICY_KEYS).filter(([key]) => `${path}.`.startsWith(`${key}.`));
  return under[0]?.[1].direction ?? null;
}

function isOf(value: unknown, key: string): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key);
}
