import { createServer } from 'node:net';

/**
 * Below the ports that the kernel gives to whoever asks for any, or connects: one of those may be somebody's between
 * the look and the use, or while a daemon restarts. Each process begins elsewhere.
 */
const FIRST = 20_000;
const PORTS = 12_000;
const STRIDE = 37;
let next = process.pid * STRIDE;

/** A port of 127.0.0.1 that nobody listens on, and that nobody gets by chance. */
export async function findFreePort(): Promise<number> {
  for (let tries = 0; tries < PORTS; tries += 1) {
    const port = FIRST + (next++ % PORTS);
    if (await isFree(port)) return port;
  }
  throw new Error('no port is free');
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
