/** Where a console is served. Browsers keep passkeys by the name in it, and say it in what those sign. */

/** The console on this machine, on whatever port. */
const LOCAL = /^http:\/\/localhost(?::\d{1,5})?$/;
const REMOTE =
  /^https:\/\/([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*)(?::(\d{1,5}))?$/;
const ADDRESS = /^(?:\d+|0x[0-9a-f]+)(?:\.|$)/;
const LONGEST_NAME = 253;
const LAST_PORT = 65_535;
const TLS_PORT = 443;

export const isLocalOrigin = (origin: string): boolean => LOCAL.test(origin);

/** `https://desk.example.ts.net:8443` -> `desk.example.ts.net:8443`, the Host header under which it is asked for. */
export const hostOf = (origin: string): string => origin.replace(/^https?:\/\//, '');
/** The same without the port: the name that passkeys are kept under. */
export const rpIdOf = (origin: string): string => hostOf(origin).replace(/:\d+$/, '');

/**
 * Whether a key that was enrolled on a page of the one origin counts on a page of the other: the local console may move to
 * another port, a remote one is exactly that origin.
 */
export const isKeyOf = (keyOrigin: string, pageOrigin: string): boolean =>
  isLocalOrigin(keyOrigin) ? isLocalOrigin(pageOrigin) : keyOrigin === pageOrigin;

/** What keeps a text from being the origin of a remote console; null: nothing. */
export function findOriginProblem(text: string): string | null {
  if (/^http:/i.test(text)) return 'is not https: browsers have passkeys on pages with TLS alone, beside localhost';
  if (/^https:\/\/[^/?#]*[/?#]/i.test(text))
    return 'has a path: an origin is https, a name and perhaps a port, without a slash at its end';
  const [, name = '', port = null] = REMOTE.exec(text) ?? [];
  if (name === '' || name.length > LONGEST_NAME)
    return 'is not an origin such as https://desk.example.ts.net, in lower case';
  if (name === 'localhost' || name.endsWith('.localhost'))
    return 'names localhost: the console is there already, under http';
  if (ADDRESS.test(name.slice(name.lastIndexOf('.') + 1))) return 'has an address: passkeys are kept under names';
  if (port === null) return null;
  if (Number(port) === TLS_PORT) return 'says port 443, which browsers leave out: leave it out';
  return Number(port) >= 1 && Number(port) <= LAST_PORT && !port.startsWith('0') ? null : 'has a port that is none';
}
