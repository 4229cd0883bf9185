import type { ErrorObject } from 'ajv';
import { closestKey } from './closest-key.ts';
import { SYMBOL_PATTERN, symbolMeant } from './symbols.ts';

/** One defect of a document, in plain words. `path` is dotted (`market.regimes.calm.notional`), '' is the whole. */
export interface Violation {
  readonly path: string;
  readonly message: string;
  /** The value found, shortened; absent when there was none, or when it is an object or a list. */
  readonly value?: string | number | boolean | null;
  /** The legal values, for people: `1 to 125, a whole number`. */
  readonly allowed?: string;
}

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/** How many violations are listed; the rest is counted. */
export const MAX_VIOLATIONS = 200;
const MAX_SHOWN_CHARACTERS = 80;

/** An error of ajv in its verbose mode. */
type SchemaNode = { readonly [keyword: string]: unknown };

/**
 * Turns the errors of an ajv with `allErrors` and `verbose` into one violation per field. Unions are reduced to the
 * branch that was meant. Unknown keys are named, together with the key that was probably meant if one is close.
 */
export function describeErrors(errors: readonly ErrorObject[] | null | undefined): Violation[] {
  const found = reduceUnions(errors ?? []);
  const seen = new Set<string>();
  const violations: Violation[] = [];
  for (const error of found) {
    const violation = describeError(error);
    const key = `${violation.path}\n${violation.message}`;
    if (seen.has(key)) continue;
    seen.add(key);
    violations.push(violation);
  }
  if (violations.length <= MAX_VIOLATIONS) return violations;
  const rest = violations.length - MAX_VIOLATIONS;
  return [...violations.slice(0, MAX_VIOLATIONS), { path: '', message: `and ${rest} more` }];
}

/** One line for people: `budgets.leverage: must be at least 1 (found 0; allowed: 1 to 125, a whole number)`. */
export function formatViolation(violation: Violation): string {
  const notes: string[] = [];
  if (violation.value !== undefined) notes.push(`found ${JSON.stringify(violation.value)}`);
  if (violation.allowed !== undefined) notes.push(`allowed: ${violation.allowed}`);
  const suffix = notes.length === 0 ? '' : ` (${notes.join('; ')})`;
  return `${violation.path === '' ? '(document)' : violation.path}: ${violation.message}${suffix}`;
}

/** Builds a violation; `value` is shown only when it is a scalar. */
export function violationAt(path: string, message: string, value?: unknown, allowed?: string): Violation {
  const shown = shownValue(value);
  return {
    path,
    message,
    ...(shown === undefined ? {} : { value: shown }),
    ...(allowed === undefined || allowed === '' ? {} : { allowed }),
  };
}

function shownValue(value: unknown): string | number | boolean | null | undefined {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'string') return undefined;
  return value.length > MAX_SHOWN_CHARACTERS ? `${value.slice(0, MAX_SHOWN_CHARACTERS)}…` : value;
}

/** Keeps of each failed union only the branch that fits best; if none fits, the union's own error. */
function reduceUnions(errors: readonly ErrorObject[]): ErrorObject[] {
  const dropped = new Set<ErrorObject>();
  for (const union of errors) {
    if (union.keyword !== 'anyOf' && union.keyword !== 'oneOf') continue;
    const branches = new Map<string, ErrorObject[]>();
    for (const error of errors) {
      if (!error.schemaPath.startsWith(`${union.schemaPath}/`)) continue;
      if (error.instancePath !== union.instancePath && !error.instancePath.startsWith(`${union.instancePath}/`))
        continue;
      const branch = error.schemaPath.slice(union.schemaPath.length + 1).split('/', 1)[0] ?? '';
      branches.set(branch, [...(branches.get(branch) ?? []), error]);
    }
    const fitting = [...branches.values()].filter((branch) => !branch.some((error) => isWrongKind(error, union)));
    const meant = fitting.length === 1 ? fitting[0] : undefined;
    for (const branch of branches.values()) if (branch !== meant) for (const error of branch) dropped.add(error);
    if (meant !== undefined) dropped.add(union);
  }
  return errors.filter((error) => !dropped.has(error));
}

function isWrongKind(error: ErrorObject, union: ErrorObject): boolean {
  return error.instancePath === union.instancePath && (error.keyword === 'type' || error.keyword === 'const');
}

function describeError(error: ErrorObject): Violation {
  const path = dottedPath(error.instancePath);
  const schema = (error.parentSchema ?? {}) as SchemaNode;
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'required':
      return describeMissing(path, String(params.missingProperty), schema);
    case 'additionalProperties':
    case 'unevaluatedProperties':
      return describeUnknownKey(path, error, schema);
    case 'uniqueItems': {
      const items = error.data as readonly unknown[];
      const twice = items[Number(params.i)];
      return violationAt(path, `lists ${JSON.stringify(twice)} twice`, undefined, 'each entry once');
    }
    case 'minItems':
      return violationAt(path, `needs at least ${String(params.limit)} entries`);
    case 'maxItems':
      return violationAt(path, `may have at most ${String(params.limit)} entries`);
    case 'maxProperties':
      return violationAt(path, `may have at most ${String(params.limit)} keys`);
    case 'false schema':
      return violationAt(path, 'is not allowed here', error.data);
    case 'pattern':
      return describeMiswritten(path, error, schema);
    default:
      return violationAt(path, scalarMessage(error, params), error.data, describeAllowed(schema));
  }
}

/** A symbol as another program writes it (`BTC/USDT`) is answered with the one that was meant. */
function describeMiswritten(path: string, { data }: ErrorObject, schema: SchemaNode): Violation {
  const meant = schema.pattern === SYMBOL_PATTERN && typeof data === 'string' ? symbolMeant(data) : null;
  const message = meant === null ? 'is not written as it must be' : `write ${meant}`;
  return violationAt(path, message, data, describeAllowed(schema));
}

function scalarMessage(error: ErrorObject, params: Record<string, unknown>): string {
  const limit = String(params.limit);
  switch (error.keyword) {
    case 'type':
      if (error.data === null) return 'is empty (null)';
      if (params.type === 'integer' && Number.isFinite(error.data)) return 'is not a whole number';
      return typeof error.data === 'string' && isNumeric(error.data)
        ? 'is text, not a number'
        : `is ${kindOf(error.data)}`;
    case 'enum':
    case 'const':
    case 'anyOf':
    case 'oneOf':
      return error.data === null ? 'is empty (null)' : 'is not an allowed value';
    case 'minimum':
      return `must be at least ${limit}`;
    case 'maximum':
      return `must be at most ${limit}`;
    case 'exclusiveMinimum':
      return `must be above ${limit}`;
    case 'exclusiveMaximum':
      return `must be below ${limit}`;
    case 'minLength':
      return `must have at least ${limit} characters`;
    case 'maxLength':
      return `must have at most ${limit} characters`;
    default:
      return error.message ?? `breaks ${error.keyword}`;
  }
}

function describeMissing(path: string, key: string, schema: SchemaNode): Violation {
  const child = childSchema(schema, key);
  return violationAt(joinPath(path, key), 'is missing', undefined, child === null ? undefined : describeAllowed(child));
}

function describeUnknownKey(path: string, error: ErrorObject, schema: SchemaNode): Violation {
  const params = error.params as Record<string, unknown>;
  const key = String(params.additionalProperty ?? params.unevaluatedProperty);
  const value = (error.data as Record<string, unknown>)[key];
  const properties = isRecord(schema.properties) ? Object.keys(schema.properties) : [];
  const patterns = isRecord(schema.patternProperties) ? Object.keys(schema.patternProperties) : [];
  if (properties.length === 0 && patterns.length > 0) {
    return violationAt(
      joinPath(path, key),
      'is not a name that may stand here',
      undefined,
      `names matching ${patterns.join(' or ')}`,
    );
  }
  const meant = closestKey(key, properties);
  const hint = meant === null ? '' : `; did you mean "${meant}"?`;
  return violationAt(joinPath(path, key), `unknown key "${cut(key)}"${hint}`, value, properties.join(', '));
}

/** What a schema allows, in a few words; '' when there is nothing useful to say. */
export function describeAllowed(schema: SchemaNode): string {
  if (Array.isArray(schema.enum)) return schema.enum.map((member) => JSON.stringify(member)).join(', ');
  if ('const' in schema) return JSON.stringify(schema.const);
  const union = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(union)) return union.filter(isRecord).map(describeAllowed).join(', or ');
  switch (schema.type) {
    case 'integer':
    case 'number':
      return describeNumber(schema);
    case 'string':
      if (schema.pattern === SYMBOL_PATTERN) return 'a symbol as the exchange writes it, such as BTCUSDT';
      return typeof schema.pattern === 'string' ? `text matching ${schema.pattern}` : 'text';
    case 'boolean':
      return 'true or false';
    case 'array':
      return 'a list';
    case 'object':
      return isRecord(schema.properties) ? `an object with ${Object.keys(schema.properties).join(', ')}` : 'an object';
    default:
      return '';
  }
}

function describeNumber(schema: SchemaNode): string {
  const kind = schema.type === 'integer' ? 'a whole number' : 'a number';
  const low = schema.minimum ?? schema.exclusiveMinimum;
  const above = schema.minimum === undefined && low !== undefined ? 'above ' : '';
  const high = schema.maximum ?? schema.exclusiveMaximum;
  const below = schema.maximum === undefined && high !== undefined ? 'below ' : '';
  if (low !== undefined && high !== undefined) return `${kind}, ${above}${String(low)} to ${below}${String(high)}`;
  if (low !== undefined) return `${kind}, ${above}${String(low)} or more`;
  return high === undefined ? kind : `${kind}, ${below}${String(high)} or less`;
}

/** `/account/drawdown/tiers/0/at` -> `account.drawdown.tiers[0].at`. */
export function dottedPath(pointer: string): string {
  let path = '';
  for (const part of pointer.split('/').slice(1)) {
    path = joinPath(path, part.replaceAll('~1', '/').replaceAll('~0', '~'));
  }
  return path;
}

export function joinPath(path: string, key: string): string {
  if (/^(0|[1-9][0-9]*)$/.test(key)) return `${path}[${key}]`;
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(key)) return `${path}[${JSON.stringify(cut(key))}]`;
  return path === '' ? key : `${path}.${key}`;
}

function childSchema(schema: SchemaNode, key: string): SchemaNode | null {
  if (!isRecord(schema.properties)) return null;
  const child = Object.hasOwn(schema.properties, key) ? schema.properties[key] : null;
  return isRecord(child) ? child : null;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return Number.isFinite(value) ? 'a number' : 'not a finite number';
  return value === null
    ? 'empty (null)'
    : typeof value === 'object'
      ? 'an object'
      : typeof value === 'string'
        ? 'text'
        : 'true or false';
}

function isNumeric(text: string): boolean {
  return text.trim() !== '' && Number.isFinite(Number(text));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function cut(key: string): string {
  return key.length > MAX_SHOWN_CHARACTERS ? `${key.slice(0, MAX_SHOWN_CHARACTERS)}…` : key;
}

/** True for a key that is not allowed: the rest of its object can still be judged. */
export function isUnknownKey(violation: Violation): boolean {
  return violation.message.startsWith('unknown key ');
}
