import type { Server as NetServer } from 'node:net';
import type { FastifyInstance, FastifyListenOptions } from 'fastify';
import { closeServer, hasAddress, LOOPBACKS, type Loopbacks, listenBeside } from './loopbacks.ts';

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
export async function takePassedSockets(
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
    const found = [app.server, ...seconds].map((server) => nameOf(server.address()));
    const missing = wanted.filter((address) => !found.includes(nameOf({ address, port })));
    if (missing.length > 0) throw new Error(describe(found.join(' and '), wanted, port));
  } catch (error) {
    await Promise.all([app.close(), close()]);
    throw error;
  }
  return { names, port, close };
}

function describe(found: string, wanted: readonly string[], port: number): string {
  const names = wanted.map((address) => nameOf({ address, port })).join(' and ');
  return `the service manager passes ${found}, and the settings HOLDFAST_HOST and HOLDFAST_PORT name ${names}`;
}

function nameOf(at: ReturnType<NetServer['address']> | { readonly address: string; readonly port: number }): string {
  if (at === null || typeof at === 'string') return String(at);
  return at.address.includes(':') ? `[${at.address}]:${at.port}` : `${at.address}:${at.port}`;
}
