/** How a view with private fields is taken apart for a checkpoint, and put together again. */
interface Keeping {
  /** Stands in checkpoints: a class that is renamed keeps it, or the fold gets another version. */
  readonly name: string;
  /** All that events have made of it. What merely speeds up questions is left out. */
  readonly read: (view: object) => object;
  readonly make: (kept: object) => object;
}

const BY_PROTOTYPE = new Map<object, Keeping>();
const BY_NAME = new Map<string, Keeping>();

/**
 * Declares what a class keeps, from its own static block: private fields are seen from there alone. `read` hands out the
 * fields themselves, so that objects that several views share stay shared.
 */
export function keeps<View extends object, Kept extends object>(
  type: { readonly name: string; readonly prototype: View },
  read: (view: View) => Kept,
  make: (kept: Kept) => View,
): void {
  const { name, prototype } = type;
  if (BY_NAME.has(name)) throw new Error(`two classes of views are named ${name}`);
  // What `read` of this very class gave comes back, by way of a checkpoint of the same fold.
  const keeping: Keeping = { name, read: (view) => read(view as View), make: (kept) => make(kept as Kept) };
  BY_PROTOTYPE.set(prototype, keeping);
  BY_NAME.set(name, keeping);
}

/** @throws Error when it is of a class that did not declare what it keeps */
export function takeApart(view: object): { readonly name: string; readonly kept: object } {
  const keeping = BY_PROTOTYPE.get(Object.getPrototypeOf(view));
  if (keeping === undefined) throw new Error(`${view.constructor.name} does not declare what it keeps`);
  return { name: keeping.name, kept: keeping.read(view) };
}

/** @throws Error when there is no such class */
export function putTogether(name: string, kept: object): object {
  const keeping = BY_NAME.get(name);
  if (keeping === undefined) throw new Error(`there is no view named ${name}`);
  return keeping.make(kept);
}
