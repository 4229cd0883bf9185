import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Process id of a daemon that seems to run on a venue's folder; null when none does. Use it for warnings only: the file
 * outlives its process, and the number may belong to another process by now. It does not try the lock itself, which
 * could get in the way of a starting daemon.
 */
export function findRunningDaemon(venueFolder: string): number | null {
  const pid = readPid(join(venueFolder, 'daemon.pid'));
  if (pid === null) return null;
  try {
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    // EPERM: it runs under another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? pid : null;
  }
}

function readPid(path: string): number | null {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : null;
  } catch {
    return null;
  }
}
