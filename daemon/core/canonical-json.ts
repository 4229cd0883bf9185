/**
 * Canonical JSON: one text for one value, whatever the order in which its keys were set.
 *
 * The form is that of RFC 8785: no white space, object members in the order of the UTF-16 code units of their keys,
 * numbers and strings as ECMAScript's `JSON.stringify` writes them (so `-0` is `0`, and a lone surrogate is written as
 * a lowercase `\udxxx` escape, which keeps every text valid UTF-8).
 *
 * Unlike `JSON.stringify` nothing is lost silently: `undefined` (also as a member), NaN, infinities, bigint, functions,
 * symbols, holes in arrays, and objects that are not plain (Date, Map, class instances) are refused.
 *
 * The record of a decision, and its answer, are written of parts without the search for what is out of order: the writers
 * of `record-text/` name every key in order.
 */
/** Deepest nesting that is accepted; deeper values, and cycles, are refused. */
export const MAX_CANONICAL_DEPTH = 200;

/** A value that has no canonical form. `path` says where it lies, `$` being the root: `$.orders[2].price`. */
export class CanonicalJsonError extends Error {
  readonly code = 'NOT_CANONICAL';
  readonly path: string;

  constructor(path: string, problem: string) {
    super(`${path}: ${problem}`);
    this.name = 'CanonicalJsonError';
    this.path = path;
  }
}

/**
 * Writes `value` in canonical form. Free of sorting when all keys are in order already, which is how the records of
 * the ledger are built.
 *
 * @throws CanonicalJsonError when the value has no canonical form
 */
export function canonicalJson(value: unknown): string {
  return isInOrder(value, 0) ? JSON.stringify(value) : writeValue(value, '$', 0);
}

/** True iff two values that have a canonical form have the same. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!isSameJson(a[i], b[i])) return false;
    return true;
  }
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(left);
  if (Array.isArray(b) || keys.length !== Object.keys(right).length) return false;
  for (const key of keys) if (!Object.hasOwn(right, key) || !isSameJson(left[key], right[key])) return false;
  return true;
}

/** The value that `text` describes; undefined when it is not exactly its canonical form. */
export function parseCanonicalJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return canonicalJson(value) === text ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof CanonicalJsonError) return undefined;
    throw error;
  }
}

/** True iff `JSON.stringify(value)` is the canonical form: all keys in order, nothing that it would drop or change. */
function isInOrder(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return isScalar(value);
  if (depth >= MAX_CANONICAL_DEPTH) return false;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isInOrder(value[i], depth + 1)) return false;
    return true;
  }
  if (!isPlain(value)) return false;
  let previous = '';
  // for-in makes no list of the keys. An inherited key can only make the answer false, which costs a slower writing.
  for (const key in value) {
    if (key < previous) return false;
    previous = key;
    const member = (value as Record<string, unknown>)[key];
    if (typeof member === 'object' ? !isInOrder(member, depth + 1) : !isScalar(member)) return false;
  }
  return true;
}

function isScalar(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'string' || typeof value === 'boolean' || value === null;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function writeValue(value: unknown, path: string, depth: number): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      if (!Number.isFinite(value)) throw new CanonicalJsonError(path, `${value} is not a JSON number`);
      return JSON.stringify(value);
    case 'object':
      if (value === null) return 'null';
      if (depth >= MAX_CANONICAL_DEPTH) {
        throw new CanonicalJsonError(path, `nested deeper than ${MAX_CANONICAL_DEPTH} levels, or cyclic`);
      }
      return Array.isArray(value) ? writeArray(value, path, depth) : writeObject(value, path, depth);
    default:
      throw new CanonicalJsonError(path, `${typeof value} has no JSON form`);
  }
}

function writeArray(items: readonly unknown[], path: string, depth: number): string {
  let text = '[';
  for (let i = 0; i < items.length; i++) {
    if (i > 0) text += ',';
    text += writeValue(items[i], `${path}[${i}]`, depth + 1);
  }
  return `${text}]`;
}

function writeObject(object: object, path: string, depth: number): string {
  if (!isPlain(object)) throw new CanonicalJsonError(path, 'only plain objects have a canonical form');
  // Array.sort without a comparator orders strings by UTF-16 code units. The text is written member by member and not
  // from a sorted copy: in a copy, keys such as "10" and "2" would be enumerated in numeric order.
  const keys = Object.keys(object).sort();
  let text = '{';
  for (const [index, key] of keys.entries()) {
    if (index > 0) text += ',';
    const member = (object as Record<string, unknown>)[key];
    text += `${JSON.stringify(key)}:${writeValue(member, `${path}.${key}`, depth + 1)}`;
  }
  return `${text}}`;
}

/** @throws CanonicalJsonError for NaN and infinities, as `canonicalJson` does */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) throw new CanonicalJsonError('$', `${value} is not a JSON number`);
  return `${value}`;
}
export function numberOrNull(value: number | null): string {
  return value === null ? 'null' : numberText(value);
}

/** Text whose characters nobody vouches for. */
export function quoted(value: string): string {
  return JSON.stringify(value);
}
export function quotedOrNull(value: string | null): string {
  return value === null ? 'null' : JSON.stringify(value);
}
/** A word of ours (a code, a unit, a member of a closed union): nothing in it needs an escape. */
export function wordOrNull(value: string | null): string {
  return value === null ? 'null' : `"${value}"`;
}
export function figureText(value: number | string | null): string {
  return typeof value === 'number' ? numberText(value) : quotedOrNull(value);
}

export function listText<T>(items: readonly T[], write: (item: T, index: number) => string): string {
  if (items.length === 0) return '[]';
  let text = '[';
  for (let i = 0; i < items.length; i += 1) {
    if (i > 0) text += ',';
    text += write(items[i] as T, i);
  }
  return `${text}]`;
}

/**
 * A text that was put together piece by piece, in one piece. V8 does that whenever it reads such a text, also when it
 * is a part of a larger one: for a text that is read more than once it is done before.
 */
export function inOnePiece(text: string): string {
  return text.charCodeAt(0) === 0 ? '' : text;
}

/**
 * `true` iff `Keys` are all the keys of T: a line with it stops compiling when a type gains a member that writers and
 * columns do not know.
 */
export type Names<T, Keys extends string> = [keyof T, Keys] extends [Keys, keyof T] ? true : false;
/** The words of a text, or of several. */
export type Words<Text extends string> = Text extends `${infer First} ${infer More}` ? First | Words<More> : Text;

/**
 * A writer that keeps the newest value and its text: from one decision to the next most parts of a view stay as they
 * are, and a part that is in one piece already costs the record a copy instead of a hundred joints.
 *
 * Precondition: `isSame` compares every member that `write` writes.
 */
export function keepNewest<T extends object>(
  write: (value: T) => string,
  isSame: (a: T, b: T) => boolean,
): (value: T) => string {
  let newest: { readonly value: T; readonly text: string } | null = null;
  return (value) => {
    if (newest !== null && (newest.value === value || isSame(newest.value, value))) return newest.text;
    newest = { value, text: inOnePiece(write(value)) };
    return newest.text;
  };
}

/** A writer that keeps the text of each object as long as the object lives. */
export function keepByIdentity<T extends object>(write: (value: T) => string): (value: T) => string {
  const texts = new WeakMap<T, string>();
  return (value) => {
    let text = texts.get(value);
    if (text === undefined) {
      text = inOnePiece(write(value));
      texts.set(value, text);
    }
    return text;
  };
}
