import { dirname, join, resolve } from 'node:path';
import { KEY_PREFIXES, profileOf, SIMULATED_VENUE, VENUE_NAMES, type VenueName } from '../core/venues.ts';
import { readHeadFilePath, readHome, readLockFolder } from './folders.ts';
import { findPackageFolder } from './package.ts';
import { type PaperConfig, readPaper, readPaperUrl, readSimToken } from './paper.ts';
import { readPassedSockets } from './passed-sockets.ts';
import { Reading } from './reading.ts';
import { type RemoteConsoleConfig, readRemoteConsole } from './remote-console.ts';
import { ALERT_SECRET_NAMES, type Environment, type Flags, SETTING_NAMES } from './settings.ts';
import { readTraces, type TracesConfig } from './traces.ts';
import {
  readPaperUrlFile,
  readVenueKeys,
  refuseGuessedVenue,
  refuseOtherVenues,
  type VenueKeys,
} from './venue-access.ts';

export { ConfigError } from './reading.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const COUNTDOWNS = ['regular', 'all', 'unknown'] as const;
export type CountdownSetting = (typeof COUNTDOWNS)[number];

export type ListenConfig =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'socket'; readonly path: string };

/** The daemon's configuration. It holds no secret, so it may be logged. Paths are absolute. */
export interface Config {
  readonly home: string;
  readonly venue: VenueName;
  readonly policyPath: string;
  /** Of alert routes. */
  readonly alertsPath: string;
  /** A setting names it; beside the policy it need not exist. */
  readonly isAlertsNamed: boolean;
  /** Alert channels may run a program. */
  readonly alertsExec: boolean;
  readonly listen: ListenConfig;
  /** Descriptors of listening sockets that a service manager opened for this process; none: it opens its own. */
  readonly passedSockets: readonly number[];
  /** Allowed host names of a Host header besides the loopback ones, in lower case, without a port. */
  readonly allowedHosts: readonly string[];
  /** Null: none is served. */
  readonly remoteConsole: RemoteConsoleConfig | null;
  /** Null on the other venues. */
  readonly paper: PaperConfig | null;
  readonly logLevel: LogLevel;
  readonly answerWithinMs: number;
  /** Records older than this are archived, ms; null: none are. */
  readonly archiveBeforeMs: number | null;
  readonly leaveOrders: boolean;
  /** What the venue's dead-man countdown cancels; on paper the simulated exchange says it itself. */
  readonly countdown: CountdownSetting;
  /** Where traces go; null: no execution is followed. */
  readonly traces: TracesConfig | null;
  /** The head file, outside the home. */
  readonly headFile: string;
  /** Of this user on this machine, whatever the home; null: the user has no home folder, and no setting names one. */
  readonly lockFolder: string | null;
  /** Only permits it: the arming itself is a record in the ledger. */
  readonly liveArmed: boolean;
}
export interface Secrets {
  readonly venueKeys: VenueKeys;
  /** Control token of the simulated exchange; null: tokens/sim.token. */
  readonly simToken: string | null;
  /** Secrets of alert channels, by the variable that each came from. */
  readonly alerts: Readonly<Record<string, string>>;
}

/**
 * Reads every setting; `flags` override `env`. Nothing else in the daemon reads the environment.
 *
 * @throws ConfigError with every problem at once
 */
export function readEnv(env: Environment, flags: Flags = {}): { readonly config: Config; readonly secrets: Secrets } {
  const reading = new Reading(env, flags);
  const venue = reading.choice('HOLDFAST_VENUE', VENUE_NAMES, SIMULATED_VENUE);
  refuseOtherVenues(reading, venue);
  const home = readHome(reading, env);
  const policyPath = readPolicyPath(reading);
  const listen = readListen(reading);
  const config: Config = {
    home,
    venue,
    policyPath,
    alertsPath: readAlertsPath(reading, policyPath),
    isAlertsNamed: reading.has('HOLDFAST_ALERTS'),
    alertsExec: reading.isSet('HOLDFAST_ALERTS_EXEC'),
    listen,
    passedSockets: readPassedSockets(reading, env, listen),
    allowedHosts: readAllowedHosts(reading),
    remoteConsole: readRemoteConsole(reading, listen),
    paper: profileOf(venue).isSimulated ? readPaper(reading) : null,
    logLevel: reading.choice('HOLDFAST_LOG_LEVEL', LOG_LEVELS, 'info'),
    answerWithinMs: reading.integer('HOLDFAST_ANSWER_WITHIN_MS', 0, 60_000, 3000),
    archiveBeforeMs: readArchiveBefore(reading),
    leaveOrders: reading.isSet('HOLDFAST_LEAVE_ORDERS'),
    countdown: readCountdown(reading, venue),
    traces: readTraces(reading),
    headFile: readHeadFilePath(reading, home, venue),
    lockFolder: readLockFolder(reading),
    liveArmed: reading.isSet('HOLDFAST_LIVE_ARMED'),
  };
  const secrets = {
    venueKeys: readVenueKeys(reading, venue),
    simToken: readSimToken(reading),
    alerts: readAlertSecrets(env),
  };
  reading.finish();
  return { config, secrets };
}

/** Settings that a verb needs to find a daemon, or its files. */
export interface ClientConfig {
  readonly home: string;
  readonly venue: VenueName;
  readonly listen: ListenConfig;
  readonly headFile: string;
  /** Null: a file of the home folder. */
  readonly token: string | null;
  /** Which of them somebody set: the others may mean any daemon. */
  readonly said: { readonly home: boolean; readonly venue: boolean; readonly host: boolean; readonly port: boolean };
}

/**
 * Reads only what it needs: a typo elsewhere must not stand between an operator and `halt`.
 *
 * @throws ConfigError with every problem at once
 */
export function readClientEnv(env: Environment, flags: Flags = {}): ClientConfig {
  const reading = new Reading(selectNames(env, CLIENT_NAMES), flags);
  const home = readHome(reading, env);
  const venue = reading.choice('HOLDFAST_VENUE', VENUE_NAMES, SIMULATED_VENUE);
  const config: ClientConfig = {
    home,
    venue,
    listen: readListen(reading),
    headFile: readHeadFilePath(reading, home, venue),
    token: reading.get('HOLDFAST_TOKEN'),
    said: {
      home: reading.has('HOLDFAST_HOME'),
      venue: reading.has('HOLDFAST_VENUE'),
      host: reading.has('HOLDFAST_HOST'),
      port: reading.has('HOLDFAST_PORT'),
    },
  };
  reading.finish();
  return config;
}

/**
 * The same for a verb that works on a ledger's files itself: what it did to that of another venue would look like done.
 *
 * @throws ConfigError with every problem at once
 */
export function readLedgerEnv(env: Environment, flags: Flags = {}): ClientConfig {
  const config = readClientEnv(env, flags);
  const reading = new Reading(selectNames(env, /^HOLDFAST_VENUE$/), flags);
  refuseGuessedVenue(reading, config.home);
  reading.finish();
  return config;
}

/** Venue and keys of the emergency exit, which uses neither daemon nor ledger. */
export interface VenueEnv {
  readonly home: string;
  readonly venue: VenueName;
  /** Origin of the simulated exchange; null on the other venues. */
  readonly paperUrl: string | null;
  /** The file that `paperUrl` comes from if no setting names it. It may be left from a start long ago. */
  readonly paperUrlFile: string | null;
  readonly venueKeys: VenueKeys;
}

/** Longest path of a unix socket: the kernel's limit less the terminating zero (macOS: 104). */
const MAX_SOCKET_PATH_BYTES = 103;

/**
 * The operator's entrance of a home: a unix socket, or null where those do not work (Windows, a path that is too long).
 * Then it is a separate loopback port, and {@link operatorUrlFile} has its address.
 */
export function operatorSocketPath(home: string, venue: VenueName): string | null {
  const path = join(home, venue, 'operator.sock');
  return process.platform === 'win32' || Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES ? null : path;
}

export function operatorUrlFile(home: string, venue: VenueName): string {
  return join(home, venue, 'operator.url');
}

const VENUE_SETTINGS = new RegExp(`^HOLDFAST_(?:VENUE|PAPER_\\w+)$|^(?:${KEY_PREFIXES.join('|')})_`);

/** Reads only what it needs. @throws ConfigError with every problem at once */
export function readVenueEnv(env: Environment, flags: Flags = {}): VenueEnv {
  const reading = new Reading(selectNames(env, VENUE_SETTINGS), flags);
  const venue = reading.choice('HOLDFAST_VENUE', VENUE_NAMES, SIMULATED_VENUE);
  const venueKeys = readVenueKeys(reading, venue);
  // Problems of the home folder are ignored: nothing needed is in it, and nothing may block this exit.
  const home = readHome(new Reading(selectNames(env, /^HOLDFAST_HOME$/), flags), env);
  refuseGuessedVenue(reading, home);
  const given = profileOf(venue).isSimulated ? readPaperUrl(reading) : null;
  const file = join(home, SIMULATED_VENUE, 'exchange.url');
  const kept = profileOf(venue).isSimulated && !reading.has('HOLDFAST_PAPER_URL') ? readPaperUrlFile(file) : null;
  if (profileOf(venue).isSimulated && given === null && kept === null) {
    reading.refuse(
      'HOLDFAST_PAPER_URL',
      `is needed: it gives the address of the simulated exchange (${file} does not)`,
    );
  }
  reading.finish();
  return { home, venue, paperUrl: given ?? kept, paperUrlFile: kept === null ? null : file, venueKeys };
}

const CLIENT_NAMES = /^HOLDFAST_(?:HOME|HEAD_FILE|VENUE|HOST|PORT|SOCKET|TOKEN)$/;

function selectNames(env: Environment, names: RegExp): Environment {
  return Object.fromEntries(SETTING_NAMES.flatMap((name) => (names.test(name) ? [[name, env[name]]] : [])));
}

/** It need not exist: a start with a policy in force goes on without the file. */
function readPolicyPath(reading: Reading): string {
  const text = reading.get('HOLDFAST_POLICY');
  return text === null ? join(findPackageFolder(), 'policies', 'default.yaml') : resolve(text);
}

/** It need not exist: a home that has run before goes on with the routes in force. */
function readAlertsPath(reading: Reading, policyPath: string): string {
  const text = reading.get('HOLDFAST_ALERTS');
  return text === null ? join(dirname(policyPath), 'alerts.yaml') : resolve(text);
}

export function readAlertSecrets(env: Environment): Readonly<Record<string, string>> {
  const found: [string, string][] = [];
  for (const [name, value] of Object.entries(env))
    if (ALERT_SECRET_NAMES.test(name) && value !== undefined && value !== '') found.push([name, value]);
  return Object.fromEntries(found);
}

/** Of the daemon that is started with these settings: whether its alert channels may run programs. */
export function readAlertsExec(env: Environment, { alertsExec }: { readonly alertsExec?: boolean }): boolean {
  const reading = new Reading(env, alertsExec === true ? { HOLDFAST_ALERTS_EXEC: '1' } : {});
  const isSet = reading.isSet('HOLDFAST_ALERTS_EXEC');
  reading.finish();
  return isSet;
}

function readListen(reading: Reading): ListenConfig {
  const socket = reading.get('HOLDFAST_SOCKET');
  const host = reading.get('HOLDFAST_HOST') ?? '127.0.0.1';
  const port = reading.integer('HOLDFAST_PORT', 0, 65_535, 7433);
  if (!/^(?:[A-Za-z0-9.-]{1,253}|[0-9A-Fa-f:.]{2,45})$/.test(host)) {
    reading.refuse('HOLDFAST_HOST', 'is not an address or a host name');
  }
  const isSocketFlag = reading.isFlag('HOLDFAST_SOCKET');
  const isTcpFlag = reading.isFlag('HOLDFAST_HOST') || reading.isFlag('HOLDFAST_PORT');
  if (socket === null || (isTcpFlag && !isSocketFlag)) return { kind: 'tcp', host, port };
  for (const name of ['HOLDFAST_HOST', 'HOLDFAST_PORT'] as const) {
    // The flag --socket overrides a variable; two of the same kind contradict each other.
    if (reading.has(name) && reading.isFlag(name) === isSocketFlag)
      reading.refuse(name, 'and HOLDFAST_SOCKET are both set; keep one');
  }
  const path = resolve(socket);
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES)
    reading.refuse('HOLDFAST_SOCKET', `is longer than ${MAX_SOCKET_PATH_BYTES} bytes`);
  return { kind: 'socket', path };
}

function readCountdown(reading: Reading, venue: VenueName): CountdownSetting {
  if (profileOf(venue).isSimulated && reading.has('HOLDFAST_COUNTDOWN'))
    reading.refuse('HOLDFAST_COUNTDOWN', 'is of Binance: a simulated exchange says it itself');
  return reading.choice('HOLDFAST_COUNTDOWN', COUNTDOWNS, 'unknown');
}

const DAY_MS = 86_400_000;
const MAX_DAYS = 36_500;

/** Whole days: the budgets of a day, and what is compared with the venue at a start, are of the last one. */
function readArchiveBefore(reading: Reading): number | null {
  const text = reading.get('HOLDFAST_ARCHIVE_BEFORE');
  if (text === null) return null;
  const days = Number(/^([1-9]\d{0,4})d$/.exec(text)?.[1] ?? Number.NaN);
  if (days <= MAX_DAYS) return days * DAY_MS;
  reading.refuse('HOLDFAST_ARCHIVE_BEFORE', 'is not a number of days from 1d to 36500d, such as 30d');
  return null;
}

function readAllowedHosts(reading: Reading): readonly string[] {
  const names = (reading.get('HOLDFAST_ALLOWED_HOSTS') ?? '').toLowerCase().split(',');
  const hosts = names.map((name) => name.trim()).filter((name) => name !== '');
  for (const host of hosts) {
    if (/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(host)) continue;
    reading.refuse('HOLDFAST_ALLOWED_HOSTS', `holds ${JSON.stringify(host.slice(0, 80))}, which is not a host name`);
  }
  return hosts;
}
