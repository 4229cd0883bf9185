import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { canonicalJson } from '../../core/canonical-json.ts';
import { GraphReader, writeGraph } from '../../engine/kept/graph-text.ts';
import type { CheckpointEvent } from '../../engine/records/events.ts';
import { GateState } from '../../engine/state/gate-state.ts';
import { findMigrationsFolder, readMigrations } from '../../ledger/chain/migrations.ts';
import { syncPath } from '../../ledger/disk/private-files.ts';
import type { LedgerReader } from '../../ledger/types.ts';
import { FOLD_SHA256 } from './fold-digest.ts';

/** Of the file: a line of JSON that says what it is of, then the views (engine/kept/graph-text.ts). */
export const CHECKPOINT_FORMAT = 1;
const CHUNK_BYTES = 1 << 18;
const FILE_NAME = /^checkpoint-\d+\.jsonl(?:\.new)?$/;

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

function* writeLines(head: CheckpointHead, state: GateState): Generator<string, void> {
  yield `${canonicalJson(head)}\n`;
  for (const line of writeGraph(state)) yield `${line}\n`;
}

/** What the record of a checkpoint of this state would say. */
export function digestState(head: CheckpointHead, state: GateState): CheckpointEvent {
  return write(head, state, () => {});
}

function write(head: CheckpointHead, state: GateState, put: (bytes: Buffer) => void): CheckpointEvent {
  const digest = createHash('sha256');
  let bytes = 0;
  for (const line of writeLines(head, state)) {
    const encoded = Buffer.from(line, 'utf8');
    digest.update(encoded);
    bytes += encoded.length;
    put(encoded);
  }
  return { ...head, bytes, sha256: digest.digest('hex') };
}

export function checkpointPath(folder: string, seq: number): string {
  return join(folder, `checkpoint-${seq}.jsonl`);
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
      event = write(head, state, (bytes) => {
        for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      });
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
  const fd = openSync(path, 'r');
  try {
    // INVARIANT: nothing of a file is taken before all of it is known to be what the chain committed to.
    if (digestFile(fd) !== event.sha256)
      throw new Error('its file is damaged: the digest is another than the recorded one');
    const reader = new GraphReader();
    let isHead = true;
    for (const line of readLines(fd)) {
      if (!isHead) reader.take(line);
      else if (line !== canonicalJson(headOf(event))) throw new Error('its file is of another record');
      isHead = false;
    }
    const { root } = reader;
    if (root instanceof GateState) return root;
    throw new Error('its file holds no state');
  } finally {
    closeSync(fd);
  }
}

function* readChunks(fd: number): Generator<Buffer, void> {
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let at = 0; ; ) {
    const length = readSync(fd, chunk, 0, chunk.length, at);
    if (length === 0) return;
    at += length;
    yield chunk.subarray(0, length);
  }
}

function digestFile(fd: number): string {
  const digest = createHash('sha256');
  for (const chunk of readChunks(fd)) digest.update(chunk);
  return digest.digest('hex');
}

function* readLines(fd: number): Generator<string, void> {
  let begun: Buffer[] = [];
  for (const chunk of readChunks(fd)) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      const rest = chunk.subarray(from, end);
      yield begun.length === 0 ? rest.toString('utf8') : Buffer.concat([...begun, rest]).toString('utf8');
      begun = [];
      from = end + 1;
    }
    // The next chunk is read into the same bytes.
    if (from < chunk.length) begun.push(Buffer.from(chunk.subarray(from)));
  }
  if (begun.length > 0) throw new Error('its file ends within a line');
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
