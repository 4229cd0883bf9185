import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { ApiError } from '../errors.ts';
import { createStrangers, type Strangers } from './strangers.ts';

/** Limit on all connections that have shown no token yet; a further one replaces one of them. */
export const MAX_SILENT = 256;
/** Connections per token: more than it may have requests in flight, and few enough that seven tokens leave room. */
export const MAX_OF_TOKEN = 288;
/** Limit on all connections; the operator's entrance has the same, separately. */
export const MAX_CONNECTIONS = 2304;

export interface Connections {
  /** This connection has shown a live token. @throws ApiError TOO_MANY_CONNECTIONS when the token is at its limit */
  prove(socket: object, tokenId: string): void;
  /** What they ask without a live token. */
  readonly strangers: Strangers;
  readonly silent: number;
  readonly proven: number;
}

/**
 * Limits who may hold a connection. Opening one needs no token, so anybody on this machine could fill a listener and
 * lock the operator out. Connections without a token therefore share few places. A new one replaces the one that has
 * been idle for longest, so that who proves the daemon and then shows a token has time for both.
 */
export function limitConnections(server: Server): Connections {
  const strangers = createStrangers();
  const silent = new Set<Socket>();
  const owners = new Map<object, string>();
  const counts = new Map<string, number>();
  server.maxConnections = MAX_CONNECTIONS;

  function leave(socket: Socket): void {
    silent.delete(socket);
    const owner = owners.get(socket);
    if (owner === undefined) return;
    owners.delete(socket);
    const left = (counts.get(owner) ?? 1) - 1;
    if (left === 0) counts.delete(owner);
    else counts.set(owner, left);
  }

  server.on('connection', (socket: Socket) => {
    if (silent.size >= MAX_SILENT) {
      const replaced = strangers.minMissed(silent);
      if (replaced !== null) {
        leave(replaced);
        replaced.destroy();
      }
    }
    silent.add(socket);
    strangers.meet(socket);
    socket.once('close', () => {
      leave(socket);
      strangers.part(socket);
    });
  });

  return {
    prove(socket, tokenId) {
      strangers.trust(socket as Socket);
      if (owners.get(socket) === tokenId) return;
      const held = counts.get(tokenId) ?? 0;
      if (held >= MAX_OF_TOKEN) {
        const message = `This token has ${MAX_OF_TOKEN} connections already; keep connections open and reuse them.`;
        throw new ApiError('TOO_MANY_CONNECTIONS', message, { retryAfterSeconds: 1 });
      }
      // A connection that shows another token now belongs to that token.
      leave(socket as Socket);
      owners.set(socket, tokenId);
      counts.set(tokenId, held + 1);
    },
    strangers,
    get silent() {
      return silent.size;
    },
    get proven() {
      return owners.size;
    },
  };
}
