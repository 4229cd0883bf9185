import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { LedgerError } from '../errors.ts';
import { isDiskFull } from './connection.ts';

export const DEFAULT_RESERVE_BYTES = 16 * 1024 * 1024;

/** Reserved disk space, so that exits, cancels and the halt can be recorded when the disk is full. */
export interface Reserve {
  readonly isUsed: boolean;
  /** Returns the space to the file system; false if that was done before. */
  release(): boolean;
}

/** The disk is full, and an earlier process has freed it. */
export const FREED_EARLIER: Reserve = { isUsed: true, release: () => false };

/**
 * {@link createReserve}; beside a ledger also without room for it, as an earlier process has freed it. RISK: a daemon that
 * would not start could close nothing, though what the reserve has left is kept for exits, cancels and the halt.
 *
 * @param room bytes that it may take; default: all that the disk has
 * @throws LedgerError LEDGER_FULL if there is no room for it, and no ledger
 */
export function findReserve(path: string, bytes: number, hasLedger: boolean, room = Number.POSITIVE_INFINITY): Reserve {
  try {
    if (room < bytes) throw noRoom(path, bytes);
    return createReserve(path, bytes);
  } catch (error) {
    if (hasLedger && error instanceof LedgerError && error.code === 'LEDGER_FULL') return FREED_EARLIER;
    throw error;
  }
}

/**
 * Ensures that the reserve file exists in full size. It holds random bytes, since a file system that
 * compresses or stores holes would reserve nothing for zeros.
 *
 * @throws LedgerError LEDGER_FULL if there is no room for it
 */
function createReserve(path: string, bytes: number): Reserve {
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

const PROBE_BYTES = 1024 * 1024;

/** Whether a file in the folder can still grow: a probe is written, synced and removed. */
export function hasRoom(folder: string): boolean {
  const path = join(folder, 'room.probe');
  rmSync(path, { force: true });
  try {
    fill(path, PROBE_BYTES);
    return true;
  } catch (error) {
    return !isDiskFull(error);
  } finally {
    rmSync(path, { force: true });
  }
}

function writeReserve(path: string, bytes: number): void {
  rmSync(path, { force: true });
  try {
    fill(path, bytes);
  } catch (cause) {
    rmSync(path, { force: true });
    throw isDiskFull(cause) ? noRoom(path, bytes, cause) : cause;
  }
}

function fill(path: string, bytes: number): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    const block = randomBytes(Math.min(bytes, 1024 * 1024));
    for (let written = 0; written < bytes; )
      written += writeSync(file, block, 0, Math.min(block.length, bytes - written));
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function noRoom(path: string, bytes: number, cause?: unknown): LedgerError {
  return new LedgerError(
    'LEDGER_FULL',
    `There is no room for the emergency reserve ${path} (${bytes} bytes). Free some disk space and start again.`,
    { cause },
  );
}
