/** Every way in which the ledger refuses or fails. Stable: operators and scripts match on them. */
export const LEDGER_ERROR_CODES = [
  /** Another process holds this ledger. */
  'LEDGER_LOCKED',
  /** The ledger was begun for another venue or account. */
  'LEDGER_WRONG_VENUE',
  /** The database is damaged, or its records do not form a chain. */
  'LEDGER_CORRUPT',
  /** The disk is full and the reserve is used up or cannot be created. */
  'LEDGER_FULL',
  /** A commit failed; nothing more is accepted until the process has restarted and read the ledger again. */
  'LEDGER_FAILED',
  /** The ledger is closed. */
  'LEDGER_CLOSED',
  /** The database does not fit the migrations of this build. */
  'LEDGER_MIGRATION',
  /** There is no ledger at this path. */
  'LEDGER_MISSING',
  /** The folder or a file of the ledger can be written by others, or cannot be used by us. */
  'LEDGER_PERMISSIONS',
  /** The head that was noted outside the home is not contained in this ledger, or cannot be read. */
  'LEDGER_HEAD',
  /** A record, a cursor or another argument that cannot be taken; nothing was written. */
  'LEDGER_ARGUMENT',
] as const;

export type LedgerErrorCode = (typeof LEDGER_ERROR_CODES)[number];

/** An operational failure of the ledger. The message is written for an operator. */
export class LedgerError extends Error {
  readonly code: LedgerErrorCode;

  constructor(code: LedgerErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'LedgerError';
    this.code = code;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** SQLite's or the system's code of a thrown error (`SQLITE_FULL`, `ENOSPC`), '' when it has none. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
