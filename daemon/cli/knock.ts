import { connect } from 'node:net';

export const CONNECT_TIMEOUT_MS = 5_000;

/** An address of the daemon. */
export interface Place {
  readonly origin: string;
  readonly socketPath: string | null;
}

/** Resolves once a connection was made. Rejects as the client would. */
export function knock({ origin, socketPath }: Place): Promise<void> {
  const { hostname, port, protocol } = new URL(origin);
  const host = hostname.replace(/^\[|\]$/g, '');
  const socket = connect(
    socketPath === null ? { host, port: Number(port || (protocol === 'https:' ? 443 : 80)) } : { path: socketPath },
  );
  return new Promise<void>((resolve, reject) => {
    socket.setTimeout(CONNECT_TIMEOUT_MS, () =>
      reject(Object.assign(new Error('nobody answers'), { code: 'UND_ERR_CONNECT_TIMEOUT' })),
    );
    socket.once('connect', resolve);
    socket.once('error', reject);
  }).finally(() => socket.destroy());
}
