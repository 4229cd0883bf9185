import { setTimeout as sleep } from 'node:timers/promises';
import { CliError, EXIT } from '../exit-codes.ts';
import { NoAnswerError } from './call-failures.ts';
import type { DaemonClient } from './client.ts';

/** How often a daemon that is absent is looked for. */
const LOOK_MS = 2_000;

/** An agent's way to the daemon of the settings, which may start later than the agent's host. */
export class AgentLink {
  readonly #open: () => DaemonClient;
  #reached: Promise<DaemonClient> | null = null;
  #venue: string | null = null;
  readonly #listeners = new Set<() => void>();

  /** `open`: a client of the settings and token files as they are now. */
  constructor(open: () => DaemonClient) {
    this.#open = open;
  }

  /** As the daemon has proven it; null before. */
  get venue(): string | null {
    return this.#venue;
  }

  /**
   * A client of a daemon that has proven itself and takes this token as an agent's. Later failures are the client's own.
   * @throws NoAnswerError: nothing but a proof was asked for; ConfigError
   */
  reach(): Promise<DaemonClient> {
    this.#reached ??= this.#connect().catch((error: unknown) => {
      this.#reached = null;
      if (error instanceof CliError) throw new NoAnswerError(error.message, false, error.exitCode);
      throw error;
    });
    return this.#reached;
  }

  /** Looks until the daemon is there, or has refused the token. */
  async await(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isOver = await this.reach().then(
        () => true,
        (error: unknown) => !isAbsence(error),
      );
      if (isOver) return;
      await sleep(LOOK_MS, null, { signal, ref: false }).catch(() => {});
    }
  }

  /** Calls the listener once the daemon is reached, until the way back is called. */
  onReached(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    const client = await this.#reached?.catch(() => null);
    await client?.close();
  }

  async #connect(): Promise<DaemonClient> {
    const client = this.#open();
    try {
      // RISK: over /v1 an operator's token would serve a model, too.
      await client.requireAgent();
    } catch (error) {
      await client.close();
      throw error;
    }
    this.#venue = client.claims?.venue ?? null;
    for (const listener of this.#listeners) listener();
    return client;
  }
}

/** Whether waiting may help: nobody answers, or somebody else does. */
export function isAbsence(error: unknown): error is NoAnswerError {
  return error instanceof NoAnswerError && error.exitCode === EXIT.UNREACHABLE;
}
