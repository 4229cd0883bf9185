import { join } from 'node:path';
import type { Database, Statement } from 'better-sqlite3';
import type { ArchivedEvent } from '../../engine/records/house-events.ts';
import type { ChainRow, LedgerArchives } from '../types.ts';
import { readFrame, readWhole } from './archive-file.ts';

/** Frames whose records are held: neighbours are asked for one after the other. */
const MAX_FRAMES = 4;

interface HeldFrame {
  readonly sha256: string;
  readonly frame: number;
  readonly rows: readonly ChainRow[];
}

/** Records that left the live file, read from the archives that the chain names. */
export class Archives implements LedgerArchives {
  readonly folder: string;
  readonly #lastSeq: Statement<[], number | null>;
  readonly #bodies: Statement<[], string>;
  readonly #bodyOf: Statement<[number], string>;
  #held: HeldFrame[] = [];
  #file: { readonly sha256: string; readonly bytes: Buffer } | null = null;

  constructor(db: Database, folder: string) {
    this.folder = folder;
    this.#lastSeq = db.prepare<[], number | null>('SELECT max(to_seq) FROM archives').pluck();
    this.#bodies = db.prepare<[], string>('SELECT body FROM archives ORDER BY to_seq').pluck();
    this.#bodyOf = db.prepare<[number], string>('SELECT body FROM archives WHERE to_seq >= ? ORDER BY to_seq').pluck();
  }

  lastSeq(): number {
    return this.#lastSeq.get() ?? 0;
  }

  list(): readonly ArchivedEvent[] {
    return this.#bodies.all().map((body) => JSON.parse(body) as ArchivedEvent);
  }

  pathOf({ file }: ArchivedEvent): string {
    return join(this.folder, file);
  }

  /** @throws LedgerError LEDGER_ARCHIVE, which names the file that is needed */
  read(seq: number): ChainRow | null {
    const event = this.#find(seq);
    if (event === null) return null;
    const frame = Math.floor((seq - event.from_seq) / event.frame_records);
    return this.#rowsOf(event, frame).find((row) => row.seq === seq) ?? null;
  }

  /** Ascending, from `fromSeq` to the last that is archived. @throws LedgerError LEDGER_ARCHIVE */
  *walk(fromSeq: number): Generator<ChainRow, void> {
    for (let seq = Math.max(1, fromSeq); ; ) {
      const event = this.#find(seq);
      if (event === null) return;
      const frame = Math.floor((seq - event.from_seq) / event.frame_records);
      for (const row of this.#rowsOf(event, frame)) if (row.seq >= seq) yield row;
      seq = Math.min(event.to_seq, event.from_seq + (frame + 1) * event.frame_records - 1) + 1;
    }
  }

  /** Descending, from the one before `beforeSeq`. @throws LedgerError LEDGER_ARCHIVE */
  *walkBack(beforeSeq: number): Generator<ChainRow, void> {
    for (let seq = Math.min(beforeSeq - 1, this.lastSeq()); seq >= 1; ) {
      const event = this.#find(seq);
      if (event === null) return;
      const frame = Math.floor((seq - event.from_seq) / event.frame_records);
      for (const row of this.#rowsOf(event, frame).toReversed()) if (row.seq <= seq) yield row;
      seq = event.from_seq + frame * event.frame_records - 1;
    }
  }

  #find(seq: number): ArchivedEvent | null {
    if (seq < 1) return null;
    const body = this.#bodyOf.get(seq);
    return body === undefined ? null : (JSON.parse(body) as ArchivedEvent);
  }

  #rowsOf(event: ArchivedEvent, frame: number): readonly ChainRow[] {
    const { sha256 } = event;
    const held = this.#held.find((one) => one.sha256 === sha256 && one.frame === frame);
    if (held !== undefined) return held.rows;
    const path = this.pathOf(event);
    // INVARIANT: no record of a file is returned before the whole file is known to be the one that the chain names.
    if (this.#file?.sha256 !== sha256) this.#file = { sha256, bytes: readWhole(path, event) };
    const rows = readFrame(path, this.#file.bytes, event, frame);
    this.#held = [...this.#held.slice(1 - MAX_FRAMES), { sha256, frame, rows }];
    return rows;
  }
}
