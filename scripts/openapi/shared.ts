/** Says once what the description of the routes repeats: nothing is lost but the repetition. */

type Json = { readonly [key: string]: unknown };
interface Operation {
  readonly [key: string]: unknown;
  readonly operationId?: string;
  readonly parameters?: readonly Json[];
  readonly requestBody?: Json;
  readonly responses?: { readonly [status: string]: Json };
}
export type Paths = { readonly [path: string]: { readonly [method: string]: Operation } };

/**
 * `{anyOf: [{type: T, …}, {type: 'null'}]}` is `{type: [T, 'null'], …}`, and no description stands there twice. The
 * same where no form has anything but its type.
 */
export function joinNullables(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(joinNullables);
  if (typeof value !== 'object' || value === null) return value;
  const { anyOf, ...rest } = value as Json;
  if (Array.isArray(anyOf) && anyOf.every(isOnlyType)) return { ...rest, type: anyOf.map(({ type }) => type) };
  const [schema, other] = Array.isArray(anyOf) && anyOf.length === 2 ? (anyOf as [Json, Json]) : [];
  if (schema === undefined || other?.type !== 'null') return mapEntries(value as Json, joinNullables);
  const { description, ...inner } = schema;
  const isPlain = typeof inner.type === 'string' && inner.enum === undefined && inner.const === undefined;
  // A description is all that may stand beside it.
  if (!isPlain || Object.keys(rest).some((key) => key !== 'description')) {
    const once = description === rest.description ? inner : schema;
    return { ...rest, anyOf: [joinNullables(once), other] };
  }
  const said = rest.description ?? description;
  const joined = { ...inner, type: [inner.type, 'null'], ...(said === undefined ? {} : { description: said }) };
  return mapEntries(joined, joinNullables);
}

function isOnlyType(schema: Json): boolean {
  return typeof schema.type === 'string' && Object.keys(schema).length === 1;
}

function mapEntries(value: Json, change: (each: unknown) => unknown): Json {
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, change(each)]));
}

/** Parameters that several operations take, by a name in `components.parameters`: `limit`, or `limit2` if it differs. */
export function shareParameters(paths: Paths): { readonly paths: Paths; readonly parameters: Json } {
  const uses = new Map<string, number>();
  for (const { parameters } of operationsOf(paths))
    for (const each of parameters ?? []) uses.set(JSON.stringify(each), (uses.get(JSON.stringify(each)) ?? 0) + 1);
  const names = new Map<string, string>();
  const shared: Record<string, Json> = {};
  for (const [text, count] of uses) {
    if (count < 2) continue;
    const parameter = JSON.parse(text) as Json & { readonly name: string };
    const alike = Object.values(shared).filter((each) => each.name === parameter.name).length;
    const name = alike === 0 ? parameter.name : `${parameter.name}${alike + 1}`;
    shared[name] = parameter;
    names.set(text, name);
  }
  const refer = (parameter: Json): Json => {
    const name = names.get(JSON.stringify(parameter));
    return name === undefined ? parameter : { $ref: `#/components/parameters/${name}` };
  };
  const changed = Object.entries(paths).map(([path, methods]) => [
    path,
    mapEntries(methods, (each) => {
      const { parameters, ...operation } = each as Operation;
      return parameters === undefined ? operation : { ...operation, parameters: parameters.map(refer) };
    }),
  ]);
  return { paths: Object.fromEntries(changed) as Paths, parameters: shared };
}

/** Without what holds where nothing is said: a parameter that may be left out, an object that may have more members. */
export function dropDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropDefaults);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(
    ([key, each]) => !(key === 'required' && each === false) && !(key === 'additionalProperties' && each === true),
  );
  return mapEntries(Object.fromEntries(kept), dropDefaults);
}

/** What stands beside a reference and says what the schema says itself. */
export function dropRepeatedWords(value: unknown, schemas: Json): unknown {
  if (Array.isArray(value)) return value.map((each) => dropRepeatedWords(each, schemas));
  if (typeof value !== 'object' || value === null) return value;
  const { anyOf, description, ...rest } = value as Json;
  const [first] = Array.isArray(anyOf) ? (anyOf as Json[]) : [];
  const named = typeof first?.$ref === 'string' ? (schemas[first.$ref.split('/').at(-1) ?? ''] as Json) : undefined;
  const kept = description !== undefined && named?.description === description ? { ...rest, anyOf } : (value as Json);
  return mapEntries(kept, (each) => dropRepeatedWords(each, schemas));
}

/**
 * Bodies and answers that several operations have, named after the first of them: `PlaceOrderBody`. Refusals have
 * names already.
 */
export function shareMessages(paths: Paths): {
  readonly paths: Paths;
  readonly requestBodies: Json;
  readonly responses: Json;
} {
  const bodies = shareOf('requestBodies', 'Body');
  const answers = shareOf('responses', 'Answer');
  for (const { operationId = '', requestBody, responses = {} } of operationsOf(paths)) {
    if (requestBody !== undefined) bodies.count(requestBody, operationId);
    for (const each of Object.values(responses)) answers.count(each, operationId);
  }
  const changed = mapEntries(paths, (methods) =>
    mapEntries(methods as Json, (each) => {
      const { requestBody, responses = {}, ...operation } = each as Operation;
      const body = requestBody === undefined ? {} : { requestBody: bodies.refer(requestBody) };
      return { ...operation, ...body, responses: mapEntries(responses, (it) => answers.refer(it as Json)) };
    }),
  );
  return { paths: changed as Paths, requestBodies: bodies.shared(), responses: answers.shared() };
}

function shareOf(kind: string, ending: string) {
  const uses = new Map<string, { readonly name: string; times: number }>();
  return {
    count(value: Json, operationId: string): void {
      if (value.$ref !== undefined) return;
      const text = JSON.stringify(value);
      const name = `${operationId.charAt(0).toUpperCase()}${operationId.slice(1)}${ending}`;
      const use = uses.get(text) ?? { name, times: 0 };
      use.times += 1;
      uses.set(text, use);
    },
    refer(value: Json): Json {
      const use = uses.get(JSON.stringify(value));
      return use === undefined || use.times < 2 ? value : { $ref: `#/components/${kind}/${use.name}` };
    },
    shared(): Json {
      const often = [...uses].filter(([, { times }]) => times > 1);
      return Object.fromEntries(often.map(([text, { name }]) => [name, JSON.parse(text)]));
    },
  };
}

/** Without what is named in `components` and referred to by nothing that is reached from a route. */
export function dropUnused<T extends Json>(document: T): T {
  const { components = {}, paths } = document as { components?: Json; paths?: Json };
  const used = new Set<string>();
  const visit = (value: unknown): void => {
    for (const [, kind = '', name = ''] of JSON.stringify(value ?? null).matchAll(/"#\/components\/(\w+)\/([^"]+)"/g)) {
      const key = `${kind}/${name}`;
      if (used.has(key)) continue;
      used.add(key);
      visit((components[kind] as Json | undefined)?.[name]);
    }
  };
  visit(paths);
  const kept = Object.entries(components).map(([kind, named]) => {
    if (kind === 'securitySchemes') return [kind, named];
    return [kind, Object.fromEntries(Object.entries(named as Json).filter(([name]) => used.has(`${kind}/${name}`)))];
  });
  return { ...document, components: Object.fromEntries(kept) as Json };
}

/** So many members are worth a reference. */
const MIN_MEMBERS = 6;

/**
 * A schema that has every member of a named one refers to it, and has itself only those beyond. For schemas that only
 * answers have: one that is closed would refuse what stands in the other.
 */
export function extendNamed(schemas: Json): Json {
  const bases = Object.entries(schemas)
    .map(([name, schema]) => ({ name, members: membersOf(schema) }))
    .filter(({ members }) => members.size >= MIN_MEMBERS)
    .sort((a, b) => b.members.size - a.members.size);
  const visit = (value: unknown, own: string | null): unknown => {
    if (Array.isArray(value)) return value.map((each) => visit(each, null));
    if (typeof value !== 'object' || value === null) return value;
    const members = membersOf(value);
    const base = bases.find((each) => each.name !== own && isWithin(each.members, members));
    return mapEntries(base === undefined ? (value as Json) : extend(value as Json, base), (each) => visit(each, null));
  };
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, visit(schema, name)]));
}

/** Texts of the members of an open object by name, each with whether it is required; empty: it is no such schema. */
function membersOf(schema: unknown): ReadonlyMap<string, string> {
  const {
    additionalProperties,
    properties = {},
    required = [],
    type,
  } = schema as Json & {
    properties?: Json;
    required?: readonly string[];
  };
  if (type !== 'object' || additionalProperties !== undefined) return new Map();
  return new Map(
    Object.entries(properties).map(([name, each]) => [name, JSON.stringify([each, required.includes(name)])]),
  );
}

function isWithin(some: ReadonlyMap<string, string>, all: ReadonlyMap<string, string>): boolean {
  return some.size < all.size && [...some].every(([name, text]) => all.get(name) === text);
}

function extend(
  schema: Json,
  { members, name }: { readonly name: string; readonly members: ReadonlyMap<string, string> },
): Json {
  const { properties, required, ...rest } = schema as { properties: Json; required: readonly string[] };
  const own = Object.entries(properties).filter(([member]) => !members.has(member));
  return {
    ...rest,
    allOf: [{ $ref: `#/components/schemas/${name}` }],
    properties: Object.fromEntries(own),
    required: required.filter((member) => !members.has(member)),
  };
}

function operationsOf(paths: Paths): readonly Operation[] {
  return Object.values(paths).flatMap((methods) => Object.values(methods));
}
