import { hash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { GateCore } from '../driver/driver.ts';
import type { VenuePort } from '../driver/ports.ts';
import { ACCOUNT_LOCK_LAYER, planProblemLayer } from '../engine/protect/problem-layer.ts';
import { type HeldLock, takeLock } from '../ledger/disk/lock.ts';
import { messageOf } from '../ledger/errors.ts';
import type { TimePort } from '../time/time-port.ts';
import type { VenueAccess } from '../venue/wire/endpoints.ts';
import { StartError } from './start-error.ts';

/** How long a start waits for a daemon of the account that is just ending, wall ms. */
const WAIT_MS = 1_000;
/** How often a running daemon looks after its locks, and asks a venue that has not answered, wall ms. */
const LOOK_MS = 5_000;
/** How often it asks one that has answered without a name of the account, wall ms. */
const ASK_AGAIN_MS = 60_000;

type Place = Pick<Config, 'home' | 'lockFolder' | 'venue'>;

/**
 * One daemon of this user and machine trades an account, whichever home each has: two would each count half of it, and
 * together exceed every cap. The account is known by its key at once, and by the venue's own name of it from the first
 * contact on, so that two keys of one account are one account. Other users of the machine count as other machines.
 */
export class AccountLock {
  readonly #place: Place;
  /** By the path of each; null: it is to be held, and is not. */
  readonly #locks = new Map<string, HeldLock | null>();
  /** The venue has answered: with its name of the account, or without one. */
  #isReported = false;
  #isNamed = false;
  #isAsking = false;

  /** @throws StartError naming home and process of the daemon that trades the account */
  constructor(place: Place, access: VenueAccess) {
    this.#place = place;
    const venue = 'baseUrl' in access ? `${access.venue} ${sameHost(access.baseUrl)}` : access.venue;
    this.#locks.set(this.#pathOf(`${venue} key ${access.apiKey}`), null);
    this.#hold(WAIT_MS);
  }

  /** Asks the venue for its own name of the account, and holds that, too. @throws StartError */
  async holdAlias(venue: VenuePort, log: Pick<Logger, 'warn'>): Promise<void> {
    const detail = await this.#ask(venue);
    if (detail !== null) log.warn({ detail }, 'the venue does not tell whose account this is');
    this.#hold(WAIT_MS);
  }

  /**
   * From now on nothing opens while a lock is not held, or while the venue has not told whose account it is. Sets the
   * layer before anything can be opened.
   */
  watch(core: GateCore, time: TimePort, signal: AbortSignal): void {
    this.#review(core);
    const look = async (mayAsk: boolean): Promise<void> => {
      if (mayAsk) await this.#ask(core.ports.venue);
      if (!signal.aborted) this.#review(core);
    };
    // RISK: one answer without a name is no proof that there is none, and two keys of one account would not meet.
    const timers = [
      time.every(LOOK_MS, () => void look(!this.#isReported), { unref: true }),
      time.every(ASK_AGAIN_MS, () => void look(!this.#isNamed), { unref: true }),
    ];
    const cancel = (): void => {
      for (const timer of timers) timer.cancel();
    };
    signal.addEventListener('abort', cancel, { once: true });
  }

  /** Its files go, too: each account, also of a paper exchange that is gone, would leave some for good. */
  release(): void {
    for (const [path, lock] of this.#locks) {
      if (lock?.isInPlace()) for (const file of [`${path}.json`, `${path}.lock`]) removeFile(file);
      lock?.release();
    }
    this.#locks.clear();
  }

  /** Null: it has answered; else why it has not. */
  async #ask(venue: VenuePort): Promise<string | null> {
    if (this.#isAsking) return 'it has not answered yet';
    this.#isAsking = true;
    try {
      const read = await venue.fetchAccountAlias?.();
      if (read?.kind === 'failed') return read.detail;
      const alias = read?.value ?? null;
      if (alias !== null) this.#locks.set(this.#pathOf(`${venue.venue} account ${alias}`), null);
      this.#isNamed = alias !== null;
      this.#isReported = true;
      return null;
    } catch (error) {
      return messageOf(error);
    } finally {
      this.#isAsking = false;
    }
  }

  #review(core: GateCore): void {
    const lost = this.#findLost();
    const problem = lost ?? (this.#isReported ? null : 'the venue has not told yet whose account this is');
    const layer = planProblemLayer(core.state.layers, ACCOUNT_LOCK_LAYER, problem);
    if (layer === null) return;
    core.append('state', layer);
    if (lost !== null) core.alert('ACCOUNT_UNLOCKED', lost);
  }

  #findLost(): string | null {
    try {
      this.#hold(0);
      return null;
    } catch (error) {
      return messageOf(error);
    }
  }

  /** Takes what is not held: at first, and after its file was removed or replaced. @throws StartError */
  #hold(waitMs: number): void {
    for (const [path, lock] of this.#locks) {
      if (lock?.isInPlace()) continue;
      this.#locks.set(path, this.#take(path, waitMs));
      lock?.release();
    }
  }

  #take(path: string, waitMs: number): HeldLock {
    const { home, lockFolder, venue } = this.#place;
    openFolder(lockFolder);
    const lock = takeAt(path, JSON.stringify({ home, pid: process.pid }), waitMs);
    if (lock !== null) return lock;
    throw new StartError(
      `another daemon trades this account of ${venue} on this machine (${readHolder(`${path}.json`)}): stop it first, or use it by its home. Without a daemon, \`./holdfast flatten --emergency\` closes what is held`,
    );
  }

  #pathOf(account: string): string {
    const { lockFolder, venue } = this.#place;
    return join(lockFolder ?? '', `${venue}-${hash('sha256', account, 'hex').slice(0, 32)}`);
  }
}

const WAY_OUT = 'HOLDFAST_LOCK_FOLDER may name another folder, the same for all daemons of this user';

/** @throws StartError: the folder does not let itself be used */
function takeAt(path: string, note: string, waitMs: number): HeldLock | null {
  try {
    return takeLock(`${path}.lock`, `${path}.json`, note, waitMs);
  } catch (error) {
    throw new StartError(`the account cannot be locked at ${path}.lock (${messageOf(error)}); ${WAY_OUT}`);
  }
}

/**
 * RISK: whoever else can write in the folder, or lead it elsewhere, decides who starts and what is written.
 *
 * @throws StartError
 */
function openFolder(path: string | null): void {
  if (path === null)
    throw new StartError(`the account cannot be locked: the system knows no home folder of this user; ${WAY_OUT}`);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const found = lstatSync(path);
    const isOwn = process.getuid === undefined || (found.uid === process.getuid() && (found.mode & 0o022) === 0);
    if (found.isDirectory() && isOwn) return;
  } catch (error) {
    throw new StartError(`the account cannot be locked in ${path} (${messageOf(error)}); ${WAY_OUT}`);
  }
  throw new StartError(
    `the account cannot be locked: ${path} is no folder that this user alone can write; remove it, or ${WAY_OUT}`,
  );
}

function removeFile(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // An empty file stays. It locks nothing.
  }
}

function readHolder(path: string): string {
  try {
    const { home, pid } = JSON.parse(readFileSync(path, 'utf8')) as { readonly home: unknown; readonly pid: unknown };
    return `home ${String(home)}, pid ${String(pid)}`;
  } catch {
    return 'its home cannot be read';
  }
}

/** The simulated exchange listens on one address of this machine, by whatever name it is called. */
function sameHost(origin: string): string {
  return origin.replace('//localhost', '//127.0.0.1');
}
