/**
 * ccxt gives every instance some thousands of properties: names in two spellings, three thousand methods of its
 * interface, and a description of the exchange that is put together again. Two instances a start are most of what a
 * short world costs. Here one instance is made in full; what of it cannot change lies on the class for all that follow,
 * and the rest is copied for each. A signature is computed by the process's own SHA-256 instead of one in JavaScript.
 * Whoever is constructed afterwards does the same as before. It is loaded before the first world, so that no world's
 * time depends on a module that is being read.
 */
import { sign } from '../../daemon/exchange-sim/rest/auth.ts';

interface Defining {
  readonly id: string;
  defineRestApi(api: unknown, methodName: string, paths?: readonly string[]): void;
  defineRestApiEndpoint(...args: readonly unknown[]): void;
  capitalize(text: string): string;
}
type Method = (this: Record<string, (...args: unknown[]) => unknown>, params?: object, context?: object) => unknown;
type Bag = Record<string, unknown>;
type Hash = (bytes: Uint8Array) => Uint8Array;

/** Parts of the description that ccxt only reads. */
const READ_ONLY = new Set(['api', 'countries', 'exceptions', 'features', 'fees', 'has', 'timeframes', 'userAgents']);

const address = new URL('./src/binanceusdm.js', import.meta.resolve('ccxt')).href;
const { default: Base } = (await import(address)) as {
  readonly default: { new (config: object): Bag; readonly prototype: Defining & Bag };
};
const shared = Base.prototype;
shareEndpoints();
const own = shareInstance(new Base({}));

/** In the place of ccxt's own constructors. */
class Prepared {
  constructor(config: Readonly<Bag>) {
    const self = this as unknown as Bag & { deepExtend(...objects: unknown[]): unknown };
    for (const [name, value] of own) self[name] = copy(value);
    for (const [name, value] of Object.entries(config))
      self[name] = isPlain(value) ? self.deepExtend(self[name], value) : value;
  }
}
Object.setPrototypeOf(Base, Prepared);

/** Methods of the interface, for whoever they are called on. */
function shareEndpoints(): void {
  const define = shared.defineRestApi;
  shared.defineRestApi = function defineShared(api, methodName) {
    // The instance has further functions of its own.
    const collector = Object.create(this) as Defining;
    collector.defineRestApi = define;
    collector.defineRestApiEndpoint = defineEndpoint;
    define.call(collector, api, methodName);
  };
}

/** As ccxt's own, without an instance. */
function defineEndpoint(this: Defining, ...args: readonly unknown[]): void {
  const [methodName, upper, lower, camel, path, paths, config = {}] = args as [
    string,
    string,
    string,
    string,
    string,
    readonly string[],
    object | undefined,
  ];
  const words = path.split(/[^a-zA-Z0-9]/);
  const capitalize = (text: string): string => this.capitalize(text);
  const [first = '', ...rest] = paths;
  const type = paths.length > 1 ? paths : first;
  const method: Method = async function (params = {}, context = {}) {
    return this[methodName]?.(path, type, upper, params, undefined, undefined, config, context);
  };
  const trim = (texts: readonly string[]): string[] => texts.map((text) => text.trim()).filter((text) => text !== '');
  const camelName = `${first}${rest.map(capitalize).join('')}${camel}${capitalize(words.map(capitalize).join(''))}`;
  const underscored = trim(words.map((word) => word.toLowerCase())).join('_');
  const underscoreName = `${[first, ...trim(rest)].join('_')}_${lower}_${underscored}`;
  for (const name of [camelName, underscoreName]) share(name, method);
}

/** Puts on the class what no instance changes; what is left, each instance has for itself. */
function shareInstance(instance: Bag): readonly (readonly [string, unknown])[] {
  const left: (readonly [string, unknown])[] = [];
  const sha256 = findSha256(instance);
  for (const [name, value] of Object.entries(instance)) {
    if (READ_ONLY.has(name)) share(name, freeze(value));
    else if (typeof value !== 'object' || value === null) {
      if (shared[name] !== value) share(name, value);
    } else if (Array.isArray(value) || isPlain(value)) left.push([name, value]);
    else share(name, value);
  }
  share('encode', (text: string) => text);
  share('hmac', (request: string, secret: string, digestOf: Hash) => {
    if (digestOf !== sha256) throw new Error('ccxt signs in another way than expected');
    return sign(request, secret);
  });
  return left;
}

function share(name: string, value: unknown): void {
  Object.defineProperty(shared, name, { value, writable: true, configurable: true });
}

/** The hash that ccxt signs with, found by having it sign something. */
function findSha256(instance: Bag): Hash {
  let found: Hash | null = null;
  const spy = Object.create(instance) as Bag & { sign(path: string, api: string, method: string): unknown };
  Object.assign(spy, {
    apiKey: 'key',
    secret: 'secret',
    hmac: (_request: string, _secret: string, digestOf: Hash) => {
      found = digestOf;
      return '';
    },
  });
  spy.sign('order', 'fapiPrivate', 'GET');
  if (found === null) throw new Error('ccxt signs in another way than expected');
  return found;
}

function isPlain(value: unknown): value is Bag {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Arrays and plain objects in depth; anything else is itself. */
function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (!isPlain(value)) return value;
  const copied: Bag = {};
  for (const name of Object.keys(value)) copied[name] = copy(value[name]);
  return copied;
}

function freeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  for (const part of Object.values(value)) freeze(part);
  return Object.freeze(value);
}
