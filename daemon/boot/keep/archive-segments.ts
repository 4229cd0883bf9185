import type { GateEvent } from '../../engine/records/events.ts';
import type { ArchivedEvent, CheckpointEvent } from '../../engine/records/house-events.ts';
import { GateState } from '../../engine/state/gate-state.ts';
import { type ArchiveDisk, SEGMENT_RECORDS, writeArchive } from '../../ledger/archive/archive-file.ts';
import type { LedgerReader } from '../../ledger/types.ts';
import { createCheckpointAudit } from './checkpoint-audit.ts';
import { findUnsound, KEPT_CHECKPOINTS, readCheckpoints } from './fold.ts';

export interface ArchiveTask {
  readonly reader: LedgerReader;
  /** Where files of checkpoints lie. */
  readonly checkpointFolder: string;
  /** Only segments whose last record is of before that, domain time. */
  readonly cutoffMs: number;
  /** Puts the record of an archive into the chain; durable when it resolves. */
  readonly record: (event: ArchivedEvent) => Promise<void>;
  readonly disk?: ArchiveDisk;
  readonly segmentRecords?: number;
}

/** Last records of whole segments that are old enough, oldest first. */
export function findDue(reader: LedgerReader, cutoffMs: number, segmentRecords = SEGMENT_RECORDS): readonly number[] {
  const due: number[] = [];
  for (let toSeq = reader.archives.lastSeq() + segmentRecords; ; toSeq += segmentRecords) {
    const last = reader.readEvent(toSeq);
    if (last === null || last.at_ms >= cutoffMs) return due;
    due.push(toSeq);
  }
}

/** Checkpoints that a start would take, newest first. */
export function findSound(reader: LedgerReader, checkpointFolder: string): readonly CheckpointEvent[] {
  return readCheckpoints(reader).filter((one) => findUnsound(reader, checkpointFolder, one) === null);
}

/**
 * Writes and records an archive for each segment that is due and lies below two checkpoints. Both are folded again from the
 * first record before anything is written: what a start needs must not hang on what leaves the live file.
 *
 * @throws Error when the checkpoints are not there or not what the records give, LedgerError
 */
export async function archiveSegments(task: ArchiveTask): Promise<readonly ArchivedEvent[]> {
  const { checkpointFolder, cutoffMs, reader, segmentRecords = SEGMENT_RECORDS } = task;
  const due = findDue(reader, cutoffMs, segmentRecords);
  if (due.length === 0) return [];
  const checkpoints = findSound(reader, checkpointFolder);
  if (checkpoints.length < KEPT_CHECKPOINTS)
    throw new Error(`archives need ${KEPT_CHECKPOINTS} sound checkpoints above them; there are ${checkpoints.length}`);
  const below = Math.min(...checkpoints.map(({ seq }) => seq));
  const segments = due.filter((toSeq) => toSeq <= below);
  if (segments.length === 0) return [];
  foldAgain(reader, checkpoints);
  const archived: ArchivedEvent[] = [];
  for (const toSeq of segments) {
    const fromSeq = toSeq - segmentRecords + 1;
    const event = writeArchive(
      reader.archives.folder,
      () => rowsOf(reader, fromSeq, toSeq),
      checkpoints.map(({ seq, sha256 }) => ({ seq, sha256 })),
      task.disk,
    );
    await task.record(event);
    archived.push(event);
  }
  return archived;
}

function* rowsOf(reader: LedgerReader, fromSeq: number, toSeq: number) {
  for (const { text, ...event } of reader.iterateEvents({ fromSeq })) {
    if (event.seq > toSeq) return;
    yield { ...event, payload: text };
  }
}

function foldAgain(reader: LedgerReader, checkpoints: readonly CheckpointEvent[]): void {
  const audit = createCheckpointAudit(reader, new Set(checkpoints.map(({ seq }) => seq)));
  const last = Math.max(...checkpoints.map(({ seq }) => seq));
  const state = new GateState();
  for (const event of reader.iterateEvents()) {
    if (event.seq > last) break;
    if (event.kind !== 'genesis') state.apply(event as unknown as GateEvent);
    const outcome = audit.check(event.seq, state);
    if (!outcome.ok) throw new Error(`${outcome.detail}; nothing is archived. Run: ./holdfast audit verify --deep`);
  }
  if (audit.compared < checkpoints.length) throw new Error('the checkpoints could not be folded again');
}
