/** Changes of a document by the dotted path of a key that is there: `market.regimes.volatile.notional` -> 1. */
export type Edits = Readonly<Record<string, unknown>>;

/**
 * The document with these values in place of its own; what is not named is shared with it.
 *
 * @throws RangeError when a path names no key of the document: such a change would switch nothing off
 */
export function applyEdits<Document extends object>(document: Document, edits: Edits): Document {
  let edited: unknown = document;
  for (const [path, value] of Object.entries(edits)) edited = replaceAt(edited, path.split('.'), value, path);
  return edited as Document;
}

function replaceAt(node: unknown, keys: readonly string[], value: unknown, path: string): unknown {
  const [key, ...rest] = keys;
  if (key === undefined) return value;
  if (typeof node !== 'object' || node === null || Array.isArray(node) || !Object.hasOwn(node, key))
    throw new RangeError(`${path} is not part of the document`);
  const record = node as Readonly<Record<string, unknown>>;
  return { ...record, [key]: replaceAt(record[key], rest, value, path) };
}
