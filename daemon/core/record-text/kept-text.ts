import { inOnePiece } from './scalars.ts';

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
