import { dirname, join } from 'node:path';
import type { ArchivedEvent } from '../../engine/records/house-events.ts';
import type { ArchiveDisk } from '../../ledger/archive/archive-file.ts';
import { openLedger } from '../../ledger/ledger.ts';
import { advanceHead } from '../../ledger/proofs/head-file.ts';
import { openLedgerReader, SqliteReader } from '../../ledger/reader.ts';
import { makeShrinkable, openRemoval } from '../../ledger/remove-archived.ts';
import type { Ledger } from '../../ledger/types.ts';
import { SYSTEM_TIME } from '../../time/system-time.ts';
import { archiveSegments, findDue, findSound } from './archive-segments.ts';
import { pruneCheckpoints } from './checkpoint-file.ts';
import { KEPT_CHECKPOINTS, readCheckpoints } from './fold.ts';
import { takeCheckpoint } from './take-checkpoint.ts';

export interface ArchiveLedgerOptions {
  /** Of a ledger that no daemon holds. */
  readonly path: string;
  /** Segments whose last record is of before that, domain time; given the last record's. */
  readonly cutoffMs: (lastRecordMs: number) => number;
  /** Null: the ledger is in no home. */
  readonly headFile: string | null;
  readonly disk?: ArchiveDisk;
  readonly segmentRecords?: number;
  /** Called before each write of the database, in a test. */
  readonly onWrite?: () => void;
}

/** Archives what is old enough while the daemon is stopped, and shrinks the file. @throws LedgerError, Error */
export async function archiveLedger(options: ArchiveLedgerOptions): Promise<readonly ArchivedEvent[]> {
  const { headFile, onWrite, path } = options;
  const { account, nowMs, venue } = readIdentity(path);
  const ledger = openLedger({ path, venue, account, now: () => nowMs, time: SYSTEM_TIME });
  try {
    const archived = await archiveOpened(ledger, options, nowMs);
    if (archived.length > 0 && ledger instanceof SqliteReader) makeShrinkable(ledger);
    const removal = openRemoval(path);
    try {
      do onWrite?.();
      while (removal.step());
    } finally {
      removal.close();
    }
    if (archived.length > 0 && headFile !== null) advanceHead(headFile, ledger);
    return archived;
  } finally {
    ledger.close();
  }
}

function readIdentity(path: string) {
  const reader = openLedgerReader(path);
  try {
    const { account, venue } = reader.genesis;
    return { account, venue, nowMs: reader.readHead()?.at_ms ?? 0 };
  } finally {
    reader.close();
  }
}

async function archiveOpened(ledger: Ledger, options: ArchiveLedgerOptions, nowMs: number) {
  const { disk, onWrite, path, segmentRecords } = options;
  const cutoffMs = options.cutoffMs(nowMs);
  const checkpointFolder = join(dirname(path), 'checkpoints');
  const append = async (kind: string, payload: unknown): Promise<void> => {
    onWrite?.();
    await ledger.append([{ kind, at_ms: nowMs, payload }]);
  };
  const due = findDue(ledger, cutoffMs, segmentRecords).at(-1);
  if (due === undefined) return [];
  const isAbove = (): boolean => {
    const sound = findSound(ledger, checkpointFolder);
    return sound.length === KEPT_CHECKPOINTS && sound.every(({ seq }) => seq >= due);
  };
  for (let left = KEPT_CHECKPOINTS; left > 0 && !isAbove(); left -= 1) {
    await append('checkpoint', takeCheckpoint({ ledgerPath: path, folder: checkpointFolder }));
    pruneCheckpoints(
      checkpointFolder,
      readCheckpoints(ledger).map(({ seq }) => seq),
    );
  }
  return await archiveSegments({
    reader: ledger,
    checkpointFolder,
    cutoffMs,
    record: (event) => append('archived', event),
    ...(disk === undefined ? {} : { disk }),
    ...(segmentRecords === undefined ? {} : { segmentRecords }),
  });
}
