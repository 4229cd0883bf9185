/** What a map holds under a key: it is made where there is none. */
export function heldIn<K, V>(map: Map<K, V>, key: K, make: (key: K) => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make(key);
  map.set(key, made);
  return made;
}

/** Forgets what a map or a set has held for longest, down to so many. */
export function keepLast<K>(held: Map<K, unknown> | Set<K>, most: number): void {
  for (const oldest of held.keys()) {
    if (held.size <= most) return;
    held.delete(oldest);
  }
}

/** Views of one kind by name: the one collection that holds views. */
export class ByName<V extends object> {
  readonly all = new Map<string, V>();
  readonly #make: () => V;

  constructor(make: () => V) {
    this.#make = make;
  }

  find(name: string): V | undefined {
    return this.all.get(name);
  }
  /** It begins where there is none. */
  of(name: string): V {
    return heldIn(this.all, name, this.#make);
  }
}

/**
 * Gives a view that holds nothing yet the members of another one of its class. A view is its members: plain data, maps
 * and sets of it, and further views. What merely speeds up questions lies in private fields (`#`), which are not among them.
 */
export function restore<V extends object>(view: V, members: object): V {
  const own = view as Record<string, unknown>;
  for (const [name, value] of Object.entries(members)) {
    const member = own[name];
    if (view instanceof ByName) for (const [key, one] of value) restore(view.of(key), one);
    else if (isRecord(member) && isRecord(value)) restore(member, value);
    else own[name] = value;
  }
  return view;
}

/** An object with members: a view, or data. */
export function isRecord(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return !(Array.isArray(value) || value instanceof Map || value instanceof Set);
}
