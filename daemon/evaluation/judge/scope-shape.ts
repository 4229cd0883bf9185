/**
 * Reads an untrusted document into a shape: every key must be there, none may be unknown, and all that is wrong is
 * listed at once.
 */
export type Leaf = (value: unknown, path: string, errors: string[]) => unknown;
export interface Shape {
  readonly [key: string]: Leaf | Shape;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The document as the shape's leaves read it; `errors` collects `path: what is allowed`. */
export function parseShape(shape: Shape, value: unknown, path: string, errors: string[]): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  if (!isRecord(value)) {
    errors.push(`${path}: an object is wanted`);
    return result;
  }
  for (const key of Object.keys(value)) if (!Object.hasOwn(shape, key)) errors.push(`${path}.${key}: unknown key`);
  for (const [key, part] of Object.entries(shape)) {
    const where = `${path}.${key}`;
    if (!Object.hasOwn(value, key)) errors.push(`${where}: missing`);
    else
      result[key] =
        typeof part === 'function' ? part(value[key], where, errors) : parseShape(part, value[key], where, errors);
  }
  return result;
}

/** A number from `least` to `most`. */
export function number(least: number, most: number): Leaf {
  return (value, path, errors) => {
    if (typeof value !== 'number' || !(value >= least && value <= most))
      errors.push(`${path}: a number from ${least} to ${most} is wanted`);
    return value;
  };
}

export function whole(least: number, most: number): Leaf {
  return (value, path, errors) => {
    if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
      errors.push(`${path}: a whole number from ${least} to ${most} is wanted`);
    return value;
  };
}

export const isTrueOrFalse: Leaf = (value, path, errors) => {
  if (typeof value !== 'boolean') errors.push(`${path}: true or false is wanted`);
  return value;
};

/** A factor in (0, 1]: a number, or a fraction as text. */
export const factor: Leaf = (value, path, errors) => {
  const parts = typeof value === 'string' ? /^([1-9][0-9]*)\/([1-9][0-9]*)$/.exec(value) : null;
  const read = parts === null ? value : Number(parts[1]) / Number(parts[2]);
  if (typeof read !== 'number' || !(read > 0 && read <= 1))
    errors.push(`${path}: a factor above 0 and up to 1 is wanted`);
  return read;
};

export const names: Leaf = (value, path, errors) => {
  const isList = Array.isArray(value) && value.length > 0 && value.every((entry) => typeof entry === 'string');
  if (!isList || new Set(value).size !== value.length) errors.push(`${path}: a list of different names is wanted`);
  return value;
};

export function exactly(wanted: unknown): Leaf {
  return (value, path, errors) => {
    if (value !== wanted) errors.push(`${path}: ${JSON.stringify(wanted)} is wanted`);
    return value;
  };
}

/** Levels that rise, each with a multiplier, `reduce_only`, or both. */
export const tiers: Leaf = (value, path, errors) => {
  if (!Array.isArray(value)) {
    errors.push(`${path}: a list is wanted`);
    return value;
  }
  let last = 0;
  return value.map((entry: unknown, i) => {
    const where = `${path}[${i}]`;
    const given = isRecord(entry) ? entry : {};
    const tier = { multiplier: 1, reduce_only: false, ...given };
    const read = parseShape({ at: number(0, 1), multiplier: factor, reduce_only: isTrueOrFalse }, tier, where, errors);
    if (!('multiplier' in given) && given.reduce_only !== true) errors.push(`${where}: has no effect`);
    if (typeof read.at === 'number' && read.at <= last) errors.push(`${where}.at: must rise`);
    last = typeof read.at === 'number' ? read.at : last;
    return read;
  });
};
