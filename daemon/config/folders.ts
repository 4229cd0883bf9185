import { statSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { isAbsolute, join, parse, resolve } from 'node:path';
import type { VenueName } from '../core/policy.ts';
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
 * Where daemons of one user on one machine find each other: a folder of ours in the user's runtime folder, else under the
 * system's temporary folder. A session that has no `XDG_RUNTIME_DIR`, as one of a timer, means the same folder; one
 * that kept another user's (`su`) does not use it. `TMPDIR` does not count, so that two daemons agree.
 */
export function findRuntimeFolder(env: Environment): string {
  const uid = process.getuid?.() ?? null;
  if (uid === null) return join(tmpdir(), `holdfast-${userInfo().username}`);
  for (const folder of [env.XDG_RUNTIME_DIR, `/run/user/${uid}`])
    if (folder !== undefined && isAbsolute(folder) && isFolderOf(folder, uid)) return join(folder, 'holdfast');
  return `/tmp/holdfast-${uid}`;
}

function isFolderOf(path: string, uid: number): boolean {
  try {
    const found = statSync(path);
    return found.isDirectory() && found.uid === uid;
  } catch {
    return false;
  }
}
