import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Database } from 'better-sqlite3';
import { LedgerError, messageOf } from '../errors.ts';
import { sha256Hex } from './hash-chain.ts';

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

/** Folder `migrations/` of the package, searched upwards from this file, so that source and build both find it. */
export function findMigrationsFolder(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!isPackageRoot(folder)) {
    const parent = dirname(folder);
    if (parent === folder)
      throw new LedgerError('LEDGER_MIGRATION', 'The folder of the holdfast package was not found.');
    folder = parent;
  }
  return join(folder, 'migrations');
}

function isPackageRoot(folder: string): boolean {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return false;
  const manifest: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'name' in manifest && manifest.name === 'holdfast';
}

/** Reads `NNNN_name.sql` files; the numbers must be consecutive from 1. Checksums ignore the kind of line ends. */
export function readMigrations(folder: string): Migration[] {
  let files: string[];
  try {
    files = readdirSync(folder).filter((file) => file.endsWith('.sql'));
  } catch (cause) {
    throw new LedgerError('LEDGER_MIGRATION', `The migrations folder ${folder} cannot be read.`, { cause });
  }
  if (files.length === 0) throw new LedgerError('LEDGER_MIGRATION', `The migrations folder ${folder} is empty.`);
  return files.sort().map((file, index) => {
    const version = Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(file)?.[1]);
    if (version !== index + 1) {
      throw new LedgerError('LEDGER_MIGRATION', `Migration ${file} in ${folder} should be number ${index + 1}.`);
    }
    const sql = readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n');
    return { version, name: file, sql, checksum: sha256Hex(sql) };
  });
}

const CREATE_SCHEMA_MIGRATIONS = `CREATE TABLE IF NOT EXISTS schema_migrations (
  version       INTEGER PRIMARY KEY CHECK (version >= 1),
  name          TEXT    NOT NULL,
  checksum      TEXT    NOT NULL CHECK (length(checksum) = 64),
  applied_at_ms INTEGER NOT NULL
) STRICT`;

/** Applies missing migrations, each in its own transaction. The caller holds the ledger's lock. */
export function migrate(db: Database, migrations: readonly Migration[], nowMs: number): void {
  db.exec(CREATE_SCHEMA_MIGRATIONS);
  const applied = checkMigrations(db, migrations);
  const insert = db.prepare(
    'INSERT INTO schema_migrations (version, name, checksum, applied_at_ms) VALUES (?, ?, ?, ?)',
  );
  for (const migration of migrations.slice(applied)) {
    const apply = db.transaction(() => {
      db.exec(migration.sql);
      insert.run(migration.version, migration.name, migration.checksum, nowMs);
    });
    try {
      apply.exclusive();
    } catch (cause) {
      throw new LedgerError('LEDGER_MIGRATION', `Migration ${migration.name} failed: ${messageOf(cause)}.`, { cause });
    }
  }
}

/**
 * Compares the migrations applied to a database with those of this build; returns how many were applied.
 *
 * @throws LedgerError LEDGER_MIGRATION if one was changed after it was applied, or if the database is newer
 */
export function checkMigrations(db: Database, migrations: readonly Migration[]): number {
  const select = 'SELECT version, name, checksum FROM schema_migrations ORDER BY version';
  const applied = db.prepare<[], { version: number; name: string; checksum: string }>(select).all();
  for (const [index, row] of applied.entries()) {
    const known = migrations[index];
    if (known === undefined || row.version !== known.version) {
      throw new LedgerError(
        'LEDGER_MIGRATION',
        `The ledger has migration ${row.name}, which this build does not know: it was written by a newer version. ` +
          'Start that version, or a later one.',
      );
    }
    if (row.checksum !== known.checksum) {
      throw new LedgerError(
        'LEDGER_MIGRATION',
        `Migration ${known.name} was changed after it was applied to this ledger. Restore the file; ` +
          'changes of the schema go into a new migration.',
      );
    }
  }
  return applied.length;
}

/** Refuses a database that lacks migrations of this build. */
export function requireMigrated(db: Database, migrations: readonly Migration[]): void {
  const hasTable = db.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'").get();
  if (hasTable === undefined) throw new LedgerError('LEDGER_MIGRATION', 'This database is not a Holdfast ledger.');
  if (checkMigrations(db, migrations) === migrations.length) return;
  throw new LedgerError(
    'LEDGER_MIGRATION',
    'The ledger is older than this build. Start the daemon once to migrate it.',
  );
}
