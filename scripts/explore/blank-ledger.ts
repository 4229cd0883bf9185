import { findMigrationsFolder, migrate, readMigrations } from '../../daemon/ledger/chain/migrations.ts';
import { MemoryStorage } from '../../daemon/ledger/disk/memory-storage.ts';

let bytes: Buffer | null = null;

/** Memory of a ledger that has its tables and no record; to make them takes longer than all that a world writes. */
export function blankStorage(): MemoryStorage {
  if (bytes === null) {
    const storage = new MemoryStorage();
    migrate(storage.lease().db, readMigrations(findMigrationsFolder()), 0);
    bytes = storage.copy();
    storage.close();
  }
  return new MemoryStorage(bytes);
}
