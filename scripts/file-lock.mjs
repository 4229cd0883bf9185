/** A lock between processes of one user on one machine, by a file that names its holder. Only node built-ins. */
import {
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { CACHE } from './node-line.mjs';

const POLL_MS = 100;
const WAIT_MS = 15 * 60_000;

/**
 * Path of the lock for work on a package folder, in a folder below it that is the owner's alone (0700) and is created
 * here. Never in a shared temporary folder, where any user can create a name before us; and not in node_modules, which
 * `npm ci` empties.
 * @throws Error when the folder is another user's, or cannot be written
 */
export function lockPathFor(root) {
  const folder = join(root, CACHE, 'lock');
  try {
    // A Node that is brought lies beside it, for every user of this package.
    mkdirSync(dirname(folder), { recursive: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    if (error.code !== 'EACCES' && error.code !== 'EROFS') throw error;
    throw new Error(`Packages or a Node are missing, and ${folder} cannot be written. Run this once as its owner.`);
  }
  const found = lstatSync(folder);
  const owners = [process.getuid?.() ?? found.uid, statSync(root).uid];
  if (!found.isDirectory() || !owners.includes(found.uid)) {
    throw new Error(`${folder} is no folder of this user. Remove it, and try again.`);
  }
  if ((found.mode & 0o077) !== 0) chmodSync(folder, 0o700);
  return join(folder, 'install');
}

/** Runs `work`, perhaps asynchronous, while no other process runs under the same lock; waits 15 minutes at most. */
export async function withLock(path, work, { onWait = () => {}, waitMs = WAIT_MS } = {}) {
  takeLock(path, onWait, waitMs);
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function takeLock(path, onWait, waitMs) {
  const deadline = performance.now() + waitMs;
  let reported = false;
  while (!tryCreate(path)) {
    const holder = readHolder(path);
    if (holder !== null && !isOurs(holder)) {
      removeStale(path, holder);
      continue;
    }
    if (!reported && holder !== null) onWait(holder);
    reported = true;
    if (performance.now() > deadline) {
      throw new Error(`Process ${holder ?? '?'} has held ${path} for too long. If it is gone, delete that file.`);
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS);
  }
}

function tryCreate(path) {
  let file;
  try {
    file = openSync(path, 'wx', 0o600);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  writeSync(file, String(process.pid));
  closeSync(file);
  return true;
}

/** Process id in the lock file; null while it is being written, or when it has just gone. */
function readHolder(path) {
  try {
    const text = readFileSync(path, 'utf8');
    return /^\d+$/.test(text) ? Number(text) : null;
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Whether a process of this user lives under that number. Another user's holds no lock in a folder of ours. */
function isOurs(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Takes the file of a holder that is gone away; if another process was quicker and holds the lock now, puts it back. */
function removeStale(path, holder) {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error.code === 'ENOENT') return;
    throw error;
  }
  if (readHolder(aside) !== holder) linkSync(aside, path);
  rmSync(aside, { force: true });
}
