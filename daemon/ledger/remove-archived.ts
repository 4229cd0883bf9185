import type { Database } from 'better-sqlite3';
import { archiveFolder, readWhole } from './archive/archive-file.ts';
import { Archives } from './archive/archives.ts';
import { openForRemoval, toLedgerError } from './disk/connection.ts';
import type { SqliteReader } from './reader.ts';
import { KEPT_KINDS } from './types.ts';

/** Records that one transaction removes: a few ms, in which a commit of the daemon waits. */
const BATCH = 250;
/** Pages that one step gives back to the file system. */
const PAGES = 32;
const KEPT = [...KEPT_KINDS].map((kind) => `'${kind}'`).join(', ');

/**
 * Removes archived records from the live file, in steps, each a transaction of its own, and gives their space back. It can
 * end after any step and go on later. The database itself refuses to remove what no record of the chain calls archived.
 */
export interface Removal {
  /** Does one step; false: there was nothing left to do. @throws LedgerError */
  step(): boolean;
  close(): void;
}

export function openRemoval(path: string): Removal {
  const db = openForRemoval(path);
  try {
    const archives = new Archives(db, archiveFolder(path));
    const removeBatch = prepareRemoval(db);
    const empty = new Set<string>();
    const verified = new Set<string>();
    const isIncremental = db.pragma('auto_vacuum', { simple: true }) === 2;
    const removeSome = (): boolean => {
      for (const event of archives.list()) {
        if (empty.has(event.file)) continue;
        if (hasRows(db, event.from_seq, event.to_seq)) {
          // INVARIANT: a record is removed only while the bytes of its archive are on disk and are the recorded ones.
          if (!verified.has(event.file)) readWhole(archives.pathOf(event), event);
          verified.add(event.file);
          removeBatch(event.from_seq, event.to_seq);
          return true;
        }
        empty.add(event.file);
      }
      return false;
    };
    const giveBack = (): boolean => {
      if (!isIncremental || db.pragma('freelist_count', { simple: true }) === 0) return false;
      db.pragma(`incremental_vacuum(${PAGES})`);
      return true;
    };
    return {
      step: () => {
        try {
          return removeSome() || giveBack();
        } catch (error) {
          throw toLedgerError(error, path);
        }
      },
      close: () => db.close(),
    };
  } catch (error) {
    db.close();
    throw toLedgerError(error, path);
  }
}

function prepareRemoval(db: Database): (fromSeq: number, toSeq: number) => void {
  const remove = db.prepare<[number, number]>(
    `DELETE FROM events WHERE seq IN (
       SELECT seq FROM events WHERE seq BETWEEN ? AND ? AND kind NOT IN (${KEPT}) ORDER BY seq LIMIT ${BATCH}
     )`,
  );
  return (fromSeq, toSeq) => void remove.run(fromSeq, toSeq);
}

function hasRows(db: Database, fromSeq: number, toSeq: number): boolean {
  const find = db.prepare(`SELECT 1 FROM events WHERE seq BETWEEN ? AND ? AND kind NOT IN (${KEPT}) LIMIT 1`);
  return find.get(fromSeq, toSeq) !== undefined;
}

/** Whether records of archives are in the live file still. */
export function hasArchivedRows({ archives, db }: SqliteReader): boolean {
  const archivedSeq = archives.lastSeq();
  return archivedSeq > 0 && hasRows(db, 1, archivedSeq);
}

/** Rewrites a file of before archives so that it can give space back; nothing else may use it meanwhile. @throws LedgerError */
export function makeShrinkable({ db, path }: SqliteReader): void {
  try {
    if (db.pragma('auto_vacuum', { simple: true }) === 2) return;
    db.pragma('auto_vacuum = INCREMENTAL');
    db.exec('VACUUM');
  } catch (error) {
    throw toLedgerError(error, path);
  }
}
