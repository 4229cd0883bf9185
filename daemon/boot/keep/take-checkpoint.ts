import { mkdirSync, statfsSync } from 'node:fs';
import type { CheckpointEvent } from '../../engine/records/house-events.ts';
import { openLedgerReader } from '../../ledger/reader.ts';
import { describeState, writeCheckpoint } from './checkpoint-file.ts';
import { foldLedger } from './fold.ts';

/** Free disk that a checkpoint leaves to the ledger, bytes. */
const LEFT_FREE_BYTES = 256 * 1024 * 1024;

export interface CheckpointTask {
  readonly ledgerPath: string;
  readonly folder: string;
}

/**
 * Folds what is committed and writes it, on a connection of its own.
 *
 * @param beforeEach before each record is folded; what it throws ends it
 */
export function takeCheckpoint(
  { folder, ledgerPath }: CheckpointTask,
  beforeEach: () => void = () => {},
): CheckpointEvent {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < LEFT_FREE_BYTES) throw new Error('too little of the disk is free');
  const reader = openLedgerReader(ledgerPath);
  try {
    const { isPartial, seq, state } = foldLedger(reader, { folder, beforeEach });
    if (isPartial) throw new Error('records of archives are missing, so the views are not known');
    return writeCheckpoint(folder, describeState(reader, state, seq), state);
  } finally {
    reader.close();
  }
}
