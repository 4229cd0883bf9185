import type { ExitCode } from '../exit-codes.ts';
import { type ConnectionOptions, type Io, printJson } from '../verb.ts';
import type { DaemonClient } from './client.ts';
import type { Role } from './daemon-place.ts';

/** Asks the daemon. The client is loaded by whoever asks, and not by `--help`. */
export async function askDaemon<T>(
  io: Io,
  options: ConnectionOptions,
  role: Role | null,
  ask: (client: DaemonClient) => Promise<T>,
): Promise<T> {
  const { withClient } = await import('./client.ts');
  return withClient(io, options, role, ask);
}

/** Asks the daemon, as an operator unless said otherwise, and shows the answer: as JSON, or as it reads for people. */
export async function show<T>(
  io: Io,
  options: ConnectionOptions,
  { ask, exitCode, render, role = 'operator' }: Shown<T>,
): Promise<void> {
  const body = await askDaemon(io, options, role, ask);
  if (options.json === true) printJson(io, body);
  else io.out(render(body));
  if (exitCode !== undefined) io.exit(exitCode(body));
}
interface Shown<T> {
  readonly ask: (client: DaemonClient) => Promise<T>;
  readonly render: (body: T) => string;
  readonly role?: Role;
  /** Absent: the answer is a success, whatever it says. */
  readonly exitCode?: (body: T) => ExitCode;
}
