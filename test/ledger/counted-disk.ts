import { type ArchiveDisk, REAL_DISK } from '../../daemon/ledger/archive/archive-file.ts';
import type { ArchiveMore } from './archived-home.ts';

/** Calls `before` ahead of each write of an archive run, to a file or to the database. */
export function countedDisk(before: () => void): ArchiveMore {
  const disk = Object.fromEntries(
    Object.entries(REAL_DISK).map(([name, call]) => [
      name,
      (...parameters: unknown[]) => {
        before();
        return (call as (...parameters: unknown[]) => unknown)(...parameters);
      },
    ]),
  ) as unknown as ArchiveDisk;
  return { disk, onWrite: before };
}
