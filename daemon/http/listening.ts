import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { After } from './brief-streams.ts';
import { codeOf } from './errors.ts';

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
export type HttpAddress = { readonly host: string; readonly port: number } | { readonly socketPath: string };

export interface Listening {
  readonly address: string;
  readonly port: number | null;
}

/** @throws Error when the address is in use or unavailable */
export async function listenOn(app: FastifyInstance, where: HttpAddress): Promise<Listening> {
  if ('socketPath' in where) {
    await removeStaleSocket(where.socketPath);
    await app.listen({ path: where.socketPath });
    chmodSync(where.socketPath, 0o600);
    return { address: `unix:${where.socketPath}`, port: null };
  }
  await app.listen({ host: where.host, port: where.port });
  const { port } = app.server.address() as AddressInfo;
  const host = where.host.includes(':') ? `[${where.host}]` : where.host;
  return { address: `http://${host}:${port}`, port };
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
