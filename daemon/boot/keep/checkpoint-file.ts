import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import { canonicalJson } from '../../core/canonical-json.ts';
import { readState, writeState } from '../../engine/kept/state-text.ts';
import type { CheckpointEvent } from '../../engine/records/house-events.ts';
import { GateState } from '../../engine/state/gate-state.ts';
import { findMigrationsFolder, readMigrations } from '../../ledger/chain/migrations.ts';
import { syncPath } from '../../ledger/disk/private-files.ts';
import type { LedgerReader } from '../../ledger/types.ts';
import { FOLD_SHA256 } from './fold-digest.ts';

/** Of the file: a line of canonical JSON that says what it is of, then the views (engine/kept/state-text.ts), in gzip. */
export const CHECKPOINT_FORMAT = 3;
/** Level 6 takes three times as long, for an eighth less. */
const COMPRESSION = { level: constants.Z_BEST_SPEED };
/** Also of those that earlier versions wrote. */
const FILE_NAME = /^checkpoint-\d+\.jsonl(?:\.gz)?(?:\.new)?$/;

/** What a checkpoint is of: the first line of its file. */
export type CheckpointHead = Omit<CheckpointEvent, 'bytes' | 'sha256'>;

/** Describes the state after record `seq`. */
export function describeState(reader: LedgerReader, state: GateState, seq: number): CheckpointHead {
  const last = reader.readEvent(seq);
  if (last === null) throw new Error(`the ledger holds no record ${seq}`);
  const { account, hash: genesis, venue } = reader.genesis;
  return {
    account,
    epoch: state.recovery?.epoch ?? null,
    fold_sha256: FOLD_SHA256,
    format: CHECKPOINT_FORMAT,
    genesis,
    hash: last.hash,
    policy_hash: state.policy?.hash ?? null,
    schema: readMigrations(findMigrationsFolder()).length,
    seq,
    venue,
  };
}

/** The head as it was recorded. */
export function headOf({ bytes: _, sha256: __, ...head }: CheckpointEvent): CheckpointHead {
  return head;
}

/** What the record of a checkpoint of this state would say. */
export function digestState(head: CheckpointHead, state: GateState): CheckpointEvent {
  return write(head, state, () => {});
}

/** Piece by piece, so that no text of all views is held at once. */
function write(head: CheckpointHead, state: GateState, put: (piece: Buffer) => void): CheckpointEvent {
  const digest = createHash('sha256');
  let bytes = 0;
  const add = (text: string): void => {
    const piece = Buffer.from(text);
    digest.update(piece);
    bytes += piece.length;
    put(piece);
  };
  add(`${canonicalJson(head)}\n`);
  writeState(state, add);
  return { ...head, bytes, sha256: digest.digest('hex') };
}

export function checkpointPath(folder: string, seq: number): string {
  return join(folder, `checkpoint-${seq}.jsonl.gz`);
}

/** Writes a file (0600) that is whole and on disk when this returns; what the chain is to say of it is returned. */
export function writeCheckpoint(folder: string, head: CheckpointHead, state: GateState): CheckpointEvent {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = checkpointPath(folder, head.seq);
  const unfinished = `${path}.new`;
  try {
    const fd = openSync(unfinished, 'w', 0o600);
    let event: CheckpointEvent;
    try {
      event = write(head, state, (piece) => writeFileSync(fd, gzipSync(piece, COMPRESSION)));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(unfinished, path);
    syncPath(dirname(path));
    return event;
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

/**
 * The state that a recorded checkpoint holds.
 *
 * @throws Error with the reason, when the file is missing or is not what was recorded
 */
export function readCheckpoint(folder: string, event: CheckpointEvent): GateState {
  const path = checkpointPath(folder, event.seq);
  if (!existsSync(path)) throw new Error('its file is missing');
  // INVARIANT: nothing of a file is taken before all of it is known to be what the chain committed to.
  const text = unpack(readFileSync(path), event.bytes);
  if (text === null || createHash('sha256').update(text).digest('hex') !== event.sha256)
    throw new Error('its file is damaged: the digest is another than the recorded one');
  const lines = readLines(text);
  if (lines.next().value !== canonicalJson(headOf(event))) throw new Error('its file is of another record');
  return readState(lines, new GateState());
}

function* readLines(text: Buffer): Generator<string, void> {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf(10, from);
    yield text.toString('utf8', from, end);
    from = end + 1;
  }
}

/** Null: it is no such text, or a longer one. */
function unpack(packed: Buffer, bytes: number): Buffer | null {
  try {
    return gunzipSync(packed, { maxOutputLength: bytes });
  } catch {
    return null;
  }
}

/** Removes the files of checkpoints that are not kept, and what was not finished. */
export function pruneCheckpoints(folder: string, keptSeqs: readonly number[]): void {
  if (!existsSync(folder)) return;
  const kept = new Set(keptSeqs.map((seq) => checkpointPath(folder, seq)));
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (FILE_NAME.test(name) && !kept.has(path)) rmSync(path, { force: true });
  }
}
