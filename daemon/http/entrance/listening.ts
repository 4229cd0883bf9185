import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { type AddressInfo, connect, type Server as NetServer } from 'node:net';
import type { FastifyInstance, FastifyListenOptions } from 'fastify';
import { codeOf } from '../errors.ts';
import type { After } from '../streams/brief-streams.ts';
import { closeServer, hasAddress, holdLoopbacks, LOOPBACKS, type Loopbacks, listenBeside } from './loopbacks.ts';
import { hostsOf, hostsOfSocket } from './origin-guard.ts';

/** Time for requests in flight. After it connections are cut, so that the whole stop takes less than 2 s. */
export const GRACE_MS = 1500;
const SWEEP_MS = 20;

/**
 * Stops listening, lets requests in flight finish and closes each connection when it becomes idle. Fastify alone would
 * wait until the client of a kept-alive connection hangs up.
 */
export async function closeConnections(app: FastifyInstance, after: After): Promise<void> {
  const sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS);
  const deadline = after(GRACE_MS, () => app.server.closeAllConnections());
  try {
    const closed = app.close();
    app.server.closeIdleConnections();
    await closed;
  } finally {
    clearInterval(sweep);
    deadline.cancel();
  }
}

/** Where to listen. Port 0 picks a free one. */
export type HttpAddress = TcpAddress | { readonly socketPath: string };

export interface TcpAddress {
  readonly host: string;
  readonly port: number;
  /** Descriptors of the sockets at it that somebody else has opened and keeps. The port is no 0 then. */
  readonly passed?: readonly number[];
}

export interface Listening {
  readonly address: string;
  readonly port: number | null;
}

export interface NamedAddress {
  readonly where: Listening;
  /** The address that is listened on; null on a unix socket. */
  readonly host: string | null;
  /** Host headers that name it. */
  readonly hosts: ReadonlySet<string>;
}
export interface OpenAddress {
  readonly where: Listening;
  /** Held with it; null: a socket, or an address that is called alone. */
  readonly loopbacks: Loopbacks | null;
}

export interface Opening {
  readonly isMain: boolean;
  /** The operator's own names of this machine, in Host headers. */
  readonly names: readonly string[];
  /** Told as soon as the address is known: for a passed socket, on which callers may wait, before it is listened on. */
  onNamed(address: NamedAddress): void;
}

/**
 * Opens one entrance. The main one, on loopback, holds both addresses of it.
 *
 * @throws Error when an address is in use or unavailable
 */
export async function openAddress(
  app: FastifyInstance,
  wanted: HttpAddress,
  { isMain, names, onNamed }: Opening,
): Promise<OpenAddress> {
  if ('socketPath' in wanted) {
    const where = await listenOnSocket(app, wanted.socketPath);
    onNamed({ where, host: null, hosts: hostsOfSocket(names) });
    return { where, loopbacks: null };
  }
  const host = wanted.host === 'localhost' ? '127.0.0.1' : wanted.host;
  const name = (where: Listening, held: readonly string[]): void =>
    onNamed({ where, host, hosts: hostsOf(held.length > 0 ? held : [nameOf(host)], where.port ?? 0, names) });
  // Before a connection comes through the other one.
  await app.ready();
  const { port, passed = [] } = wanted;
  if (passed.length > 0) {
    const where = { address: `http://${nameOf(host)}:${port}`, port };
    return { where, loopbacks: await takePassedSockets(app, { host, port, passed }, (held) => name(where, held)) };
  }
  const loopbacks = isMain ? await holdLoopbacks(app.server, host, port) : null;
  try {
    const where = await listenOnTcp(app, host, loopbacks?.port ?? port);
    name(where, loopbacks?.names ?? []);
    return { where, loopbacks };
  } catch (error) {
    await loopbacks?.close();
    throw error;
  }
}

const nameOf = (host: string): string => (host.includes(':') ? `[${host}]` : host);

async function listenOnTcp(app: FastifyInstance, host: string, wanted: number): Promise<Listening> {
  await app.listen({ host, port: wanted });
  const { port } = app.server.address() as AddressInfo;
  return { address: `http://${nameOf(host)}:${port}`, port };
}

async function listenOnSocket(app: FastifyInstance, path: string): Promise<Listening> {
  await removeStaleSocket(path);
  await app.listen({ path });
  chmodSync(path, 0o600);
  return { address: `unix:${path}`, port: null };
}

/** Removes a socket file that a killed daemon left behind; never another kind of file, never one in use. */
async function removeStaleSocket(path: string): Promise<void> {
  try {
    if (!lstatSync(path).isSocket()) throw new Error(`${path} exists and is not a socket.`);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  if (await isAnswered(path)) throw new Error(`Another process listens on ${path}.`);
  unlinkSync(path);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

interface Passed {
  readonly host: string;
  readonly port: number;
  /** Descriptors of listening sockets, in any order; one at least. */
  readonly passed: readonly number[];
}

/**
 * Listens on sockets that a service manager has opened: it keeps them while the daemon is down, so that nobody else can
 * take the port meanwhile. They have to be those that the daemon would open itself, both loopback addresses where this
 * machine has both. `onNamed` is told their names in a Host header first, since callers may wait on them already.
 *
 * @throws Error when they are others
 */
async function takePassedSockets(
  app: FastifyInstance,
  { host, port, passed }: Passed,
  onNamed: (names: readonly string[]) => void,
): Promise<Loopbacks> {
  const { own, other } = LOOPBACKS[host] ?? { own: [], other: null };
  const wanted = other !== null && (await hasAddress(other)) ? [host, other] : [host];
  if (passed.length !== wanted.length) throw new Error(describe(`${passed.length} sockets`, wanted, port));
  const beside = wanted.length === 2 && other !== null ? [other.includes(':') ? `[${other}]` : other] : [];
  const names = own.length === 0 ? [] : [...own, 'localhost', ...beside];
  onNamed(names);
  const [first, ...rest] = passed;
  const seconds: NetServer[] = [];
  const close = async (): Promise<void> => void (await Promise.all(seconds.map(closeServer)));
  try {
    for (const fd of rest) {
      const second = await listenBeside(app.server, { fd });
      if (second !== null) seconds.push(second);
    }
    // Node takes the descriptor before the address, which is for the log.
    await app.listen({ host, port, fd: first } as FastifyListenOptions);
    const found = [app.server, ...seconds].map((server) => addressOf(server.address()));
    const missing = wanted.filter((address) => !found.includes(addressOf({ address, port })));
    if (missing.length > 0) throw new Error(describe(found.join(' and '), wanted, port));
  } catch (error) {
    await Promise.all([app.close(), close()]);
    throw error;
  }
  return { names, port, close };
}

function describe(found: string, wanted: readonly string[], port: number): string {
  const names = wanted.map((address) => addressOf({ address, port })).join(' and ');
  return `the service manager passes ${found}, and the settings HOLDFAST_HOST and HOLDFAST_PORT name ${names}`;
}

function addressOf(at: ReturnType<NetServer['address']> | { readonly address: string; readonly port: number }): string {
  if (at === null || typeof at === 'string') return String(at);
  return at.address.includes(':') ? `[${at.address}]:${at.port}` : `${at.address}:${at.port}`;
}
