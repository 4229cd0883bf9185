/**
 * Where tests write: in memory, where Linux has room for it. Hundreds of ledgers are opened, written and removed in a
 * run, and a tenth of its time went into a disk that nobody reads afterwards. What a process that is killed has
 * written stays there as on a disk; that writes are flushed, in order, is counted (`test/ledger/counted-disk.ts`).
 */
import { mkdtempSync, readdirSync, rmSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const IN_MEMORY = '/dev/shm';
/** A whole run has half of it at once. */
const ROOM_BYTES = 1024 ** 3;
/** What is written there is memory that the tests themselves do not have. */
const MEMORY_BYTES = 4 * ROOM_BYTES;

export interface Machine {
  /** What the user has chosen, as `TMPDIR` does everywhere. */
  readonly chosen: string | undefined;
  readonly memoryBytes: number;
  /** Bytes that are free in a folder. @throws where there is no such folder */
  freeBytes(folder: string): number;
}
const thisMachine = (): Machine => ({
  chosen: process.env.TMPDIR,
  memoryBytes: process.availableMemory(),
  freeBytes: (folder) => {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  },
});

/** A new folder for one run. Its name is short: the path of a socket has 107 bytes. */
export function makeScratch(machine = thisMachine()): string {
  const parent = hasRoomInMemory(machine) ? IN_MEMORY : tmpdir();
  removeLeftovers(parent);
  return mkdtempSync(join(parent, `hf-${process.pid}-`));
}

const LEFT_AFTER_MS = 3_600_000;

/** What runs that were killed have left: memory, until somebody removes it. A run takes minutes. */
export function removeLeftovers(parent: string, nowMs = Date.now()): void {
  for (const name of readdirSync(parent)) {
    const pid = /^hf-(\d+)-\w{6}$/.exec(name)?.[1];
    if (pid === undefined || isRunning(Number(pid))) continue;
    const path = join(parent, name);
    // Another user's, or one of another container on the same memory, may run all the same.
    const { mtimeMs, uid } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: nowMs, uid: -1 };
    if (uid === process.getuid?.() && nowMs - mtimeMs >= LEFT_AFTER_MS) rmSync(path, { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

export function hasRoomInMemory({ chosen, freeBytes, memoryBytes }: Machine): boolean {
  if (chosen !== undefined || memoryBytes < MEMORY_BYTES) return false;
  try {
    return freeBytes(IN_MEMORY) >= ROOM_BYTES;
  } catch {
    return false;
  }
}
