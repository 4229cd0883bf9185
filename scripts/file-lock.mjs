/** A lock between processes of one user on one machine, by a file that names its holder. Only node built-ins. */
import { createHash } from 'node:crypto';
import { closeSync, linkSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

const POLL_MS = 100;
const WAIT_MS = 15 * 60_000;

/** Not in the package folder: `npm ci` empties node_modules, a build replaces dist. */
export function lockPathFor(root) {
  const name = createHash('sha256').update(root).digest('hex').slice(0, 16);
  return join(tmpdir(), `holdfast-${userInfo().username}-${name}.lock`);
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
  let told = false;
  while (!tryCreate(path)) {
    const holder = readHolder(path);
    if (holder !== null && !isAlive(holder)) {
      removeStale(path, holder);
      continue;
    }
    if (!told && holder !== null) onWait(holder);
    told = true;
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

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Takes the file of a dead holder away; if another process was quicker and holds the lock now, puts it back. */
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
