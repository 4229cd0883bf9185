import type { JsonSchemaObject } from '../../core/policy.ts';

/** Keywords that strict function calling takes; what the rest would say is checked by the daemon alone. */
const TAKEN: ReadonlySet<string> = new Set([
  'type',
  'enum',
  'const',
  'description',
  'properties',
  'required',
  'additionalProperties',
  'items',
  'anyOf',
  'pattern',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
]);

type Json = { readonly [key: string]: unknown };

/**
 * A schema for strict function calling: every property is required, and one that may be left out may be null instead,
 * which the daemon counts as absent. No property is open.
 */
export function toStrictSchema(schema: JsonSchemaObject): JsonSchemaObject {
  const kept = Object.fromEntries(Object.entries(schema as Json).filter(([key]) => TAKEN.has(key)));
  if (kept.type !== 'object') return kept;
  const properties = (kept.properties ?? {}) as { readonly [name: string]: JsonSchemaObject };
  const required = (kept.required ?? []) as readonly string[];
  return {
    ...kept,
    properties: Object.fromEntries(
      Object.entries(properties).map(([name, property]) => {
        const strict = toStrictSchema(property);
        return [name, required.includes(name) ? strict : orNull(strict)];
      }),
    ),
    required: Object.keys(properties),
    additionalProperties: false,
  };
}

function orNull(schema: JsonSchemaObject): JsonSchemaObject {
  const { description, ...rest } = schema as Json;
  return { ...(description === undefined ? {} : { description }), anyOf: [rest, { type: 'null' }] };
}
