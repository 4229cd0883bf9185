import { readFileSync } from 'node:fs';
import type { IntendedPolicySpec } from '../../daemon/core/policy.ts';
import { type ParsedPolicy, parsePolicy } from '../../daemon/policy/parse.ts';

/** A policy as plain, changeable JSON: what a test edits before it is parsed or compared. */
export type Json = { [key: string]: unknown };

const ROOT = new URL('../../', import.meta.url);
export function readText(path: string): string {
  return readFileSync(new URL(path, ROOT), 'utf8');
}

export function loadSpec(path: string): IntendedPolicySpec {
  const parsed = parsePolicy(readText(path), path);
  if (!parsed.ok) throw new Error(`${path}: ${JSON.stringify(parsed.violations)}`);
  return parsed.policy.spec;
}

export const DEFAULT_POLICY = loadSpec('policies/default.yaml');

/** A copy of a policy (the default one) with values set at dotted paths; `undefined` removes the key. */
export function changed(
  changes: { readonly [path: string]: unknown },
  base: IntendedPolicySpec = DEFAULT_POLICY,
): IntendedPolicySpec {
  const copy = structuredClone(base) as unknown as Json;
  for (const [path, value] of Object.entries(changes)) setAt(copy, path, value);
  return copy as unknown as IntendedPolicySpec;
}

function setAt(document: Json, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop() as string;
  let at = document;
  for (const key of keys) {
    if (at[key] === undefined) at[key] = {};
    at = at[key] as Json;
  }
  if (value === undefined) delete at[last];
  else at[last] = value;
}

export function valueAt(document: unknown, path: string): unknown {
  let value = document;
  for (const key of path.split('.')) value = (value as Json | undefined)?.[key];
  return value;
}

/** Parses a changed default policy; JSON is YAML. */
export function parseChanged(changes: { readonly [path: string]: unknown }): ParsedPolicy {
  return parsePolicy(JSON.stringify(changed(changes)), 'changed.yaml');
}

/** The violations of a changed default policy as `path: message`; a policy without any fails the test that asks. */
export function violationsOf(changes: { readonly [path: string]: unknown }): string[] {
  const parsed = parseChanged(changes);
  return parsed.ok ? [] : parsed.violations.map((each) => `${each.path}: ${each.message}`);
}

/** Paths of the leaves of a JSON Schema object, with `[]` for list entries and `*` for names that are free. */
export function schemaLeaves(schema: Json, path = ''): string[] {
  const below = (key: string) => (path === '' ? key : `${path}.${key}`);
  const properties = schema.properties as { [key: string]: Json } | undefined;
  if (properties !== undefined)
    return Object.entries(properties).flatMap(([key, child]) => schemaLeaves(child, below(key)));
  const patterns = schema.patternProperties as { [key: string]: Json } | undefined;
  if (patterns !== undefined) return Object.values(patterns).flatMap((child) => schemaLeaves(child, below('*')));
  const items = schema.items as Json | undefined;
  if (items?.properties !== undefined) return schemaLeaves(items, `${path}[]`);
  return [path];
}
