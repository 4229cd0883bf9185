import { findOriginProblem } from '../core/signed/console-origin.ts';
import type { Reading } from './reading.ts';

/** A console for phones, which a proxy with TLS on this machine leads to. */
export interface RemoteConsoleConfig {
  /** `https://desk.example.ts.net`. */
  readonly origin: string;
  /** Of loopback. */
  readonly port: number;
}

/** Its passkeys are enrolled at the local console, which has to be there. */
const LOOPBACK_HOSTS: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '::1']);

type Listen = { readonly kind: 'tcp'; readonly host: string; readonly port: number } | { readonly kind: 'socket' };

/** `listen`: where agents enter. Null: there is none, as by default. */
export function readRemoteConsole(reading: Reading, listen: Listen): RemoteConsoleConfig | null {
  const [originName, portName] = ['HOLDFAST_CONSOLE_ORIGIN', 'HOLDFAST_CONSOLE_PORT'] as const;
  const origin = reading.get(originName);
  const port = reading.integer(portName, 1, 65_535, null);
  if (origin === null) {
    if (reading.has(portName)) reading.refuse(portName, `is set without ${originName}, whose console it is for`);
    return null;
  }
  const problem = findOriginProblem(origin);
  if (problem !== null) reading.refuse(originName, problem);
  if (!reading.has(portName)) reading.refuse(originName, `needs ${portName}, the port that the proxy leads to`);
  if (listen.kind !== 'tcp' || !LOOPBACK_HOSTS.has(listen.host))
    reading.refuse(originName, 'needs the local console, which is served where HOLDFAST_HOST is a loopback address');
  else if (port !== null && port === listen.port)
    reading.refuse(portName, `is ${port}, as HOLDFAST_PORT: the remote console has a port of its own`);
  return port === null ? null : { origin, port };
}
