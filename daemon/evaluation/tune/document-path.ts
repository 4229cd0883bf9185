/** A policy as a tree that may be changed: a copy, never the policy that somebody else holds. */
export type PolicyDocument = { [key: string]: unknown };

/** Value at a dotted path (`account.drawdown.tiers.0.at`); undefined where there is none. */
export function valueAt(document: object, path: string): unknown {
  let value: unknown = document;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as PolicyDocument)[key];
  }
  return value;
}

/** @throws RangeError when the path does not exist yet: tuning changes values and adds no key */
export function setValueAt(document: object, path: string, value: unknown): void {
  const keys = path.split('.');
  const last = keys.pop()!;
  const parent = keys.length === 0 ? document : valueAt(document, keys.join('.'));
  if (typeof parent !== 'object' || parent === null || !Object.hasOwn(parent, last)) {
    throw new RangeError(`the policy has no ${path}`);
  }
  (parent as PolicyDocument)[last] = value;
}
