import { lookup as resolve } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/**
 * Where alerts may be sent. RISK: whoever writes the file of alert routes makes the daemon send requests, perhaps to
 * what only this machine reaches. https goes to public addresses; to private ones if the channel says so; plain http to
 * loopback alone. The address is checked when it is connected to, so that a name cannot change between check and use.
 */

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');
const PRIVATE = new BlockList();
for (const [net, prefix] of [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  PRIVATE.addSubnet(net, prefix, 'ipv4');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');
/**
 * IANA's registries of special-purpose addresses (RFC 6890) but for those above. Never: this host, link-local (metadata
 * services), relays, benchmarks, documentation, multicast, reserved.
 */
const NEVER = new BlockList();
for (const [net, prefix] of [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  NEVER.addSubnet(net, prefix, 'ipv4');
/** All of IPv6 that is assigned as global unicast. RISK: the rest wraps IPv4, or is link-local, site-local, unassigned. */
const GLOBAL = new BlockList();
GLOBAL.addSubnet('2000::', 3, 'ipv6');
/** Parts of it that are special: protocols and tunnels (Teredo), documentation, 6to4. */
for (const [net, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  NEVER.addSubnet(net, prefix, 'ipv6');
/** IPv4 as a socket of IPv6 has it: the same address. */
const MAPPED = new BlockList();
MAPPED.addSubnet('::ffff:0:0', 96, 'ipv6');

export type Reach = 'loopback' | 'private' | 'public';

/** Of an address in numbers; null: nothing is sent there. */
export function reachOf(address: string): Reach | null {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(address) === 0) return null;
  // A list of IPv4 also judges IPv6 that only wraps one (`::ffff:127.0.0.1`).
  if (LOOPBACK.check(address, family)) return 'loopback';
  if (NEVER.check(address, family)) return null;
  if (PRIVATE.check(address, family)) return 'private';
  const isPublic = family === 'ipv4' || MAPPED.check(address, family) || GLOBAL.check(address, family);
  return isPublic ? 'public' : null;
}

/** Host of a URL without the brackets of IPv6. */
function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

function isLoopbackName(host: string): boolean {
  return host === 'localhost' || reachOf(host) === 'loopback';
}

/** What is wrong with a URL before anything is looked up; null: nothing. */
export function findTargetProblem(text: string): string | null {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return 'is not a URL';
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'is neither https nor http';
  if (url.username !== '' || url.password !== '') return 'has a user or a password in it';
  const host = hostOf(url);
  if (url.protocol === 'http:' && !isLoopbackName(host)) return 'is plain http; that is for loopback only';
  if (isIP(host) !== 0 && reachOf(host) === null) return 'is an address that nothing is sent to';
  return null;
}

/** Ranges that a channel may connect to. */
export function reachesOf(text: string, mayBePrivate: boolean): ReadonlySet<Reach> {
  if (isLoopbackName(hostOf(new URL(text)))) return new Set(['loopback']);
  return new Set<Reach>(mayBePrivate ? ['private', 'public'] : ['public']);
}

/** An address given in numbers is connected to without a look-up. */
export function isReachable(text: string, reaches: ReadonlySet<Reach>): boolean {
  const host = hostOf(new URL(text));
  if (isIP(host) === 0) return true;
  const reach = reachOf(host);
  return reach !== null && reaches.has(reach);
}

export class AddressError extends Error {
  readonly code = 'ADDRESS_REFUSED';
}

/** A look-up that answers only what may be connected to. */
export function lookupWithin(reaches: ReadonlySet<Reach>): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        callback(error, '', 0);
        return;
      }
      const allowed = found.filter(({ address }) => {
        const reach = reachOf(address);
        return reach !== null && reaches.has(reach);
      });
      const [first] = allowed;
      if (first === undefined) callback(new AddressError(`${hostname} has no address that may be sent to`), '', 0);
      else if (options.all === true) callback(null, allowed);
      else callback(null, first.address, first.family);
    });
  };
}
