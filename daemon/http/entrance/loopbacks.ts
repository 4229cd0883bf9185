import type { Server } from 'node:http';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import { codeOf } from '../errors.ts';

/** Beside those of the main listener. */
const MAX_SECOND = 1_024;
/** What a listener takes of this machine's loopback, and what has to be held beside it. */
export const LOOPBACKS: Readonly<Record<string, { readonly own: readonly string[]; readonly other: string | null }>> = {
  '127.0.0.1': { own: ['127.0.0.1'], other: '::1' },
  '::1': { own: ['[::1]'], other: '127.0.0.1' },
  '0.0.0.0': { own: ['127.0.0.1'], other: '::1' },
  // Takes both.
  '::': { own: ['127.0.0.1', '[::1]'], other: null },
};
const ABSENT: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

/** A port that was picked for one address may be taken on the other: so often another is picked. */
const MAX_PICKS = 20;

type Place = { readonly host: string; readonly port: number; readonly ipv6Only: true } | { readonly fd: number };

/** The loopback addresses that a server holds. */
export interface Loopbacks {
  /** Names of this machine's loopback in a Host header, without a port; none: it listens elsewhere. */
  readonly names: readonly string[];
  /** Where the main listener has to listen. */
  readonly port: number;
  close(): Promise<void>;
}

/**
 * A client takes `localhost` to either loopback address, and nothing tells them apart: whoever holds the port on the other
 * one would be the daemon. So both are held where the machine has both, the other one first; its connections are the main
 * listener's. Port 0 picks one that is free on both.
 *
 * @throws Error with EADDRINUSE when somebody else holds the other one
 */
export async function holdLoopbacks(main: Server, host: string, port: number): Promise<Loopbacks> {
  const { own, other } = LOOPBACKS[host] ?? { own: [], other: null };
  const names = own.length === 0 ? [] : [...own, 'localhost'];
  if (other === null) return { names, port, close: () => Promise.resolve() };
  for (let pick = 1; ; pick += 1) {
    const second = await listenBeside(main, { host: other, port, ipv6Only: true });
    if (second === null) return { names, port, close: () => Promise.resolve() };
    const taken = (second.address() as AddressInfo).port;
    const close = () => closeServer(second);
    const named = other.includes(':') ? `[${other}]` : other;
    if (port !== 0 || pick === MAX_PICKS || (await isFree(host, taken)))
      return { names: [...names, named], port: taken, close };
    await close();
  }
}

/** A listener whose connections are the main one's. Null: this machine has no such address. @throws Error with EADDRINUSE */
export function listenBeside(main: Server, at: Place): Promise<NetServer | null> {
  return listen(at, (socket) => main.emit('connection', socket));
}

function listen(at: Place, onConnection: (socket: Socket) => void): Promise<NetServer | null> {
  const server = createServer({ allowHalfOpen: true, noDelay: true }, onConnection);
  server.maxConnections = MAX_SECOND;
  return new Promise((resolve, reject) => {
    server.once('error', (error) => (ABSENT.has(codeOf(error)) ? resolve(null) : reject(error)));
    server.listen(at, () => resolve(server));
  });
}

async function isFree(host: string, port: number): Promise<boolean> {
  const probe = await listen({ host, port, ipv6Only: true }, (socket) => socket.destroy()).catch(() => null);
  if (probe !== null) await closeServer(probe);
  return probe !== null;
}

/** Whether this machine has an address; whether anything is held there does not matter. */
export async function hasAddress(host: string): Promise<boolean> {
  const probe = await listen({ host, port: 0, ipv6Only: true }, (socket) => socket.destroy());
  if (probe !== null) await closeServer(probe);
  return probe !== null;
}

/** Its connections are closed by the main server, whose they are. */
export function closeServer(server: NetServer): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
