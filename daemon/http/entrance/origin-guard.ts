import type { IncomingMessage } from 'node:http';
import { ApiError } from '../errors.ts';

export interface OriginRules {
  /** Host headers that name this daemon, lower case, with the port unless it is 80. */
  readonly hosts: ReadonlySet<string>;
  /** Origins of other web pages that may call (`http://127.0.0.1:3000`), lower case. */
  readonly origins: ReadonlySet<string>;
  /**
   * Of the pages that a proxy with TLS serves for it, if there is one: then no other one is its own, whatever changes
   * something has to name it, and a link of another site leads to its page, which asks for a passkey.
   */
  readonly own?: string;
}

/**
 * Guards against web pages in the operator's browser (CSRF, DNS rebinding) and requests that two parsers read
 * differently (BY-25). A header sent twice arrives here with both values joined, so no allowlist contains it. Node
 * itself refuses two Content-Lengths, and Transfer-Encoding beside Content-Length.
 *
 * @throws ApiError BAD_REQUEST, HTTP_VERSION, HOST_NOT_ALLOWED, ORIGIN_NOT_ALLOWED
 */
export function checkOrigin(request: IncomingMessage, rules: OriginRules): void {
  if (request.httpVersionMajor !== 1 || request.httpVersionMinor !== 1) {
    throw new ApiError('HTTP_VERSION', 'Use HTTP/1.1.');
  }
  // A target such as http://other/v1/tools would name its own host.
  if (request.url?.charCodeAt(0) !== 0x2f) throw new ApiError('BAD_REQUEST', 'The request target must be a path.');
  const { host, origin, 'sec-fetch-site': site, 'transfer-encoding': coding } = request.headers;
  // Node uses the last coding for the framing and ignores those before it; a proxy may decode those as well.
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    throw new ApiError('BAD_REQUEST', 'Transfer-Encoding may only be chunked.');
  if (host === undefined || !isHostAllowed(host, rules)) {
    throw new ApiError('HOST_NOT_ALLOWED', 'The Host header does not name this daemon.');
  }
  if (origin !== undefined && !isOriginAllowed(origin, host, rules)) {
    throw new ApiError('ORIGIN_NOT_ALLOWED', 'Web pages of other origins may not call this daemon.');
  }
  if (rules.own !== undefined && origin === undefined && !HARMLESS.has(request.method ?? ''))
    throw new ApiError('ORIGIN_NOT_ALLOWED', 'Only the page of this console may call it.');
  if (rules.own !== undefined && isLinkToPage(request)) return;
  if (site !== undefined && !OWN_SITES.has(site) && (origin === undefined || !isNamed(origin, rules))) {
    const isLink = request.headers['sec-fetch-mode'] === 'navigate';
    throw new ApiError('ORIGIN_NOT_ALLOWED', isLink ? FOREIGN_LINK : 'Other sites may not call this daemon.');
  }
}

/**
 * What every browser says of who makes it ask, also for images, scripts and frames, which have no Origin: its user, or a
 * page of this very origin. Another port of this machine is the same site, and not ours.
 */
const OWN_SITES: ReadonlySet<string> = new Set(['none', 'same-origin']);
const FOREIGN_LINK = 'Another site has led here. Type this address, or copy it into a new tab.';

const HARMLESS: ReadonlySet<string> = new Set(['GET', 'HEAD']);
/** A message that says who waits for an approval leads here, from whatever shows it. */
function isLinkToPage({ headers, method, url }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    url === '/' &&
    headers['sec-fetch-mode'] === 'navigate' &&
    headers['sec-fetch-dest'] === 'document' &&
    headers.origin === undefined
  );
}

function isHostAllowed(host: string, rules: OriginRules): boolean {
  return rules.hosts.has(host) || rules.hosts.has(host.toLowerCase());
}

/** The console, which the daemon itself serves, has the daemon's address as its origin. */
function isOriginAllowed(origin: string, host: string, rules: OriginRules): boolean {
  return origin.toLowerCase() === (rules.own ?? `http://${host.toLowerCase()}`) || isNamed(origin, rules);
}
/** By the operator. */
function isNamed(origin: string, rules: OriginRules): boolean {
  return rules.origins.has(origin.toLowerCase());
}

/**
 * Host headers that address a listener: the loopback names and addresses that it holds, with its port, and names that
 * the operator gives, with that port or whatever a proxy before it makes of them.
 */
export function hostsOf(held: readonly string[], port: number, extra: readonly string[]): ReadonlySet<string> {
  const hosts = new Set(extra.map((each) => each.toLowerCase()));
  for (const name of [...held, ...extra].map((each) => each.toLowerCase())) {
    hosts.add(`${name}:${port}`);
    if (port === 80) hosts.add(name);
  }
  return hosts;
}

/** The same for a unix socket, which no web page can reach. */
export function hostsOfSocket(extra: readonly string[]): ReadonlySet<string> {
  return new Set(['localhost', '127.0.0.1', ...extra.map((each) => each.toLowerCase())]);
}
