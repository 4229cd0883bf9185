/** Says of answers that later versions may add members to them: a client that refuses unknown ones would break. */

type Json = { readonly [key: string]: unknown };

/**
 * Without `additionalProperties: false` in answers, and in the schemas that only answers have. What requests may hold
 * stays closed: the daemon refuses an unknown member. That a count is not below 0, and the type of listed values, is
 * said of requests alone.
 */
export function openAnswers<T extends Json>(document: T): T {
  const { components = {} } = document as { components?: Json };
  const { schemas = {} } = components as { schemas?: Json };
  const asked = new Set<string>();
  const visit = (value: unknown): void => {
    for (const name of refsIn(value)) {
      if (asked.has(name)) continue;
      asked.add(name);
      visit(schemas[name]);
    }
  };
  for (const part of requestsIn(document)) visit(part);
  const opened = Object.entries(schemas).map(([name, schema]) => [name, asked.has(name) ? schema : openSchema(schema)]);
  const reported = openBelow(document, 'responses') as T;
  return { ...reported, components: { ...(reported.components as Json), schemas: Object.fromEntries(opened) } };
}

function refsIn(value: unknown): readonly string[] {
  const found = JSON.stringify(value ?? null).matchAll(/"#\/components\/schemas\/([^"]+)"/g);
  return [...found].map(([, name = '']) => name);
}

function requestsIn(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    key === 'requestBody' || key === 'requestBodies' || key === 'parameters' ? [each] : requestsIn(each),
  );
}

function openBelow(value: unknown, key: string): unknown {
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, name === key ? openSchema(each) : openBelow(each, key)]),
  );
}

/** The same schema, and whatever else. */
export function openSchema(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(openSchema);
  if (typeof value !== 'object' || value === null) return value;
  const schema = value as Json;
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => !isClosing(schema, key))
      .map(([key, each]) => [key, key === 'example' || key === 'value' ? each : openSchema(each)]),
  );
}

function isClosing(schema: Json, key: string): boolean {
  if (key === 'additionalProperties') return schema[key] === false;
  if (key === 'minimum') return schema[key] === 0;
  return key === 'type' && typeof schema[key] === 'string' && Array.isArray(schema.enum);
}
