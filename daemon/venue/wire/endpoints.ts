import type { VenueName } from '../../core/venues.ts';

/** The venue and its keys. Only `paper` has its own base URL; the others use the exchange's. */
export type VenueAccess =
  | { readonly venue: 'paper'; readonly baseUrl: string; readonly apiKey: string; readonly secret: string }
  | { readonly venue: 'binance-demo' | 'binance-live'; readonly apiKey: string; readonly secret: string };

/** The configuration would send orders elsewhere than its name says; refused at start (BY-28). */
export class VenueMismatchError extends Error {
  override readonly name = 'VenueMismatchError';
}

const DEMO_HOSTS = new Set(['demo-fapi.binance.com', 'demo-dapi.binance.com', 'demo-api.binance.com']);
const LIVE_HOSTS = new Set([
  'fapi.binance.com',
  'dapi.binance.com',
  'eapi.binance.com',
  'papi.binance.com',
  'api.binance.com',
]);
/** The keys of ccxt's `urls.api` that this module uses. */
const USED_KEYS = ['fapiPublic', 'fapiPrivate', 'fapiPrivateV3'] as const;

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new VenueMismatchError('a venue URL is not a URL');
  }
}
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** Origin of the simulated exchange: plain HTTP on a loopback address, nothing else in the URL. */
export function parsePaperOrigin(baseUrl: string): string {
  const url = parseUrl(baseUrl);
  if (url.protocol !== 'http:' || !isLoopback(url.hostname)) {
    throw new VenueMismatchError('venue paper needs an http URL on a loopback address');
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '' || url.pathname !== '/') {
    throw new VenueMismatchError('the URL of venue paper may hold a host and a port only');
  }
  return url.origin;
}
/** Moves every ccxt endpoint to `origin`, keeping its path: a partial override would leave the others live. */
export function moveEndpoints(urls: Readonly<Record<string, unknown>>, origin: string): Record<string, string> {
  const moved: Record<string, string> = {};
  for (const [key, value] of Object.entries(urls)) {
    if (typeof value !== 'string') throw new VenueMismatchError(`endpoint ${key} is not a URL`);
    moved[key] = origin + parseUrl(value).pathname;
  }
  return moved;
}
/** Refuses a set of endpoints if one is outside the venue; returns the origins that requests may go to. */
export function checkEndpoints(
  venue: VenueName,
  urls: Readonly<Record<string, unknown>>,
  paperOrigin: string | null,
): ReadonlySet<string> {
  const origins = new Set<string>();
  for (const key of USED_KEYS) {
    if (!(key in urls)) throw new VenueMismatchError(`endpoint ${key} is missing`);
  }
  for (const [key, value] of Object.entries(urls)) {
    if (typeof value !== 'string') throw new VenueMismatchError(`endpoint ${key} is not a URL`);
    const url = parseUrl(value);
    const isOurs =
      venue === 'paper'
        ? paperOrigin !== null && url.origin === paperOrigin
        : url.protocol === 'https:' &&
          url.port === '' &&
          (venue === 'binance-demo' ? DEMO_HOSTS : LIVE_HOSTS).has(url.host);
    if (!isOurs) throw new VenueMismatchError(`endpoint ${key} is not one of venue ${venue}`);
    origins.add(url.origin);
  }
  return origins;
}
