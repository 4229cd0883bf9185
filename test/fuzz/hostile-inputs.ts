import fc from 'fast-check';
import { drawValue, knownName, type Schema } from './schema-values.ts';

/** One request of the daemon's own description. */
export interface Route {
  readonly method: string;
  readonly path: string;
  readonly body: Schema | null;
  readonly query: readonly { readonly name: string; readonly schema: Schema }[];
}
export interface Input {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Whose token is shown; null: none. */
  readonly role: 'agent' | 'monitor' | 'operator' | null;
}

interface Body {
  readonly content: { readonly [type: string]: { readonly schema: Schema } };
}
interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly schema: Schema;
}
interface Reference {
  readonly $ref: string;
}
interface Operation {
  readonly requestBody?: Body | Reference;
  readonly parameters?: readonly (Parameter | Reference)[];
}
export interface Description {
  readonly components: { readonly [kind: string]: { readonly [name: string]: unknown } };
  readonly paths: { readonly [path: string]: { readonly [method: string]: Operation } };
}

const STREAMS: readonly string[] = ['/v1/events', '/v1/stream'];
/** Every route of /openapi.json but streams, whose answers have no end. */
export function routesOf({ components, paths }: Description): readonly Route[] {
  const follow = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(follow);
    if ('$ref' in value) {
      const [kind = '', name = ''] = String(value.$ref).split('/').slice(2);
      return follow(components[kind]?.[name]);
    }
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, follow(each)]));
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(() => !STREAMS.includes(path))
      .map(([method, { parameters = [], requestBody }]) => ({
        method: method.toUpperCase(),
        path,
        body: (follow(requestBody) as Body | undefined)?.content['application/json']?.schema ?? null,
        query: (follow(parameters) as Parameter[]).filter((each) => each.in === 'query'),
      })),
  );
}

const JSON_TYPE = { 'content-type': 'application/json' };
/** The role that may, most often; so that more than the guard is reached. */
function roleFor(path: string): fc.Arbitrary<Input['role']> {
  const usual = path === '/v1/signals' ? 'monitor' : isOperators(path) ? 'operator' : 'agent';
  return fc.oneof(
    { weight: 9, arbitrary: fc.constant(usual) },
    fc.constantFrom<Input['role']>('agent', 'monitor', 'operator', null),
  ) as fc.Arbitrary<Input['role']>;
}
function isOperators(path: string): boolean {
  return /trading-state|flatten|policy|rebase|alerts|signals|\/end$/.test(path);
}

/** What the description asks for, nearly. `known`: names that earlier answers gave. */
export function bySchema(routes: readonly Route[], known: readonly string[]): fc.Arbitrary<Input> {
  // Each is built once: drawing from it is cheap.
  return fc.oneof(
    ...routes.map((route) => ({
      weight: /place_order|close_position|modify_order/.test(route.path) ? 4 : 1,
      arbitrary: ofRoute(route, known),
    })),
  );
}

function ofRoute(route: Route, known: readonly string[]): fc.Arbitrary<Input> {
  const id = fc.oneof(
    knownName(known),
    fc.constantFrom('x', 'd-000000-1'),
    fc.string({ maxLength: 40, unit: 'grapheme' }),
  );
  const query = fc.record(
    Object.fromEntries(route.query.map(({ name, schema }) => [name, drawValue(schema, known, 1)])),
    { requiredKeys: [] },
  );
  const body = route.body === null ? fc.constant(undefined) : drawValue(route.body, known).map(textOf);
  return fc
    .record({ id, query, body, role: roleFor(route.path) })
    .map(({ id: name, query: asked, body: text, role }) => ({
      method: route.method,
      path: `${route.path.replace(/\{[a-z_]+\}/g, encode(name))}${queryText(asked)}`,
      headers: text === undefined ? {} : JSON_TYPE,
      role,
      ...(text === undefined ? {} : { body: text }),
    }));
}

/** JSON of the value; a text that JSON cannot hold is sent as it stands. */
function textOf(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
function encode(text: string): string {
  try {
    return encodeURIComponent(text);
  } catch {
    return '%ED%A0%80';
  }
}
function queryText(asked: object): string {
  const parts = Object.entries(asked).map(
    ([name, value]) => `${name}=${encode(typeof value === 'string' ? value : textOf(value))}`,
  );
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

const HEADERS = fc.record(
  {
    'content-type': fc.constantFrom(
      'application/json',
      'application/json; charset=utf-16',
      'text/yaml',
      'text/plain',
      'multipart/form-data; boundary=x',
      '',
      'a'.repeat(300),
    ),
    'content-encoding': fc.constantFrom('gzip', 'identity', 'br', 'x'),
    origin: fc.constantFrom('null', 'https://evil.example', 'http://localhost:0'),
    'x-http-method-override': fc.constantFrom('DELETE', 'PUT'),
    'last-event-id': fc.constantFrom('-1', '1e9', '0', 'x'),
    expect: fc.constantFrom('100-continue', 'x'),
    cookie: fc.string({ maxLength: 100 }).map((text) => text.replace(/[^\x20-\x7e]/g, '?')),
    authorization: fc.constantFrom(
      'Bearer',
      'Bearer  ',
      'Basic YTpi',
      `Bearer ${'x'.repeat(9_000)}`,
      'bearer a b',
      '\t',
    ),
  },
  { requiredKeys: [] },
);
const PATHS = fc.oneof(
  fc.constantFrom(
    '/',
    '//',
    '/v1',
    '/v1/tools/../policy',
    '/v1/tools/%2e%2e/policy',
    '/v1/tools/place_order/',
    '/v1/tools/PLACE_ORDER',
    '/v1/tools/__proto__',
    '/v1/decisions/%',
    '/v1/decisions/%00',
    '/v1/orders?limit=1&limit=2',
    '/v1/orders?__proto__=1',
    '/v1/orders?limit[]=1',
    '/v1/signals//end',
    `/v1/decisions/${'x'.repeat(4_000)}`,
    '/assets/../../package.json',
    '/assets/%2e%2e%2fpackage.json',
  ),
  fc.webPath().map((path) => (path.startsWith('/') ? path : `/${path}`)),
);
const METHODS = fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'PROPFIND');

/** Bytes: what fits the schema with bytes changed, taken out and put in, or anything; headers and paths of all kinds. */
export function byBytes(routes: readonly Route[]): fc.Arbitrary<Input> {
  const cut = fc.record({ at: fc.nat(2_000), drop: fc.nat(20), put: fc.uint8Array({ maxLength: 12 }) });
  const near = bySchema(routes, []);
  const mangled = fc.tuple(near, fc.array(cut, { minLength: 1, maxLength: 4 })).map(([input, cuts]) => {
    let bytes = Buffer.from(input.body ?? '{}');
    for (const { at, drop, put } of cuts) {
      const start = bytes.length === 0 ? 0 : at % bytes.length;
      bytes = Buffer.concat([bytes.subarray(0, start), put, bytes.subarray(start + drop)]);
    }
    return { ...input, headers: JSON_TYPE, body: bytes };
  });
  const noise = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));
  const role = fc.constantFrom<Input['role']>('agent', 'monitor', 'operator', null);
  const strange = fc
    .record({ method: METHODS, path: PATHS, headers: HEADERS, body: fc.option(noise, { nil: undefined }), role })
    .map(({ body, ...rest }) => ({
      ...rest,
      headers: definedIn(rest.headers),
      ...(body === undefined ? {} : { body }),
    }));
  const relabelled = fc
    .tuple(near, HEADERS)
    .map(([input, headers]) => ({ ...input, headers: { ...input.headers, ...definedIn(headers) } }));
  return fc.oneof({ weight: 3, arbitrary: mangled }, strange, relabelled) as fc.Arbitrary<Input>;
}

function definedIn(headers: object): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as Record<
    string,
    string
  >;
}
