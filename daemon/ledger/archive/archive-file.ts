import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { ArchivedEvent } from '../../engine/records/house-events.ts';
import { exportLine } from '../chain/export.ts';
import { hashEvent, sha256Hex } from '../chain/hash-chain.ts';
import { syncPath } from '../disk/private-files.ts';
import { codeOf, LedgerError } from '../errors.ts';
import type { ChainRow } from '../types.ts';

/** Records of one segment: what becomes one file. */
export const SEGMENT_RECORDS = 10_000;
/** Records that are compressed together: what is read to get one of them. */
export const FRAME_RECORDS = 500;
const LEVEL = 12;
const LINE =
  /^\{"at_ms":(\d+),"hash":"([0-9a-f]{64})","kind":"([a-z][a-z0-9_.]{0,63})","payload":(.*),"prev_hash":"([0-9a-f]{64})","seq":(\d+)\}$/s;

/** The writes of an archive, in their order; a crash between any two of them loses nothing. */
export interface ArchiveDisk {
  makeFolder(path: string): void;
  create(path: string): number;
  write(fd: number, bytes: Buffer): void;
  sync(fd: number): void;
  close(fd: number): void;
  rename(from: string, to: string): void;
  syncFolder(path: string): void;
}
export const REAL_DISK: ArchiveDisk = {
  makeFolder: (path) => void mkdirSync(path, { recursive: true, mode: 0o700 }),
  create: (path) => openSync(path, 'w', 0o600),
  write: (fd, bytes) => {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  },
  sync: (fd) => fsyncSync(fd),
  close: (fd) => closeSync(fd),
  rename: (from, to) => renameSync(from, to),
  syncFolder: syncPath,
};

/** Where the archives of a ledger lie. */
export function archiveFolder(ledgerPath: string): string {
  return join(dirname(ledgerPath), 'archives');
}
export function archiveName(fromSeq: number, toSeq: number): string {
  const name = (seq: number): string => String(seq).padStart(12, '0');
  return `${name(fromSeq)}-${name(toSeq)}.jsonl.zst`;
}

/** Where an archive is kept whose name one of another ledger has taken. */
const asidePath = (path: string, sha256: string): string => `${path}.${sha256.slice(0, 16)}`;

/**
 * RISK: the home may have been put back. Then the same segment has other records, and the file of that name is all that is
 * left of what the newer ledger had recorded.
 */
function setAside(path: string, sha256: string, disk: ArchiveDisk): void {
  const there = readIfThere(path);
  const other = there === null ? sha256 : sha256Hex(there);
  if (other !== sha256) disk.rename(path, asidePath(path, other));
}

function readIfThere(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Writes a segment (0600): the lines of `audit export`, as frames of zstd one behind the other. The file has its name only
 * when it is whole, on disk, and was read back and found to be the records that it was made of. `rows` is asked twice.
 *
 * @throws LedgerError LEDGER_CORRUPT if the records are no chain, LEDGER_ARCHIVE if the file reads back otherwise
 */
export function writeArchive(
  folder: string,
  rows: () => Iterable<ChainRow>,
  checkpoints: ArchivedEvent['checkpoints'],
  disk: ArchiveDisk = REAL_DISK,
): ArchivedEvent {
  disk.makeFolder(folder);
  const unfinished = join(folder, 'unfinished.new');
  try {
    const { bytes, frames, records, sha256 } = writeFrames(unfinished, rows(), disk);
    const [first, last] = [records[0], records.at(-1)];
    if (first === undefined || last === undefined) throw new LedgerError('LEDGER_ARGUMENT', 'The segment is empty.');
    const event: ArchivedEvent = {
      bytes,
      checkpoints,
      file: archiveName(first.seq, last.seq),
      first_at_ms: first.at_ms,
      frame_records: FRAME_RECORDS,
      frames,
      from_seq: first.seq,
      hash: last.hash,
      last_at_ms: last.at_ms,
      prev_hash: first.prev_hash,
      sha256,
      to_seq: last.seq,
    };
    verifyFile(unfinished, event, rows());
    setAside(join(folder, event.file), event.sha256, disk);
    disk.rename(unfinished, join(folder, event.file));
    disk.syncFolder(folder);
    return event;
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

type Edge = Pick<ChainRow, 'seq' | 'at_ms' | 'hash' | 'prev_hash'>;

function writeFrames(path: string, rows: Iterable<ChainRow>, disk: ArchiveDisk) {
  const digest = createHash('sha256');
  const frames: number[] = [];
  const records: Edge[] = [];
  let lines: string[] = [];
  const fd = disk.create(path);
  const flush = (): void => {
    if (lines.length === 0) return;
    const frame = zstdCompressSync(lines.join(''), {
      params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_checksumFlag]: 1 },
    });
    lines = [];
    disk.write(fd, frame);
    digest.update(frame);
    frames.push(frame.length);
  };
  try {
    for (const row of rows) {
      lines.push(`${exportLine(row)}\n`);
      const { at_ms, hash, prev_hash, seq } = row;
      // Of a segment only its ends are needed.
      if (records.length === 2) records.pop();
      records.push({ at_ms, hash, prev_hash, seq });
      if (lines.length === FRAME_RECORDS) flush();
    }
    flush();
    disk.sync(fd);
  } finally {
    disk.close(fd);
  }
  return { bytes: frames.reduce((sum, length) => sum + length, 0), frames, records, sha256: digest.digest('hex') };
}

/** INVARIANT: nothing is recorded of a file before its bytes on disk give the very records, and these are a chain. */
function verifyFile(path: string, event: ArchivedEvent, rows: Iterable<ChainRow>): void {
  const wrong = (why: string): LedgerError =>
    new LedgerError('LEDGER_ARCHIVE', `The archive ${path} cannot be used: ${why}.`);
  const bytes = readWhole(path, event);
  const wanted = rows[Symbol.iterator]();
  let hash = event.prev_hash;
  let seq = event.from_seq;
  for (let frame = 0; frame < event.frames.length; frame += 1)
    for (const row of readFrame(path, bytes, event, frame)) {
      const live = wanted.next().value;
      if (live === undefined || exportLine(live) !== exportLine(row)) throw wrong(`record ${seq} reads back otherwise`);
      if (row.seq !== seq || row.prev_hash !== hash || row.hash !== hashOf(row))
        throw new LedgerError('LEDGER_CORRUPT', `Record ${seq} is not in the chain. Run: ./holdfast audit verify`);
      hash = row.hash;
      seq += 1;
    }
  if (wanted.next().done !== true || hash !== event.hash) throw wrong('it ends early');
}

export function hashOf({ at_ms, kind, payload, prev_hash, seq }: ChainRow): string {
  return hashEvent(prev_hash, { seq, at_ms, kind }, payload);
}

/**
 * The bytes of an archive, which are known to be those that the chain names.
 *
 * @throws LedgerError LEDGER_ARCHIVE, which names the file
 */
export function readWhole(path: string, event: ArchivedEvent): Buffer {
  let bytes: Buffer | null;
  try {
    bytes = readIfThere(path);
    if (bytes !== null && sha256Hex(bytes) === event.sha256) return bytes;
    const kept = readIfThere(asidePath(path, event.sha256));
    if (kept !== null && sha256Hex(kept) === event.sha256) return kept;
  } catch (error) {
    throw unusable(path, event, `cannot be read (${codeOf(error)})`);
  }
  throw unusable(
    path,
    event,
    bytes === null ? 'is missing' : 'is damaged or of another ledger: its digest is not the recorded one',
  );
}

function unusable(path: string, { from_seq, sha256, to_seq }: ArchivedEvent, why: string): LedgerError {
  return new LedgerError(
    'LEDGER_ARCHIVE',
    `Records ${from_seq} to ${to_seq} are in the archive ${path} (sha256 ${sha256}), which ${why}. Put it back from a backup.`,
  );
}

/** The records of one frame. */
export function readFrame(path: string, bytes: Buffer, event: ArchivedEvent, frame: number): readonly ChainRow[] {
  const from = event.frames.slice(0, frame).reduce((sum, length) => sum + length, 0);
  const text = zstdDecompressSync(bytes.subarray(from, from + (event.frames[frame] ?? 0))).toString('utf8');
  const lines = text.split('\n');
  if (lines.pop() !== '') throw unusable(path, event, `ends within a line of frame ${frame}`);
  return lines.map((line) => {
    const [, at_ms, hash, kind, payload, prev_hash, seq] = LINE.exec(line) ?? [];
    if (hash === undefined || kind === undefined || payload === undefined || prev_hash === undefined)
      throw unusable(path, event, `has a line in frame ${frame} that is no record`);
    return { seq: Number(seq), at_ms: Number(at_ms), kind, payload, prev_hash, hash };
  });
}
