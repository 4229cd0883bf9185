import { ByName, isRecord, restore } from './restore.ts';

type Members = Record<string, unknown>;

/** What JSON has no form for. */
const ODD = new Map<string, number | undefined>([
  ['undefined', undefined],
  ['-0', -0],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

/**
 * The text of a view, lines of canonical JSON; {@link readState} makes the same of it again: bits of numbers, order of maps
 * and sets, and which references lead to one object. The first line has all objects that are held more than once, for which
 * `{"$shared": place}` stands elsewhere; each other line has a member. `{"$map": [[key, value], …]}` and `{"$set": […]}` are
 * what they say, `{"$odd": name}` is one of {@link ODD}, and `{"$object": [[name, value], …]}` an object with a name that
 * begins with `$`.
 *
 * @throws Error when something holds itself, or is of a class of which none could be put back there
 */
export function* writeState(view: object): Generator<string, void> {
  const shared = findShared(view);
  const writer = new Writer(shared);
  yield writer.shared([...shared.keys()]);
  for (const name of Object.keys(view).sort()) yield writer.member(view, name);
}

/** Objects that are held more than once, each behind those that it holds, with their places. */
function findShared(root: object): ReadonlyMap<object, number> {
  /** How many were seen whole before it. */
  const seen = new Map<object, number>();
  const shared = new Map<object, number>();
  // What holds itself has no end: the stack has.
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const known = seen.get(value);
    if (known !== undefined) {
      shared.set(value, known);
      return;
    }
    if (value instanceof Map)
      for (const [key, held] of value) {
        visit(key);
        visit(held);
      }
    else if (value instanceof Set || Array.isArray(value)) for (const held of value) visit(held);
    else for (const name in value) visit((value as Members)[name]);
    seen.set(value, seen.size);
  };
  visit(root);
  const inOrder = [...shared].sort(([, a], [, b]) => a - b);
  return new Map(inOrder.map(([object], place) => [object, place]));
}

class Writer {
  readonly #shared: ReadonlyMap<object, number>;
  /** As they stand in the text. */
  readonly #names = new Map<string, string>();

  constructor(shared: ReadonlyMap<object, number>) {
    this.#shared = shared;
  }

  shared(objects: readonly object[]): string {
    return `{"shared":[${objects.map((object) => this.#data(object)).join()}]}`;
  }
  member(view: object, name: string): string {
    return `{${JSON.stringify(name)}:${this.#member((view as Members)[name])}}`;
  }

  #view(view: object): string {
    if (!(view instanceof ByName)) return this.#members(view, true);
    const views = [...(view as ByName<object>).all].map(
      ([name, one]) => `[${JSON.stringify(name)},${this.#view(one)}]`,
    );
    return `{"all":{"$map":[${views.join()}]}}`;
  }
  #member(value: unknown): string {
    return isRecord(value) && !this.#shared.has(value) ? this.#view(value) : this.#value(value);
  }

  /** Of what is no view. */
  #data(value: object): string {
    if (Array.isArray(value)) return this.#list(value);
    if (value instanceof Map) return `{"$map":${this.#list([...value])}}`;
    if (value instanceof Set) return `{"$set":${this.#list([...value])}}`;
    if (Object.getPrototypeOf(value) !== Object.prototype)
      throw new Error(`a view holds a ${value.constructor.name} where none could be put back`);
    return isFlat(value) ? JSON.stringify(value) : this.#members(value);
  }

  #value(value: unknown): string {
    if (isItself(value)) return JSON.stringify(value);
    switch (typeof value) {
      case 'number':
      case 'undefined':
        return `{"$odd":"${Object.is(value, -0) ? '-0' : value}"}`;
      case 'object': {
        const place = this.#shared.get(value as object);
        return place === undefined ? this.#data(value as object) : `{"$shared":${place}}`;
      }
      default:
        throw new Error(`a view holds a ${typeof value}`);
    }
  }

  #list(values: readonly unknown[]): string {
    if (values.every(isItself)) return JSON.stringify(values);
    let text = '';
    for (const value of values) text += `${text === '' ? '' : ','}${this.#value(value)}`;
    return `[${text}]`;
  }

  #members(object: object, isView = false): string {
    const names = Object.keys(object);
    if (!isInOrder(names)) names.sort();
    const isMarked = names.some((name) => name.startsWith('$'));
    let text = '';
    for (const name of names) {
      const value = (object as Members)[name];
      text += `${text === '' ? '' : ','}${this.#name(name, isMarked)}${isView ? this.#member(value) : this.#value(value)}`;
      if (isMarked) text += ']';
    }
    return isMarked ? `{"$object":[${text}]}` : `{${text}}`;
  }
  #name(name: string, isMarked: boolean): string {
    if (isMarked) return `[${JSON.stringify(name)},`;
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const text = `${JSON.stringify(name)}:`;
    this.#names.set(name, text);
    return text;
  }
}

function isInOrder(names: readonly string[]): boolean {
  for (let at = 1; at < names.length; at += 1) if (names[at]! < names[at - 1]!) return false;
  return true;
}
/** JSON has a form for it, and it holds nothing. */
function isItself(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  return typeof value === 'string' || typeof value === 'boolean' || value === null;
}
/** Its members are such, and in the order of their names: its canonical text is the plain one. */
function isFlat(object: object): boolean {
  let previous = '';
  for (const name in object) {
    if (name < previous || name.startsWith('$') || !isItself((object as Members)[name])) return false;
    previous = name;
  }
  return true;
}

/** Reads lines of {@link writeState} into a view of that class which holds nothing yet. @throws Error when they are none */
export function readState<V extends object>(lines: Iterable<string>, view: V): V {
  let shared: unknown[] | null = null;
  for (const line of lines) {
    const members = JSON.parse(line) as Members;
    if (shared !== null) {
      restore(view, decode(members, shared) as object);
      continue;
    }
    shared = members.shared as unknown[];
    // Each refers to earlier ones alone.
    for (let place = 0; place < shared.length; place += 1) shared[place] = decode(shared[place], shared);
  }
  if (shared === null) throw new Error('the text holds no view');
  return view;
}

/** In place: what was parsed is nobody else's. */
function decode(value: unknown, shared: readonly unknown[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at += 1) value[at] = decode(value[at], shared);
    return value;
  }
  const members = value as Members;
  for (const name in members) {
    if (name.startsWith('$')) return decodeTagged(name, members[name], shared);
    members[name] = decode(members[name], shared);
  }
  return members;
}

function decodeTagged(tag: string, value: unknown, shared: readonly unknown[]): unknown {
  switch (tag) {
    case '$map':
      return new Map(decode(value, shared) as [unknown, unknown][]);
    case '$set':
      return new Set(decode(value, shared) as unknown[]);
    case '$object':
      return Object.fromEntries(decode(value, shared) as [string, unknown][]);
    case '$shared':
      return shared[value as number];
    case '$odd':
      return ODD.get(value as string);
    default:
      throw new Error(`there is nothing named ${tag}`);
  }
}
