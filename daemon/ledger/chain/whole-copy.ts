import { closeSync, existsSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database } from 'better-sqlite3';
import { toLedgerError } from '../disk/connection.ts';
import { syncPath } from '../disk/private-files.ts';
import { checkMigrations, type Migration } from './migrations.ts';

/**
 * Copies a database into a new file (0600), in one read transaction that includes the write-ahead log. The copy has its
 * name only when it is whole, on disk, and `check` has found it sound: SQLite itself syncs nothing of it. What an
 * interrupted attempt left is overwritten.
 *
 * @throws LedgerError LEDGER_FULL, LEDGER_PERMISSIONS and others, and what `check` throws
 */
export function writeWholeCopy<T>(db: Database, target: string, check: (unfinished: string) => T): T {
  const unfinished = `${target}.new`;
  try {
    rmSync(unfinished, { force: true });
    closeSync(openSync(unfinished, 'wx', 0o600));
    db.prepare('VACUUM INTO ?').run(unfinished);
    syncPath(unfinished);
    const found = check(unfinished);
    renameSync(unfinished, target);
    syncPath(dirname(target));
    return found;
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw toLedgerError(error, target);
  }
}

/** Where the copy from before migration `version` lies: beside the ledger. */
export function migrationBackupPath(path: string, version: number): string {
  return `${path}.before-${String(version).padStart(4, '0')}`;
}

/**
 * Copies an existing ledger (0600) before its first missing migration. The copy has its name only when it is whole and on
 * disk. An interrupted attempt starts again; a copy that is there is kept.
 *
 * @throws LedgerError LEDGER_FULL, LEDGER_MIGRATION and others; then no migration may run
 */
export function backUpBeforeMigrations(db: Database, path: string, migrations: readonly Migration[]): void {
  const hasTable = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'").get();
  if (hasTable === undefined) return;
  const applied = checkMigrations(db, migrations);
  const next = migrations[applied];
  if (applied === 0 || next === undefined) return;
  const target = migrationBackupPath(path, next.version);
  if (existsSync(target)) return;
  writeWholeCopy(db, target, () => undefined);
}
