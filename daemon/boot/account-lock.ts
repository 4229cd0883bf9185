import { hash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { VenuePort } from '../gate/venue-port.ts';
import { messageOf } from '../ledger/errors.ts';
import { type HeldLock, takeLock } from '../ledger/lock.ts';
import type { VenueAccess } from '../venue/endpoints.ts';
import { StartError } from './live.ts';

/** How long a start waits for a daemon of the account that is just ending, wall ms. */
const WAIT_MS = 1_000;

type Place = Pick<Config, 'home' | 'lockFolder' | 'venue'>;

/**
 * One daemon of this user and machine trades an account, whichever home each has: two would each count half of it, and
 * together exceed every cap. The account is known by its key at once, and by the venue's own name of it from the first
 * contact on, so that two keys of one account are one account. Other users of the machine count as other machines.
 */
export class AccountLock {
  readonly #place: Place;
  readonly #held = new Map<string, HeldLock>();

  /** @throws StartError naming home and process of the daemon that trades the account */
  constructor(place: Place, access: VenueAccess) {
    this.#place = place;
    const venue = access.venue === 'paper' ? `paper ${sameHost(access.baseUrl)}` : access.venue;
    this.#take(`${venue} key ${access.apiKey}`);
  }

  /**
   * Reads the venue's own name of the account, and holds that, too. Where the venue tells none, or does not answer, the
   * key alone counts.
   *
   * @throws StartError
   */
  async holdAlias(venue: VenuePort, log: Logger): Promise<void> {
    const read = await venue.fetchAccountAlias?.();
    if (read?.kind === 'ok') this.#take(`${venue.venue} account ${read.value}`);
    else if (read !== undefined) log.warn({ detail: read.detail }, 'the venue does not tell whose account this is');
  }

  /** Its files go, too: each account, also of a paper exchange that is gone, would leave some for good. */
  release(): void {
    for (const [path, lock] of this.#held) {
      if (lock.isInPlace()) for (const file of [`${path}.json`, `${path}.lock`]) removeFile(file);
      lock.release();
    }
    this.#held.clear();
  }

  #take(account: string): void {
    const { home, lockFolder, venue } = this.#place;
    const folder = openFolder(lockFolder);
    const path = join(folder, `${venue}-${hash('sha256', account, 'hex').slice(0, 32)}`);
    const lock = takeAt(path, JSON.stringify({ home, pid: process.pid }));
    if (lock === null)
      throw new StartError(
        `another daemon trades this account of ${venue} on this machine (${readHolder(`${path}.json`)}): stop it first, or use it by its home. Without a daemon, \`./holdfast flatten --emergency\` closes what is held`,
      );
    this.#held.set(path, lock);
  }
}

const WAY_OUT = 'HOLDFAST_LOCK_FOLDER may name another folder, the same for all daemons of this user';

/** @throws StartError: the folder does not let itself be used */
function takeAt(path: string, note: string): HeldLock | null {
  try {
    return takeLock(`${path}.lock`, `${path}.json`, note, WAIT_MS);
  } catch (error) {
    throw new StartError(`the account cannot be locked at ${path}.lock (${messageOf(error)}); ${WAY_OUT}`);
  }
}

/**
 * RISK: whoever else can write in the folder, or lead it elsewhere, decides who starts and what is written.
 *
 * @throws StartError
 */
function openFolder(path: string | null): string {
  if (path === null)
    throw new StartError(`the account cannot be locked: the system knows no home folder of this user; ${WAY_OUT}`);
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const found = lstatSync(path);
    const isOwn = process.getuid === undefined || (found.uid === process.getuid() && (found.mode & 0o022) === 0);
    if (found.isDirectory() && isOwn) return path;
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
