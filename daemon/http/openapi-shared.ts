/** Says once what the description of the routes repeats: nothing is lost but the repetition. */

type Json = { readonly [key: string]: unknown };
interface Operation {
  readonly [key: string]: unknown;
  readonly parameters?: readonly Json[];
}
export type Paths = { readonly [path: string]: { readonly [method: string]: Operation } };

/** `{anyOf: [{type: T, …}, {type: 'null'}]}` is `{type: [T, 'null'], …}`, and no description stands there twice. */
export function joinNullables(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(joinNullables);
  if (typeof value !== 'object' || value === null) return value;
  const { anyOf, ...rest } = value as Json;
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

function operationsOf(paths: Paths): readonly Operation[] {
  return Object.values(paths).flatMap((methods) => Object.values(methods));
}
