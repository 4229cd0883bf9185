import { SIMULATED_VENUE, VENUE_NAMES, VENUES, type VenueName } from '../../../core/venues.ts';
import { FetchError } from '../../facts/out-folder.ts';

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** The origin to fetch from: https, or http on a loopback address, and nothing but a host in it. @throws FetchError */
export function parseBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url !== null && url.username + url.password + url.search + url.hash === '' && url.pathname === '/';
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname));
  if (url !== null && isPlain && isSafe) return url.origin;
  // The text is not shown: it may hold a password.
  throw new FetchError('the base URL must be https://HOST, or http://127.0.0.1:PORT on this machine, and nothing more');
}

/**
 * Whose API key may be shown to an origin; null: nobody's. A key goes to the exchange that issued it, never elsewhere.
 */
export function venueOfOrigin(origin: string): VenueName | null {
  const { hostname, protocol } = new URL(origin);
  const issuer = VENUE_NAMES.find((venue) => VENUES[venue].origin === origin);
  return issuer ?? (protocol === 'http:' && LOOPBACK.test(hostname) ? SIMULATED_VENUE : null);
}
