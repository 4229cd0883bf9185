import { createContext, Script } from 'node:vm';
import { Ajv, type Options, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormatsModule, { type FormatsPlugin } from 'ajv-formats';
import { canonicalJson } from '../../core/canonical-json.ts';
import type { IntendedPolicySpec, JsonSchemaObject } from '../../core/policy.ts';
import { PLAIN_CODE } from './ajv.ts';
import { describeErrors, joinPath, type Violation, violationAt } from './violations.ts';

/** Bounds of one schema that an operator writes (`tools.<tool>.args`, `intercept.allow.<tool>`). */
export const MAX_SCHEMA_CHARACTERS = 16_384;
export const MAX_SCHEMA_DEPTH = 16;
export const MAX_SCHEMA_NODES = 1_000;
export const MAX_SCHEMA_REFS = 16;
export const MAX_PATTERN_CHARACTERS = 256;
/** If a pattern needs longer for one text, the arguments are refused. */
export const PATTERN_TIMEOUT_MS = 50;

export type ArgsCheck = (args: unknown) => readonly Violation[];
export type CompiledOperatorSchema =
  | { readonly ok: true; readonly check: ArgsCheck }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/**
 * Apart from the types of drafts 2020-12 and 7 it is as strict as the contract's. An unknown keyword or format
 * (`maximun`) would silently be no limit, so it is refused.
 */
const options: Options = {
  strictSchema: true,
  strictNumbers: true,
  strictTypes: false,
  strictTuples: false,
  strictRequired: false,
  allErrors: true,
  verbose: true,
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: false,
  allowUnionTypes: true,
  validateSchema: true,
  addUsedSchema: false,
  logger: false,
  code: { ...PLAIN_CODE, regExp: Object.assign(buildBoundedRegExp, { code: 'buildBoundedRegExp' }) },
};
// The package is CommonJS: its default export is the module or the plugin, depending on the loader.
const addFormats = ('default' in addFormatsModule ? addFormatsModule.default : addFormatsModule) as FormatsPlugin;

/** Violations of an operator's schema, each under `path`. None: it can be compiled and used. */
export function checkOperatorSchema(schema: JsonSchemaObject, path: string): readonly Violation[] {
  const compiled = compileOperatorSchema(schema, path);
  return compiled.ok ? [] : compiled.violations;
}

/** How many schemas are kept compiled: those of a few policies. */
const MAX_COMPILED = 64;
/**
 * Compiled checks by the schema's text. Most policies say the same of a tool. Compiling takes tens of milliseconds and
 * leaves thousands of short-lived names behind, which slow everything else down for a while.
 */
const compiledSchemas = new Map<string, CompiledOperatorSchema>();

/**
 * Compiles an operator's schema. The check never throws. Arguments on which the schema itself fails (endless
 * recursion, a pattern that takes too long) are refused like others, with a violation that says so.
 */
export function compileOperatorSchema(schema: JsonSchemaObject, path = ''): CompiledOperatorSchema {
  const bounds = checkBounds(schema, path);
  if (bounds.length > 0) return { ok: false, violations: bounds };
  // Keeps the order in which the schema was written, which is the order of its violations.
  const text = JSON.stringify(schema);
  const known = compiledSchemas.get(text);
  if (known !== undefined) return known;
  const compiled = compileAnew(schema, path);
  if (!compiled.ok) return compiled;
  if (compiledSchemas.size >= MAX_COMPILED) compiledSchemas.clear();
  compiledSchemas.set(text, compiled);
  return compiled;
}

/** By the schema itself: those of a policy are compiled once. One that does not compile refuses everything. */
const argsChecks = new WeakMap<JsonSchemaObject, ArgsCheck>();
export function argsCheckOf(schema: JsonSchemaObject): ArgsCheck {
  const known = argsChecks.get(schema);
  if (known !== undefined) return known;
  const compiled = compileOperatorSchema(schema);
  const check: ArgsCheck = compiled.ok ? compiled.check : () => compiled.violations;
  argsChecks.set(schema, check);
  return check;
}

/** What the operator's schema of a tool finds first: the place and the problem, without the value; null: nothing. */
export function findToolViolation({ tools }: IntendedPolicySpec, tool: string, args: unknown): string | null {
  const schema = Object.hasOwn(tools, tool) ? tools[tool]?.args : undefined;
  const [first] = schema === undefined ? [] : argsCheckOf(schema)(args);
  return first === undefined ? null : `${first.path}: ${first.message}`;
}

function compileAnew(schema: JsonSchemaObject, path: string): CompiledOperatorSchema {
  const ajv = buildAjv(schema.$schema);
  if (ajv === null) {
    const allowed = 'absent, or JSON Schema 2020-12 or draft 7';
    return {
      ok: false,
      violations: [violationAt(joinPath(path, '$schema'), 'is not supported', schema.$schema, allowed)],
    };
  }
  try {
    if (ajv.validateSchema(schema) !== true) {
      const violations = describeErrors(ajv.errors).map((each) => ({ ...each, path: below(path, each.path) }));
      return { ok: false, violations };
    }
    const validate = ajv.compile(schema);
    return { ok: true, check: (args) => checkArgs(validate, args) };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, violations: [violationAt(path, `is not a usable JSON Schema: ${message}`)] };
  }
}

function checkArgs(validate: ValidateFunction, args: unknown): readonly Violation[] {
  try {
    return validate(args) ? [] : describeErrors(validate.errors);
  } catch (error) {
    const cause = error instanceof RangeError ? 'it refers to itself without end' : 'a pattern took too long';
    return [violationAt('', `cannot be judged by the operator's schema: ${cause}`)];
  }
}

function buildAjv(dialect: unknown): Ajv | null {
  const isDraft7 = typeof dialect === 'string' && /^https?:\/\/json-schema\.org\/draft-07\/schema#?$/.test(dialect);
  if (dialect !== undefined && !isDraft7 && dialect !== 'https://json-schema.org/draft/2020-12/schema') return null;
  const ajv: Ajv = isDraft7 ? new Ajv(options) : (new Ajv2020(options) as unknown as Ajv);
  addFormats(ajv);
  return ajv;
}

/** Size, depth, references and patterns: what a schema may cost before anything compiles it. */
function checkBounds(schema: JsonSchemaObject, path: string): Violation[] {
  const size = canonicalJson(schema).length;
  if (size > MAX_SCHEMA_CHARACTERS) {
    return [violationAt(path, 'is too large', size, `at most ${MAX_SCHEMA_CHARACTERS} characters`)];
  }
  const violations: Violation[] = [];
  let nodes = 0;
  let refs = 0;
  const walk = (value: unknown, at: string, depth: number): void => {
    if (typeof value !== 'object' || value === null) return;
    nodes++;
    if (depth > MAX_SCHEMA_DEPTH) {
      violations.push(violationAt(at, 'is nested too deeply', undefined, `at most ${MAX_SCHEMA_DEPTH} levels`));
      return;
    }
    for (const [key, member] of Object.entries(value)) {
      const place = joinPath(at, key);
      if (!Array.isArray(value)) violations.push(...checkKeyword(key, member, place));
      if (key === '$ref') refs++;
      walk(member, place, depth + 1);
    }
  };
  walk(schema, path, 1);
  if (nodes > MAX_SCHEMA_NODES)
    violations.push(violationAt(path, 'has too many parts', nodes, `at most ${MAX_SCHEMA_NODES}`));
  if (refs > MAX_SCHEMA_REFS)
    violations.push(violationAt(path, 'has too many $ref', refs, `at most ${MAX_SCHEMA_REFS}`));
  return violations;
}

function checkKeyword(key: string, value: unknown, path: string): Violation[] {
  switch (key) {
    case '$ref':
    case '$dynamicRef':
      if (typeof value === 'string' && value.startsWith('#')) return [];
      return [violationAt(path, 'may only refer to a place inside the same schema', value, 'text that starts with #')];
    case '$id':
    case '$async':
    case '$recursiveRef':
    case '__proto__':
      return [violationAt(path, 'is not supported here', value)];
    case 'pattern':
      return typeof value === 'string' ? checkPattern(value, path) : [];
    case 'patternProperties':
      if (typeof value !== 'object' || value === null) return [];
      return Object.keys(value).flatMap((pattern) => checkPattern(pattern, joinPath(path, pattern)));
    default:
      return [];
  }
}

function checkPattern(pattern: string, path: string): Violation[] {
  if (pattern.length > MAX_PATTERN_CHARACTERS) {
    return [
      violationAt(path, 'is a pattern that is too long', pattern, `at most ${MAX_PATTERN_CHARACTERS} characters`),
    ];
  }
  try {
    new RegExp(pattern, 'u');
    return [];
  } catch (error) {
    return [violationAt(path, `is not a regular expression: ${error instanceof Error ? error.message : ''}`, pattern)];
  }
}

interface BoundedRegExp {
  readonly test: (text: string) => boolean;
  readonly toString: () => string;
}
/** Where patterns run: a script of node:vm can be stopped, a call of `test` cannot. */
const sandbox = createContext(Object.create(null) as Record<string, unknown>);
const runTest = new Script('pattern.test(text)');

/**
 * A regular expression that cannot hang the daemon. Patterns without repetition take linear time and run directly.
 *
 * @throws from `test` after PATTERN_TIMEOUT_MS; checkArgs turns it into a refusal
 */
function buildBoundedRegExp(pattern: string, flags: string): BoundedRegExp {
  const expression = new RegExp(pattern, flags);
  if (!/[*+{]/.test(pattern)) return expression;
  return {
    // INVARIANT: ajv keeps patterns by this text; without it every pattern of a schema would be the first one.
    toString: () => expression.toString(),
    test(text: string): boolean {
      sandbox.pattern = expression;
      sandbox.text = text;
      const run = (): boolean => runTest.runInContext(sandbox, { timeout: PATTERN_TIMEOUT_MS }) as boolean;
      try {
        return run();
      } catch {
        // The limit is of wall time: a thread that others held up is no pattern without end, which fails again.
        return run();
      }
    },
  };
}

function below(path: string, inner: string): string {
  if (inner === '' || path === '') return path === '' ? inner : path;
  return inner.startsWith('[') ? `${path}${inner}` : `${path}.${inner}`;
}
