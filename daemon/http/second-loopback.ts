import type { Server } from 'node:http';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { codeOf } from './errors.ts';

/** Beside those of the main listener. */
const MAX_SECOND = 1_024;
const PAIR: Readonly<Record<string, string>> = { '127.0.0.1': '::1', '::1': '127.0.0.1' };

/** The same port of the other loopback address; its connections are the main listener's in all they may do. */
export interface SecondLoopback {
  close(): Promise<void>;
}

/**
 * A browser takes `localhost` to either loopback address, and a page's origin does not tell them apart: whoever holds the
 * port on the other one could show a console of its own. So both are held, or there is none.
 *
 * @returns null with the reason to `say` where the other one cannot be had
 */
export function holdSecondLoopback(
  main: Server,
  host: string,
  port: number,
  say: (reason: string) => void,
): Promise<SecondLoopback | null> {
  const other = PAIR[host];
  if (other === undefined) {
    say(`the daemon listens on ${host}, not on a loopback address alone`);
    return Promise.resolve(null);
  }
  const second = createServer({ allowHalfOpen: true, noDelay: true }, (socket: Socket) =>
    main.emit('connection', socket),
  );
  second.maxConnections = MAX_SECOND;
  return new Promise((resolve) => {
    second.once('error', (error) => {
      say(`port ${port} of ${other} cannot be had (${codeOf(error)})`);
      resolve(null);
    });
    second.listen({ host: other, port, ipv6Only: true }, () => resolve({ close: () => closeServer(second) }));
  });
}

/** Its connections are closed by the main server, whose they are. */
function closeServer(server: NetServer): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
