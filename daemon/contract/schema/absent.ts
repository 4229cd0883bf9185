import type { TSchema } from 'typebox';

type ObjectSchema = {
  readonly properties?: { readonly [name: string]: TSchema };
  readonly required?: readonly string[];
};

/**
 * `value` without optional members that are null: models, and strict modes of function calling, send omitted members
 * as null. A member that is required, or unknown to the schema, stays and is judged as it is. Returns the same
 * object if there is nothing to remove.
 */
export function withoutNulls(schema: TSchema, value: unknown): unknown {
  const { properties, required = [] } = schema as ObjectSchema;
  if (properties === undefined || typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const members = value as { readonly [name: string]: unknown };
  let copy: Record<string, unknown> | null = null;
  for (const name of Object.keys(members)) {
    if (!Object.hasOwn(properties, name)) continue;
    const member = members[name];
    const isAbsent = member === null && !required.includes(name);
    const kept = isAbsent ? undefined : withoutNulls(properties[name] as TSchema, member);
    if (!isAbsent && kept === member) continue;
    copy ??= { ...members };
    if (isAbsent) delete copy[name];
    else copy[name] = kept;
  }
  return copy ?? value;
}
