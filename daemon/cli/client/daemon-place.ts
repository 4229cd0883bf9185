import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { type ClientConfig, operatorSocketPath, operatorUrlFile, readClientEnv } from '../../config/config.ts';
import type { Environment } from '../../config/settings.ts';
import { VENUE_NAMES, type VenueName } from '../../core/venues.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import type { ConnectionOptions } from '../verb.ts';
import type { Claims, Place } from './proven-connection.ts';
import { findRunningDaemon } from './running-daemon.ts';
import { describeTarget } from './target.ts';

export type Role = 'agent' | 'monitor' | 'operator';

/** Where a client goes, and which daemon is meant. */
export interface Way {
  readonly place: Place;
  /** Whether the daemon there is the one of the settings. @throws CliError */
  check(claims: Claims): void;
}

/**
 * Agents' verbs go to the address of the settings. Those of operators and monitors go to the operator's socket of the home,
 * or over TCP where that is said; never the one for want of the other. @throws CliError, ConfigError
 */
export function findWay(
  env: Environment,
  options: ConnectionOptions,
  role: Role | null,
): { readonly config: ClientConfig; readonly way: Way } {
  // With --url no other setting says where the daemon is, so no other setting is checked.
  const nowhere = { HOLDFAST_HOST: undefined, HOLDFAST_PORT: undefined, HOLDFAST_SOCKET: undefined };
  const config = readClientEnv(options.url === undefined ? env : { ...env, ...nowhere }, {
    ...(options.home === undefined ? {} : { HOLDFAST_HOME: options.home }),
    ...(options.socket === undefined ? {} : { HOLDFAST_SOCKET: options.socket }),
  });
  const isOperators = role === 'operator' || role === 'monitor';
  const isSaid = options.url !== undefined || options.tcp === true || config.listen.kind === 'socket';
  const isOwn = isOperators && !isSaid;
  const place = isOwn ? findOperatorEntrance(config) : locate(config, options);
  return { config, way: { place, check: (claims) => requireMeant(config, claims, isOwn) } };
}

/** The entrance of the daemon that runs on this home: of its venue, or of the one venue that runs there. */
function findOperatorEntrance({ home, said, venue }: ClientConfig): Place {
  const running = (said.venue ? [venue] : VENUE_NAMES).filter((each) => findRunningDaemon(join(home, each)) !== null);
  const [only, second] = running;
  if (second !== undefined)
    throw new CliError(
      EXIT.USAGE,
      `Daemons of ${running.join(' and ')} run on ${home}; say which with HOLDFAST_VENUE.`,
    );
  const place = only === undefined ? null : entranceOf(home, only);
  if (place !== null) return place;
  throw new CliError(
    EXIT.UNREACHABLE,
    `No daemon${said.venue ? ` of ${venue}` : ''} runs on ${home}. Start one with \`./holdfast start\`, or say where it is: --home DIR, or over TCP --tcp (HOLDFAST_HOST, HOLDFAST_PORT) or --url URL.`,
  );
}

function entranceOf(home: string, venue: VenueName): Place | null {
  const path = operatorSocketPath(home, venue);
  if (path !== null) return existsSync(path) ? { origin: 'http://localhost', socketPath: path } : null;
  const file = operatorUrlFile(home, venue);
  const url = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  return /^http:\/\/127\.0\.0\.1:\d{1,5}$/.test(url) ? { origin: url, socketPath: null } : null;
}

function locate(config: ClientConfig, { url, socket, tcp }: ConnectionOptions): Place {
  if ([url !== undefined, socket !== undefined, tcp === true].filter(Boolean).length > 1)
    throw new CliError(EXIT.USAGE, 'Give one of --url, --socket and --tcp.');
  if (url !== undefined) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
      throw new CliError(EXIT.USAGE, '--url must be an http URL such as http://127.0.0.1:7433');
    return { origin: new URL(url).origin, socketPath: null };
  }
  if (config.listen.kind === 'socket') {
    if (tcp === true) throw new CliError(EXIT.USAGE, '--tcp and HOLDFAST_SOCKET contradict each other; keep one.');
    return { origin: 'http://localhost', socketPath: config.listen.path };
  }
  const { host, port } = config.listen;
  // A wildcard address to listen on is no address to connect to.
  const called = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return { origin: `http://${called.includes(':') ? `[${called}]` : called}:${port}`, socketPath: null };
}

/**
 * RISK: an act at another daemon than the one that was meant looks like done. `isOwn`: it was found by its home, so the
 * address is what may differ. @throws CliError
 */
function requireMeant({ home, listen, said, venue }: ClientConfig, claims: Claims, isOwn: boolean): void {
  const refuse = (setting: string, wanted: string, found: string): never => {
    throw new CliError(
      EXIT.USAGE,
      `${setting} says ${wanted}, but the daemon that was found (${describeTarget(claims)}) has ${found}. Nothing was sent; correct one of the two.`,
    );
  };
  if (said.venue && claims.venue !== venue) refuse('HOLDFAST_VENUE', venue, claims.venue);
  if (!isOwn) {
    if (said.home && claims.home !== null && !isSameFolder(home, claims.home))
      refuse('HOLDFAST_HOME', home, claims.home);
    return;
  }
  if (listen.kind !== 'tcp') return;
  const { hostname, port } = claims.address.startsWith('http') ? new URL(claims.address) : { hostname: '', port: '' };
  if (said.port && listen.port !== 0 && port !== String(listen.port))
    refuse('HOLDFAST_PORT', String(listen.port), claims.address);
  const plain = (host: string): string => host.replace(/^\[|\]$/g, '').replace(/^localhost$/, '127.0.0.1');
  if (said.host && plain(hostname) !== plain(listen.host)) refuse('HOLDFAST_HOST', listen.host, claims.address);
}

function isSameFolder(one: string, other: string): boolean {
  const real = (path: string): string => (existsSync(path) ? realpathSync(path) : path);
  return real(one) === real(other);
}
