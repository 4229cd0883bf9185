import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { openLedgerReader } from '../../ledger/reader.ts';
import { openRemoval } from '../../ledger/remove-archived.ts';
import { lowerPriority } from '../low-priority.ts';
import { archiveSegments } from './archive-segments.ts';

export interface ArchiveWork {
  readonly ledgerPath: string;
  readonly checkpointFolder: string;
  readonly cutoffMs: number;
  readonly segmentRecords?: number;
}
/** `archived`: a file to be recorded, which the thread waits for. `done`: the live file holds nothing archived any more. */
export type ArchiveNews =
  | { readonly kind: 'archived'; readonly event: Parameters<Parameters<typeof archiveSegments>[0]['record']>[0] }
  | { readonly kind: 'done'; readonly files: number };

/** Between two steps the daemon's commits have the file to themselves. */
const PAUSE_MS = 20;

async function work(port: NonNullable<typeof parentPort>, task: ArchiveWork): Promise<void> {
  const reader = openLedgerReader(task.ledgerPath);
  let files = 0;
  try {
    const archived = await archiveSegments({
      ...task,
      reader,
      record: async (event) => {
        const recorded = once(port, 'message');
        port.postMessage({ kind: 'archived', event } satisfies ArchiveNews);
        await recorded;
      },
    });
    files = archived.length;
  } finally {
    reader.close();
  }
  const removal = openRemoval(task.ledgerPath);
  try {
    while (removal.step()) await delay(PAUSE_MS);
  } finally {
    removal.close();
  }
  port.postMessage({ kind: 'done', files } satisfies ArchiveNews);
}

lowerPriority();
if (parentPort !== null) {
  await work(parentPort, workerData as ArchiveWork);
  parentPort.close();
}
