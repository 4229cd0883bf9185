import fc from 'fast-check';

/** As much of JSON Schema as the daemon's own description uses. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: { readonly [name: string]: Schema };
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** Values that parsers, comparisons and stores have stumbled over. */
const HOSTILE: fc.Arbitrary<unknown> = fc.constantFrom<unknown>(
  null,
  true,
  0,
  -0,
  -1,
  0.1 + 0.2,
  1e308,
  -1e308,
  5e-324,
  Number.MAX_SAFE_INTEGER,
  2 ** 53,
  '',
  ' ',
  '0',
  'NaN',
  '1e999',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  '%00',
  "'; DROP TABLE events; --",
  '\u0000',
  '\ud800',
  '\u202e',
  'ＢＴＣＵＳＤＴ',
  'BTCUSDT\n',
  'x'.repeat(5_000),
  [],
  {},
  [[[[[[[[[[[[[[]]]]]]]]]]]]]],
  { constructor: { prototype: { isAdmin: true } } },
  { toString: 1, valueOf: 2, hasOwnProperty: 3 },
  Array.from({ length: 500 }, (_, i) => i),
);

/** Strings by shape, and with `known` what earlier answers named: ids of decisions, orders and signals. */
function stringOf({ pattern, minLength = 0, maxLength = 64 }: Schema, known: readonly string[]): fc.Arbitrary<string> {
  const sizes = { minLength: Math.min(minLength, 200), maxLength: Math.min(Math.max(maxLength, minLength), 200) };
  const plain = fc.string({ ...sizes, unit: 'grapheme' });
  const shaped = pattern === undefined ? plain : (matching(pattern) ?? plain);
  const names = knownName(known);
  // Where a symbol fits, one that is traded: what is refused for its symbol alone shows little else.
  const isOfSymbol = pattern !== undefined && matches(pattern, 'BTCUSDT') && !matches(pattern, 'btcusdt');
  return fc.oneof({ weight: 3, arbitrary: shaped }, { weight: isOfSymbol ? 9 : 2, arbitrary: names }, plain);
}

const COMMON = ['BTCUSDT', 'ETHUSDT', 'agent', 'main'];
/** One of those that are known when it is drawn: the list grows meanwhile. */
export function knownName(known: readonly string[]): fc.Arbitrary<string> {
  return fc.nat().map((n) => {
    const names = n % 3 === 0 || known.length === 0 ? COMMON : known;
    return names[n % names.length] ?? '';
  });
}

function matches(pattern: string, text: string): boolean {
  return new RegExp(pattern, 'u').test(text);
}

/** Null: the generator does not know something in the expression. */
function matching(pattern: string): fc.Arbitrary<string> | null {
  try {
    return fc.stringMatching(new RegExp(pattern, 'u'), { size: 'small' });
  } catch {
    return null;
  }
}

/** Of all that is allowed, and, since most of that is out of any cap, sizes as they are asked for. */
function numberOf(schema: Schema): fc.Arbitrary<number> {
  const min = schema.minimum ?? schema.exclusiveMinimum ?? -1e9;
  const max = Math.max(min, schema.maximum ?? 1e12);
  const usual = [1, 2, 3, 10, 20, 100, 300].filter((value) => value >= min && value <= max);
  const any =
    schema.type === 'integer'
      ? fc.integer({ min: Math.ceil(min), max: Math.min(max, 2 ** 31) })
      : fc.double({ min, max, noNaN: true, noDefaultInfinity: true });
  return usual.length === 0 ? any : fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...usual) }, any);
}

/** Mostly what the schema allows; now and then, at any depth, something else, something left out or too much. */
export function drawValue(schema: Schema, known: readonly string[] = [], depth = 0): fc.Arbitrary<unknown> {
  const fitting = fittingOf(schema, known, depth);
  return fc.oneof({ weight: depth === 0 ? 40 : 15, arbitrary: fitting }, { weight: 1, arbitrary: HOSTILE });
}

function fittingOf(schema: Schema, known: readonly string[], depth: number): fc.Arbitrary<unknown> {
  if (depth > 6) return HOSTILE;
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  const options = schema.anyOf ?? schema.oneOf;
  if (options !== undefined && options.length > 0)
    return fc.oneof(...options.map((option) => drawValue(option, known, depth + 1)));
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'object':
      return objectOf(schema, known, depth);
    case 'array':
      return fc.array(drawValue(schema.items ?? {}, known, depth + 1), {
        minLength: Math.min(schema.minItems ?? 0, 5),
        maxLength: 5,
      });
    case 'string':
      return stringOf(schema, known);
    case 'number':
    case 'integer':
      return numberOf(schema);
    case 'boolean':
      return fc.boolean();
    default:
      return fc.jsonValue({ maxDepth: 3 });
  }
}

function objectOf(schema: Schema, known: readonly string[], depth: number): fc.Arbitrary<unknown> {
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0)
    return fc.dictionary(fc.string({ maxLength: 20 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 4 });
  const fields = Object.fromEntries(properties.map(([name, each]) => [name, drawValue(each, known, depth + 1)]));
  const required = (schema.required ?? []).filter((name) => Object.hasOwn(fields, name));
  const whole = fc.record(fields, { requiredKeys: required });
  const partial = fc.record(fields, { requiredKeys: [] });
  const more = fc
    .tuple(whole, fc.dictionary(fc.string({ maxLength: 12 }), HOSTILE, { maxKeys: 2 }))
    .map(([value, extra]) => ({ ...value, ...extra }));
  const bare = fc.record(Object.fromEntries(required.map((name) => [name, fields[name] ?? HOSTILE])));
  return fc.oneof({ weight: 8, arbitrary: bare }, { weight: 6, arbitrary: whole }, partial, more);
}
