import { join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { Ledger } from '../ledger/types.ts';
import type { TimePort } from '../time/time-port.ts';
import { Archiver } from './keep/archiver.ts';
import { Checkpointer } from './keep/checkpointer.ts';
import type { Folded } from './keep/fold.ts';

export function checkpointFolder({ home, venue }: Pick<Config, 'home' | 'venue'>): string {
  return join(home, venue, 'checkpoints');
}

export interface KeepHistoryOptions {
  /** Domain clock, ms. */
  readonly now: () => number;
  readonly time: TimePort;
  readonly log: Logger;
  /** How long a stop may wait for a checkpoint, wall ms. */
  readonly stopWithinMs: number | undefined;
}

/** Checkpoints and archives while the daemon runs, until the returned function is called. */
export function keepHistory(
  config: Config,
  ledger: Ledger,
  folded: Folded | null,
  { log, now, stopWithinMs, time }: KeepHistoryOptions,
): () => Promise<void> {
  if (folded?.isPartial === true) {
    // Views that lack records must not be taken for whole ones by the next start.
    log.error('an archive cannot be read: no checkpoints and no archives are written until it is put back');
    return () => Promise.resolve();
  }
  const folder = checkpointFolder(config);
  const archiver = new Archiver({ ledger, checkpointFolder: folder, keepMs: config.archiveBeforeMs, now, time, log });
  const fromSeq = folded?.fromSeq ?? 0;
  const onWritten = (): void => archiver.consider();
  const checkpoints = new Checkpointer({
    ...{ ledger, folder, fromSeq, now, log, onWritten },
    ...(stopWithinMs === undefined ? {} : { stopWithinMs }),
  });
  return async () => {
    await archiver.close();
    await checkpoints.close();
  };
}
