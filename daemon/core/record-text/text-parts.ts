import { CanonicalJsonError } from '../canonical-json.ts';

/**
 * The parts of which the record of a decision is written, and its answer. The text is canonical JSON, to the byte,
 * without the search of `canonicalJson` for what is out of order: the writers of this folder name every key in order.
 */

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
