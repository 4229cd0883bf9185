/**
 * What a test file has opened ends with it: processes, threads, servers and worlds. A test that fails in its middle
 * does not come to its own `close`, and the hooks behind one that throws do not run. The process of the tests would
 * stay until somebody ends it, and its daemons beyond that.
 */
import type { ChildProcess } from 'node:child_process';
import { channel, subscribe } from 'node:diagnostics_channel';
import type { Server as HttpServer } from 'node:http';
import type { Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';

/** Something that would keep a process, or outlive it. */
export interface Opened {
  /** For a person; asked when the file is over. */
  readonly name: () => string;
  readonly isOpen: () => boolean;
  /** Whether its test has told it to end. */
  readonly isEnding?: () => boolean;
  readonly end: () => unknown;
}

/** Helpers of tests say here what they have opened in their process. */
const OWN = channel('holdfast.test.opened');
export const noteOpened = (one: Opened): void => OWN.publish(one);

/** For what has to be waited for; what takes longer keeps the process, which says so at its end. */
const ENDS_WITHIN_MS = 5_000;
const opened: Opened[] = [];

/** Begins to note all that is opened. However this process ends, none of its children outlives it. */
export function watchOpened(): void {
  subscribe('child_process', (message) => opened.push(ofChild((message as { process: ChildProcess }).process)));
  subscribe('worker_threads', (message) => opened.push(ofThread((message as { worker: Worker }).worker)));
  subscribe('tracing:net.server.listen:asyncStart', (message) =>
    opened.push(ofServer((message as { server: Server }).server)),
  );
  subscribe(OWN.name, (message) => opened.push(message as Opened));
  process.on('exit', () => {
    for (const one of opened) if (one.isOpen()) one.end();
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
}

/** Ends what is open; returns the names of all that no test had told to end. */
export async function endOpened(): Promise<readonly string[]> {
  const left = opened.splice(0).filter((one) => one.isOpen());
  const names = left.filter((one) => one.isEnding?.() !== true).map((one) => one.name());
  const ended = Promise.allSettled(left.map(async (one) => one.end()));
  await Promise.race([ended, delay(ENDS_WITHIN_MS, null, { ref: false })]);
  return names;
}

/** The kinds of handles that keep this process, each with the file since which there has been one. */
export class Kept {
  readonly #since = new Map<string, string>();

  look(file: string): void {
    const types = new Set(process.getActiveResourcesInfo());
    for (const type of this.#since.keys()) if (!types.has(type)) this.#since.delete(type);
    for (const type of types) if (!this.#since.has(type)) this.#since.set(type, file);
  }
  toString(): string {
    return [...this.#since].map(([type, file]) => `${type} (since ${file})`).join(', ');
  }
}

function ofChild(child: ChildProcess): Opened {
  return {
    name: () => `the process ${child.spawnargs.join(' ')}`,
    isOpen: () => child.pid !== undefined && child.exitCode === null && child.signalCode === null,
    isEnding: () => child.killed,
    end: () => child.kill('SIGKILL'),
  };
}

function ofThread(worker: Worker): Opened {
  return { name: () => 'a thread', isOpen: () => worker.threadId >= 0, end: () => worker.terminate() };
}

function ofServer(server: Server): Opened {
  return {
    name: () => `a server at ${JSON.stringify(server.address())}`,
    isOpen: () => server.listening,
    end: () => {
      server.close();
      (server as Partial<HttpServer>).closeAllConnections?.();
    },
  };
}
