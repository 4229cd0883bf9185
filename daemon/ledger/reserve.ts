import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { LedgerError } from './errors.ts';

export const DEFAULT_RESERVE_BYTES = 16 * 1024 * 1024;

/** Reserved disk space, so that exits, cancels and the halt can be recorded when the disk is full. */
export interface Reserve {
  readonly isUsed: boolean;
  /** Returns the space to the file system; false if that was done before. */
  release(): boolean;
}

/** Memory has no disk that could fill up. */
export const NO_RESERVE: Reserve = { isUsed: false, release: () => false };

/**
 * Ensures that the reserve file exists in full size. It holds random bytes, since a file system that
 * compresses or stores holes would reserve nothing for zeros.
 *
 * @throws LedgerError LEDGER_FULL if there is no room for it
 */
export function createReserve(path: string, bytes: number): Reserve {
  if (statSync(path, { throwIfNoEntry: false })?.size !== bytes) writeReserve(path, bytes);
  let isUsed = false;
  return {
    get isUsed() {
      return isUsed;
    },
    release() {
      if (isUsed) return false;
      isUsed = true;
      rmSync(path, { force: true });
      return true;
    },
  };
}

function writeReserve(path: string, bytes: number): void {
  rmSync(path, { force: true });
  const file = openSync(path, 'wx', 0o600);
  try {
    const block = randomBytes(Math.min(bytes, 1024 * 1024));
    for (let written = 0; written < bytes; )
      written += writeSync(file, block, 0, Math.min(block.length, bytes - written));
    fsyncSync(file);
  } catch (cause) {
    rmSync(path, { force: true });
    throw new LedgerError(
      'LEDGER_FULL',
      `There is no room for the emergency reserve ${path} (${bytes} bytes). Free some disk space and start again.`,
      { cause },
    );
  } finally {
    closeSync(file);
  }
}
