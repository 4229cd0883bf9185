import { putTogether, takeApart } from './keep.ts';

/** Objects of one line, a JSON array of them; and what they hold, from which on a line ends sooner: its garbage is young. */
const LINE_NODES = 512;
const LINE_CELLS = 2_048;
const LINE_CHARACTERS = 32_768;
/** What can go on in a further node. */
const LISTS: ReadonlySet<unknown> = new Set(['array', 'map', 'set', 'steps']);
/** Numbers from which on an array of nothing else is a column, and written by its steps if they are whole. */
const MIN_NUMBERS = 16;
/** The difference of two numbers up to this is exact. */
const MAX_STEPPED = 2 ** 52;
/** Length up to which equal texts of one JSON document are one string already. */
const PARSER_KEEPS = 10;
/** Longer than ids are: such texts stand in one place. */
const LONGEST_SHARED = 100;

/**
 * What stands for a value: strings, booleans, null and finite numbers are themselves; `[n]` is object n of the text; a name
 * in brackets is one of {@link ODD}.
 */
type Cell = string | number | boolean | null | readonly [number | string];
type Node = (Cell | string)[];

const ODD = new Map<string, number | undefined>([
  ['undefined', undefined],
  ['-0', -0],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

/**
 * The text of an object and of all that it holds, line by line; {@link GraphReader} makes the same of it again: bits of
 * numbers, order of members, maps and sets, and which references lead to one object. Equal objects give equal texts.
 *
 * An object stands behind those that it holds. `["keys", …]` declares the next shape; `[shape, …cells]` is a plain object,
 * `["array", …]`, `["map", key, value, …]` and `["set", …]` are what they say, and `["more", …]` is more of the same one.
 * `["steps", …]` is an array of whole numbers, each as its difference to the one before, `["view", name, [n]]` is an instance
 * of a class that declares what it keeps.
 *
 * @throws Error when something holds itself, or is of a class that declares nothing
 */
export function* writeGraph(root: object): Generator<string, void> {
  const writer = new GraphWriter();
  yield* writer.write(root);
}

/** Written out without recursion into generators: one frame an object, and lines leave between entries of the root. */
class GraphWriter {
  readonly #ids = new Map<object, number>();
  readonly #shapes = new Map<string, number>();
  #nodes: Node[] = [];
  #cells = 0;
  #characters = 0;
  #full: string[] = [];

  *write(root: object): Generator<string, void> {
    const { name, kept } = takeApart(root);
    // Member by member, so that no more than one view's text is held at once.
    for (const value of Object.values(kept)) {
      this.#cell(value);
      yield* this.#full;
      this.#full = [];
    }
    this.#add(root, ['view', name, this.#cell(kept)]);
    this.#endLine();
    yield* this.#full;
  }

  #cell(value: unknown): Cell {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return value;
      case 'number':
        if (Object.is(value, -0)) return ['-0'];
        return Number.isFinite(value) ? value : [String(value)];
      case 'undefined':
        return ['undefined'];
      case 'object':
        return value === null ? null : [this.#object(value)];
      default:
        throw new Error(`a view holds a ${typeof value}`);
    }
  }

  #object(value: object): number {
    const known = this.#ids.get(value);
    if (known !== undefined) {
      if (known < 0) throw new Error('a view holds an object that holds itself');
      return known;
    }
    this.#ids.set(value, -1);
    return this.#add(value, this.#node(value));
  }

  #node(value: object): Node {
    if (Array.isArray(value)) {
      if (isColumn(value)) return ['steps', ...value.map((number, i) => number - (value[i - 1] ?? 0))];
      return ['array', ...cells(value, (one) => this.#cell(one))];
    }
    if (value instanceof Map) {
      const node: Node = ['map'];
      for (const [key, held] of value) node.push(this.#cell(key), this.#cell(held));
      return node;
    }
    if (value instanceof Set) return ['set', ...cells(value, (one) => this.#cell(one))];
    if (Object.getPrototypeOf(value) !== Object.prototype) {
      const { name, kept } = takeApart(value);
      return ['view', name, this.#cell(kept)];
    }
    const keys = Object.keys(value);
    const node: Node = [0];
    for (const key of keys) node.push(this.#cell((value as Record<string, unknown>)[key]));
    node[0] = this.#shape(keys);
    return node;
  }

  #shape(keys: readonly string[]): number {
    const text = JSON.stringify(keys);
    const known = this.#shapes.get(text);
    if (known !== undefined) return known;
    const shape = this.#shapes.size;
    this.#shapes.set(text, shape);
    this.#push(['keys', ...keys]);
    return shape;
  }

  #add(value: object, node: Node): number {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#ids.set(value, id);
    this.#push(node);
    return id;
  }
  #nextId = 0;

  #push(node: Node): void {
    let from = 1;
    for (let i = 1; i < node.length; i += 1) {
      const cell = node[i]!;
      this.#characters += typeof cell === 'string' ? cell.length : 0;
      // Entries of a map stay together.
      const isFull = i - from >= LINE_CELLS || this.#characters >= LINE_CHARACTERS;
      if (!isFull || i % 2 === 1 || i + 1 === node.length || !LISTS.has(node[0])) continue;
      this.#take([from === 1 ? node[0]! : 'more', ...node.slice(from, i + 1)]);
      this.#endLine();
      from = i + 1;
    }
    this.#take(from === 1 ? node : ['more', ...node.slice(from)]);
    if (this.#nodes.length >= LINE_NODES || this.#cells >= LINE_CELLS || this.#characters >= LINE_CHARACTERS)
      this.#endLine();
  }
  #take(node: Node): void {
    this.#nodes.push(node);
    this.#cells += node.length;
  }
  #endLine(): void {
    if (this.#nodes.length === 0) return;
    this.#full.push(JSON.stringify(this.#nodes));
    this.#nodes = [];
    this.#cells = 0;
    this.#characters = 0;
  }
}

function isColumn(array: readonly unknown[]): array is readonly number[] {
  const isWhole = (value: unknown): boolean =>
    Number.isInteger(value) && Math.abs(value as number) <= MAX_STEPPED && !Object.is(value, -0);
  return array.length >= MIN_NUMBERS && array.every(isWhole);
}

/** Not by spreading an array of all of them: there may be more than a call takes. */
function* cells<T>(values: Iterable<T>, toCell: (value: T) => Cell): Generator<Cell> {
  for (const value of values) yield toCell(value);
}

/** Reads a text of {@link writeGraph}, line by line. */
export class GraphReader {
  readonly #objects: object[] = [];
  /** The last object is an array of several nodes. */
  #isExtended = false;
  /** Last number of the column that goes on; null: the last object is none. */
  #reached: number | null = null;
  /** Ids stand in several views: one text of each is kept. */
  readonly #texts = new Map<string, string>();
  readonly #shapes: { readonly keys: readonly string[]; readonly empty: Record<string, unknown> }[] = [];

  /** @throws Error, SyntaxError when it is no such line */
  take(line: string): void {
    for (const node of JSON.parse(line) as Node[]) this.#take(node);
  }

  /** What the whole text is of: the last object. */
  get root(): object {
    const root = this.#objects.at(-1);
    if (root === undefined) throw new Error('the text holds no object');
    return root;
  }

  #take(node: Node): void {
    const [head] = node;
    if (head !== 'more') {
      this.#trim();
      this.#reached = null;
    }
    if (typeof head === 'number') {
      this.#objects.push(this.#plain(head, node));
      return;
    }
    switch (head) {
      case 'keys': {
        const keys = node.slice(1) as string[];
        // A copy of an object has room for its members, one that grows member by member has not.
        const empty = JSON.parse(`{${keys.map((key) => `${JSON.stringify(key)}:null`).join(',')}}`);
        this.#shapes.push({ keys, empty });
        return;
      }
      case 'array': {
        this.#objects.push(this.#array(node));
        return;
      }
      case 'steps':
        this.#reached = 0;
        this.#objects.push([]);
        this.#extend(node);
        return;
      case 'map':
        this.#objects.push(new Map());
        this.#extend(node);
        return;
      case 'set':
        this.#objects.push(new Set());
        this.#extend(node);
        return;
      case 'more':
        this.#extend(node);
        return;
      case 'view':
        this.#objects.push(putTogether(String(node[1]), this.#value(node[2]!) as object));
        return;
      default:
        throw new Error(`there is no object of kind ${String(head)}`);
    }
  }

  /** Of what the last object holds; nothing refers to that yet. */
  #extend(node: Node): void {
    const list = this.#objects.at(-1);
    if (Array.isArray(list)) {
      for (let i = 1; i < node.length; i += 1) {
        const value = this.#value(node[i]!);
        if (this.#reached !== null) this.#reached += Number(value);
        list.push(this.#reached ?? value);
      }
      this.#isExtended = true;
    } else if (list instanceof Map)
      for (let i = 1; i < node.length; i += 2) list.set(this.#value(node[i]!), this.#value(node[i + 1]!));
    else if (list instanceof Set) for (let i = 1; i < node.length; i += 1) list.add(this.#value(node[i]!));
    else throw new Error('there is no list to go on with');
  }
  /** An array that has grown keeps room for more, a copy of it does not. */
  #trim(): void {
    if (this.#isExtended) this.#objects.push((this.#objects.pop() as unknown[]).slice());
    this.#isExtended = false;
  }

  #array(node: Node): unknown[] {
    if (node.length > MIN_NUMBERS && node.every((cell, i) => i === 0 || typeof cell === 'number')) {
      // Columns: an array that never held anything but numbers holds them without an object for each.
      const numbers: number[] = [];
      for (let i = 1; i < node.length; i += 1) numbers.push(node[i] as number);
      // A copy has no room for more.
      return numbers.slice();
    }
    // As long as it is: one that grows from nothing keeps room for 17, and most hold one.
    const array: unknown[] = node.slice(1);
    for (let i = 0; i < array.length; i += 1) array[i] = this.#value(array[i] as Cell);
    return array;
  }

  #plain(shape: number, node: Node): object {
    const known = this.#shapes[shape];
    if (known === undefined || known.keys.length !== node.length - 1) throw new Error(`there is no shape ${shape}`);
    const { empty, keys } = known;
    const object = { ...empty };
    for (let i = 0; i < keys.length; i += 1) object[keys[i]!] = this.#value(node[i + 1]!);
    return object;
  }

  #text(text: string): string {
    // The parser keeps one of shorter ones by itself.
    if (text.length <= PARSER_KEEPS || text.length > LONGEST_SHARED) return text;
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    this.#texts.set(text, text);
    return text;
  }

  #value(cell: Cell): unknown {
    if (typeof cell === 'string') return this.#text(cell);
    if (typeof cell !== 'object' || cell === null) return cell;
    const [what] = cell;
    if (typeof what === 'string') {
      if (!ODD.has(what)) throw new Error(`there is no value ${what}`);
      return ODD.get(what);
    }
    const object = this.#objects[what];
    if (object === undefined) throw new Error(`there is no object ${what}`);
    return object;
  }
}
