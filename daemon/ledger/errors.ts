/** Every way in which the ledger refuses or fails. The codes are stable: operators and scripts match on them. */
export const LEDGER_ERROR_CODES = [
  /** Another process holds this ledger. */
  'LEDGER_LOCKED',
  /** The ledger was begun for another venue or account. */
  'LEDGER_WRONG_VENUE',
  /** The database is damaged, or its records do not form a chain. */
  'LEDGER_CORRUPT',
  /** The disk is full and the reserve is used up or cannot be created. */
  'LEDGER_FULL',
  /** A commit failed. Nothing more is accepted until a restarted process has read the ledger again. */
  'LEDGER_FAILED',
  /** The ledger is closed. */
  'LEDGER_CLOSED',
  /** The database does not fit the migrations of this build. */
  'LEDGER_MIGRATION',
  /** There is no ledger at this path. */
  'LEDGER_MISSING',
  /** Others can write to the ledger's folder or files, or this process cannot use them. */
  'LEDGER_PERMISSIONS',
  /** The ledger does not contain the head noted outside the home, or that head cannot be read. */
  'LEDGER_HEAD',
  /** A record lies in an archive whose file is missing or not the one that the chain names. */
  'LEDGER_ARCHIVE',
  /** An unacceptable record, cursor or other argument; nothing was written. */
  'LEDGER_ARGUMENT',
] as const;

export type LedgerErrorCode = (typeof LEDGER_ERROR_CODES)[number];

/** An operational failure of the ledger. The message is for an operator. */
export class LedgerError extends Error {
  readonly code: LedgerErrorCode;

  constructor(code: LedgerErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'LedgerError';
    this.code = code;
  }
}

/** The message of any thrown value. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** SQLite's or the system's code of a thrown error (`SQLITE_FULL`, `ENOSPC`); '' if it has none. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
