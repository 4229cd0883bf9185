import type { GateEvent } from '../../engine/records/events.ts';
import type { CheckpointEvent } from '../../engine/records/house-events.ts';
import { GateState } from '../../engine/state/gate-state.ts';
import type { EndedDecision } from '../../engine/state/views.ts';
import { findMigrationsFolder, readMigrations } from '../../ledger/chain/migrations.ts';
import { LedgerError, messageOf } from '../../ledger/errors.ts';
import type { LedgerEvent, LedgerReader } from '../../ledger/types.ts';
import { CHECKPOINT_FORMAT, readCheckpoint } from './checkpoint-file.ts';
import { FOLD_SHA256 } from './fold-digest.ts';

/** Checkpoints whose files are kept: the newest, and the one before, should that be damaged. */
export const KEPT_CHECKPOINTS = 2;

export interface Folded {
  readonly state: GateState;
  /** Record after which folding began: that of the checkpoint; 0: all records were folded. */
  readonly fromSeq: number;
  /** The last record that was folded. */
  readonly seq: number;
  /** No checkpoint was sound, and records are archived: somebody has to look at it. */
  readonly isUnaided: boolean;
  /** Records of archives could not be read: the views lack what they say. */
  readonly isPartial: boolean;
}
export interface FoldOptions {
  /** Where files of checkpoints lie; null: there are none. */
  readonly folder: string | null;
  /** The last record to fold; the ledger's last when absent. */
  readonly untilSeq?: number;
  /** A checkpoint that was passed over, and why. */
  readonly onSkipped?: (seq: number, reason: string) => void;
  /** What leaves the views as they are folded. */
  readonly onEnded?: (ended: readonly EndedDecision[]) => void;
  /** Before each record; what it throws ends the fold. */
  readonly beforeEach?: () => void;
}

/**
 * The views of a ledger: those of its newest sound checkpoint, and what was recorded since. Without one all records are
 * folded, also those of archives; if an archive cannot be read, those of the live file alone.
 */
export function foldLedger(ledger: LedgerReader, options: FoldOptions): Folded {
  const seq = options.untilSeq ?? ledger.lastSeq();
  const found = findCheckpoint(ledger, options, seq);
  if (found !== null) {
    foldInto(found.state, ledger.iterateEvents({ fromSeq: found.fromSeq + 1 }), seq, options);
    return { ...found, seq, isUnaided: false, isPartial: false };
  }
  const isUnaided = ledger.archives.lastSeq() > 0;
  const state = new GateState();
  try {
    foldInto(state, ledger.iterateEvents(), seq, options);
    return { state, fromSeq: 0, seq, isUnaided, isPartial: false };
  } catch (error) {
    if (!(error instanceof LedgerError) || error.code !== 'LEDGER_ARCHIVE') throw error;
    options.onSkipped?.(ledger.archives.lastSeq(), error.message);
    const rest = new GateState();
    foldInto(rest, ledger.iterateLive(), seq, options);
    return { state: rest, fromSeq: 0, seq, isUnaided, isPartial: true };
  }
}

function foldInto(
  state: GateState,
  events: Iterable<LedgerEvent>,
  untilSeq: number,
  { beforeEach, onEnded }: FoldOptions,
): void {
  for (const event of events) {
    if (event.seq > untilSeq) break;
    beforeEach?.();
    if (event.kind === 'genesis') continue;
    const ended = state.apply(event as unknown as GateEvent);
    if (ended.length > 0) onEnded?.(ended);
  }
}

function findCheckpoint(
  ledger: LedgerReader,
  { folder, onSkipped }: FoldOptions,
  untilSeq: number,
): Pick<Folded, 'state' | 'fromSeq'> | null {
  if (folder === null) return null;
  for (const checkpoint of readCheckpoints(ledger)) {
    if (checkpoint.seq > untilSeq) continue;
    try {
      const problem = findMismatch(ledger, checkpoint);
      if (problem !== null) throw new Error(problem);
      return { state: readCheckpoint(folder, checkpoint), fromSeq: checkpoint.seq };
    } catch (error) {
      onSkipped?.(checkpoint.seq, messageOf(error));
    }
  }
  return null;
}

/** What the chain says of those whose files are kept, newest first. */
export function readCheckpoints(ledger: LedgerReader): readonly CheckpointEvent[] {
  return ledger.readNewest('checkpoint', KEPT_CHECKPOINTS).map(({ payload }) => payload as CheckpointEvent);
}

/** Why a start passes over a checkpoint; null: it takes it. */
export function findUnsound(ledger: LedgerReader, folder: string, checkpoint: CheckpointEvent): string | null {
  try {
    const problem = findMismatch(ledger, checkpoint);
    if (problem === null) readCheckpoint(folder, checkpoint);
    return problem;
  } catch (error) {
    return messageOf(error);
  }
}

/** Why the views of a checkpoint are not those that this build folds from this ledger; null: they are. */
function findMismatch(ledger: LedgerReader, checkpoint: CheckpointEvent): string | null {
  const { account, fold_sha256, format, genesis, hash, schema, seq, venue } = checkpoint;
  if (format !== CHECKPOINT_FORMAT) return `it has format ${format}; this build reads ${CHECKPOINT_FORMAT}`;
  if (fold_sha256 !== FOLD_SHA256) return 'other code folded it than this build has';
  const known = readMigrations(findMigrationsFolder()).length;
  if (schema !== known) return `it is of schema ${schema}; this build has ${known}`;
  const { genesis: own } = ledger;
  if (genesis !== own.hash || venue !== own.venue || account !== own.account) return 'it is of another ledger';
  return ledger.readEvent(seq)?.hash === hash ? null : `record ${seq} is another one than when it was taken`;
}
