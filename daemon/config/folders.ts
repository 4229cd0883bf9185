import { homedir, userInfo } from 'node:os';
import { isAbsolute, join, parse, resolve } from 'node:path';
import type { VenueName } from '../core/venues.ts';
import type { Reading } from './reading.ts';
import type { Environment } from './settings.ts';

export function readHome(reading: Reading, env: Environment): string {
  const text = reading.get('HOLDFAST_HOME');
  const own = env.HOME || homedir();
  const home = text === null ? join(own, '.holdfast') : resolve(text.replace(/^~(?=$|[\\/])/, own));
  if (home === parse(home).root) reading.refuse('HOLDFAST_HOME', 'is the root of the file system');
  return home;
}

/** Beside the home, so that restoring an older home does not restore an older head with it. */
export function readHeadFilePath(reading: Reading, home: string, venue: VenueName): string {
  const text = reading.get('HOLDFAST_HEAD_FILE');
  return text === null ? `${home}.${venue}.head` : resolve(text);
}

/**
 * Where daemons of one user on one machine find each other: in that user's home by the system's own list of users.
 * Whatever a session, a service or a timer sets (`HOME`, `XDG_RUNTIME_DIR`) does not count, so that two daemons agree, and
 * nothing cleans that folder up. Null: the list has no home for this user, and a setting has to name a folder.
 */
export function readLockFolder(reading: Reading): string | null {
  const text = reading.get('HOLDFAST_LOCK_FOLDER');
  if (text !== null) return resolve(text);
  try {
    const { homedir: home } = userInfo();
    return isAbsolute(home) ? join(home, '.holdfast-locks') : null;
  } catch {
    return null;
  }
}
