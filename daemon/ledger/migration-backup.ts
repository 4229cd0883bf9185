import { existsSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { checkMigrations, type Migration } from './migrations.ts';
import { writeWholeCopy } from './whole-copy.ts';

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
