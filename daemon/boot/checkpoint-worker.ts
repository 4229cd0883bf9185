import { mkdirSync, statfsSync } from 'node:fs';
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { CheckpointEvent } from '../gate/events.ts';
import { openLedgerReader } from '../ledger/reader.ts';
import { describeState, writeCheckpoint } from './checkpoint-file.ts';
import { foldLedger } from './fold.ts';

/** Free disk that a checkpoint leaves to the ledger, bytes. */
const LEFT_FREE_BYTES = 256 * 1024 * 1024;
const LOW_PRIORITY = 10;

export interface CheckpointTask {
  readonly ledgerPath: string;
  readonly folder: string;
}

/**
 * Folds what is committed and writes it, in a thread and on a connection of its own: the daemon's thread shares neither
 * its views nor its time.
 */
function takeCheckpoint({ folder, ledgerPath }: CheckpointTask): CheckpointEvent {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < LEFT_FREE_BYTES) throw new Error('too little of the disk is free');
  const reader = openLedgerReader(ledgerPath);
  try {
    const { seq, state } = foldLedger(reader, { folder });
    return writeCheckpoint(folder, describeState(reader, state, seq), state);
  } finally {
    reader.close();
  }
}

try {
  // Of this thread alone, where the system knows such a thing.
  if (process.platform === 'linux') setPriority(LOW_PRIORITY);
} catch {
  // As quick as the others, then.
}
parentPort?.postMessage(takeCheckpoint(workerData as CheckpointTask));
