/**
 * Where tests write: in memory, where Linux has room for it. Hundreds of ledgers are opened, written and removed in a
 * run, and a tenth of its time went into a disk that nobody reads afterwards. What a process that is killed has
 * written stays there as on a disk; that writes are flushed, in order, is counted (`test/ledger/counted-disk.ts`).
 */
import { mkdtempSync, statfsSync } from 'node:fs';
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
  return mkdtempSync(join(hasRoomInMemory(machine) ? IN_MEMORY : tmpdir(), 'hf-'));
}

export function hasRoomInMemory({ chosen, freeBytes, memoryBytes }: Machine): boolean {
  if (chosen !== undefined || memoryBytes < MEMORY_BYTES) return false;
  try {
    return freeBytes(IN_MEMORY) >= ROOM_BYTES;
  } catch {
    return false;
  }
}
