/**
 * ccxt gives every instance some three thousand methods of its own, two instances a start: more than all else that a
 * short world does. Here they are put on the class once; they do the same. It is loaded before the first world, so that
 * no world's time depends on a module that is being read.
 */
interface Defining {
  readonly id: string;
  defineRestApi(api: unknown, methodName: string, paths?: readonly string[]): void;
  defineRestApiEndpoint(...args: readonly unknown[]): void;
  capitalize(text: string): string;
}
type Method = (this: Record<string, (...args: unknown[]) => unknown>, params?: object, context?: object) => unknown;

const address = new URL('./src/binanceusdm.js', import.meta.resolve('ccxt')).href;
const { default: Base } = (await import(address)) as { readonly default: { readonly prototype: Defining } };
const shared = Base.prototype;
const define = shared.defineRestApi;
let isDefined = false;

shared.defineRestApi = function defineOnce(api, methodName) {
  if (isDefined) return;
  isDefined = true;
  // The instance has further functions of its own.
  const collector = Object.create(this) as Defining;
  collector.defineRestApi = define;
  collector.defineRestApiEndpoint = defineShared;
  define.call(collector, api, methodName);
};

/** As ccxt's own, for whoever the method is called on. */
function defineShared(this: Defining, ...args: readonly unknown[]): void {
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
  for (const name of [camelName, underscoreName])
    Object.defineProperty(shared, name, { value: method, writable: true, configurable: true });
}
