import { ByName } from './collections.ts';

type Members = Record<string, unknown>;

/** Characters that are handed on at once. */
const PIECE = 1 << 16;
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
export function writeState(view: object, put: (text: string) => void): void {
  const shared = findShared(view);
  const writer = new Writer(shared, put);
  writer.shared([...shared.keys()]);
  for (const name of Object.keys(view).sort()) writer.line(name, (view as Members)[name]);
  writer.end();
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
    // As they are written: what is read of the text has them in that order.
    else for (const name of Object.keys(value).sort()) visit((value as Members)[name]);
    seen.set(value, seen.size);
  };
  visit(root);
  const inOrder = [...shared].sort(([, a], [, b]) => a - b);
  return new Map(inOrder.map(([object], place) => [object, place]));
}

class Writer {
  readonly #shared: ReadonlyMap<object, number>;
  readonly #put: (text: string) => void;
  #text = '';

  constructor(shared: ReadonlyMap<object, number>, put: (text: string) => void) {
    this.#shared = shared;
    this.#put = put;
  }

  shared(objects: readonly object[]): void {
    let separator = '{"shared":[';
    for (const object of objects) {
      this.#add(separator);
      this.#data(object);
      separator = ',';
    }
    this.#add(objects.length === 0 ? '{"shared":[]}\n' : ']}\n');
  }
  line(name: string, value: unknown): void {
    this.#add(`{${JSON.stringify(name)}:`);
    this.#member(value);
    this.#add('}\n');
  }
  end(): void {
    this.#put(this.#text);
    this.#text = '';
  }
  #add(text: string): void {
    this.#text += text;
    if (this.#text.length >= PIECE) this.end();
  }

  #member(value: unknown): void {
    if (!isRecord(value) || this.#shared.has(value)) this.#value(value);
    else if (value instanceof ByName) this.#byName(value);
    else this.#members(value, true);
  }
  #byName({ all }: ByName<object>): void {
    let separator = '{"all":{"$map":[[';
    for (const [name, view] of all) {
      this.#add(`${separator}${JSON.stringify(name)},`);
      this.#member(view);
      separator = '],[';
    }
    this.#add(all.size === 0 ? '{"all":{"$map":[]}}' : ']]}}');
  }

  /** Of what is no view. */
  #data(value: object): void {
    if (Array.isArray(value)) this.#list(value);
    else if (value instanceof Map) this.#tagged('$map', [...value]);
    else if (value instanceof Set) this.#tagged('$set', [...value]);
    else if (Object.getPrototypeOf(value) !== Object.prototype)
      throw new Error(`a view holds a ${value.constructor.name} where none could be put back`);
    else if (isFlat(value)) this.#add(JSON.stringify(value));
    else this.#members(value, false);
  }
  #tagged(tag: string, values: readonly unknown[]): void {
    this.#add(`{"${tag}":`);
    this.#list(values);
    this.#add('}');
  }

  #value(value: unknown): void {
    if (isItself(value)) {
      this.#add(JSON.stringify(value));
      return;
    }
    switch (typeof value) {
      case 'number':
      case 'undefined':
        this.#add(`{"$odd":"${Object.is(value, -0) ? '-0' : value}"}`);
        return;
      case 'object': {
        const place = this.#shared.get(value as object);
        if (place === undefined) this.#data(value as object);
        else this.#add(`{"$shared":${place}}`);
        return;
      }
      default:
        throw new Error(`a view holds a ${typeof value}`);
    }
  }

  #list(values: readonly unknown[]): void {
    if (values.every(isItself)) {
      this.#add(JSON.stringify(values));
      return;
    }
    // Not empty: that were a list of such as are themselves.
    let separator = '[';
    for (const value of values) {
      this.#add(separator);
      this.#value(value);
      separator = ',';
    }
    this.#add(']');
  }

  #members(object: object, isView: boolean): void {
    const names = Object.keys(object).sort();
    if (names.some((name) => name.startsWith('$'))) {
      // A member that looks like a mark stands in no object.
      this.#tagged(
        '$object',
        names.map((name) => [name, (object as Members)[name]]),
      );
      return;
    }
    let separator = '{';
    for (const name of names) {
      this.#add(`${separator}${JSON.stringify(name)}:`);
      const value = (object as Members)[name];
      if (isView) this.#member(value);
      else this.#value(value);
      separator = ',';
    }
    this.#add(names.length === 0 ? '{}' : '}');
  }
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
    for (let at = 0; at < value.length; at += 1) {
      const held: unknown = value[at];
      if (typeof held === 'object' && held !== null) value[at] = decode(held, shared);
    }
    return value;
  }
  const members = value as Members;
  for (const name in members) {
    if (name.startsWith('$')) return decodeTagged(name, members[name], shared);
    const member = members[name];
    if (typeof member === 'object' && member !== null) members[name] = decode(member, shared);
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

/**
 * Gives a view that holds nothing yet the members of another one of its class. A view is its members: plain data, maps
 * and sets of it, and further views. What merely speeds up questions lies in private fields (`#`), which are not among them.
 */
function restore<V extends object>(view: V, members: object): V {
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
function isRecord(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  return !(Array.isArray(value) || value instanceof Map || value instanceof Set);
}
