import type { ErrorObject, ValidateFunction } from 'ajv';
import type { TSchema } from 'typebox';
import { type Checked, contractAjv, describeErrors, type Violation } from './ajv.ts';
import { MAX_BYTES_KEYWORD } from './fields.ts';

contractAjv.addKeyword({
  keyword: MAX_BYTES_KEYWORD,
  type: 'string',
  schemaType: 'number',
  errors: false,
  // A UTF-16 code unit takes at most three bytes, so short texts need no count.
  validate: (limit: number, text: string) => text.length * 3 <= limit || countBytes(text) <= limit,
  error: { message: ({ schema }) => `must have at most ${String(schema)} bytes in UTF-8` },
});

/** Of a text in UTF-8. */
function countBytes(text: string): number {
  let bytes = 0;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

const MAX_PATH = 200;

/** Rules for a whole object, whose errors ajv reports without a field: `schemaPath` of the keyword -> the message. */
export type RuleTexts = { readonly [schemaPath: string]: Violation };

/**
 * A checker of one contract schema. Errors of `if` are dropped, since what they demanded is reported separately. Errors
 * below a path of `rules` become the violation named there. It is compiled at its first use: of fifty, a process uses
 * a few.
 */
export function buildContractCheck<T>(schema: TSchema, rules: RuleTexts = {}): (value: unknown) => Checked<T> {
  let compiled: ValidateFunction<T> | undefined;
  return (value) => {
    compiled ??= contractAjv.compile<T>(schema);
    const validate = compiled;
    return validate(value) ? { ok: true, value } : { ok: false, violations: describe(validate.errors ?? [], rules) };
  };
}

/** The same for the arguments of tools, where an optional member given as null counts as absent. */
export function buildRequestCheck<T>(schema: TSchema, rules: RuleTexts = {}): (value: unknown) => Checked<T> {
  const check = buildContractCheck<T>(schema, rules);
  return (value) => check(withoutNulls(schema, value));
}

function describe(errors: readonly ErrorObject[], rules: RuleTexts): readonly Violation[] {
  const plain: ErrorObject[] = [];
  const broken = new Set<Violation>();
  for (const error of errors) {
    if (error.keyword === 'if') continue;
    const path = Object.keys(rules).find(
      (each) => error.schemaPath === each || error.schemaPath.startsWith(`${each}/`),
    );
    const rule = path === undefined ? undefined : rules[path];
    if (rule === undefined) plain.push(error);
    else broken.add(rule);
  }
  return [...describeErrors(plain).map(shorten), ...broken];
}

/** Shortens names of unknown keys, which the caller chooses. */
function shorten(violation: Violation): Violation {
  const { path } = violation;
  return path.length > MAX_PATH ? { ...violation, path: `${path.slice(0, MAX_PATH)}…` } : violation;
}

type ObjectSchema = {
  readonly properties?: { readonly [name: string]: TSchema };
  readonly required?: readonly string[];
};

/**
 * `value` without optional members that are null: models, and strict modes of function calling, send omitted members
 * as null. A member that is required, or unknown to the schema, stays and is judged as it is. Returns the same
 * object if there is nothing to remove.
 */
function withoutNulls(schema: TSchema, value: unknown): unknown {
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
