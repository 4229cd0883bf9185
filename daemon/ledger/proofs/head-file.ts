import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import type { TimePort, Timer } from '../../time/time-port.ts';
import { codeOf, LedgerError, messageOf } from '../errors.ts';
import type { Ledger, LedgerReader } from '../types.ts';

/**
 * The last record of a ledger, noted outside its home. A restored older home does not contain it, even if nothing was
 * traded since. The note lags by up to a second, and is never ahead of the disk.
 */
export interface NotedHead {
  readonly genesis_id: string;
  readonly seq: number;
  readonly hash: string;
  /** Venue time of that record. */
  readonly at_ms: number;
}

/** Minimum time between two writes, wall ms. */
const WRITE_EVERY_MS = 1_000;

/**
 * The noted head; null: none.
 *
 * @throws LedgerError LEDGER_HEAD when it cannot be read
 */
export function readHeadFile(path: string): NotedHead | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw unreadable(path, messageOf(error));
  }
  try {
    const noted: unknown = JSON.parse(text);
    if (isNotedHead(noted)) return noted;
  } catch {
    // Said below.
  }
  throw unreadable(path, 'it does not hold the head of a ledger');
}

function unreadable(path: string, why: string): LedgerError {
  return new LedgerError(
    'LEDGER_HEAD',
    `The head file ${path} cannot be read (${why}), so it is unknown whether this home is the newest. If it is, remove that file and start again; if the home was restored, run: ./holdfast recover`,
  );
}

function isNotedHead(value: unknown): value is NotedHead {
  if (typeof value !== 'object' || value === null) return false;
  const { genesis_id, seq, hash, at_ms } = value as Record<string, unknown>;
  return (
    typeof genesis_id === 'string' &&
    Number.isSafeInteger(seq) &&
    typeof hash === 'string' &&
    /^[0-9a-f]{64}$/.test(hash) &&
    Number.isSafeInteger(at_ms)
  );
}

/** `behind`: the ledger does not contain the noted record. `other`: the record is of another ledger. */
export type HeadComparison = 'absent' | 'contained' | 'behind' | 'other';

function compareHead(noted: NotedHead | null, ledger: LedgerReader): HeadComparison {
  return noted === null ? 'absent' : compareRecord({ ...noted, genesis: noted.genesis_id }, ledger);
}

/** A record that was noted outside the ledger. */
export interface NotedRecord {
  readonly seq: number;
  readonly hash: string;
  /** Hash or id of the genesis; null: the note names none. */
  readonly genesis: string | null;
}

/** @throws LedgerError LEDGER_ARCHIVE when the record lies in an archive that cannot be read */
export function compareRecord(
  { genesis, hash, seq }: NotedRecord,
  ledger: LedgerReader,
): Exclude<HeadComparison, 'absent'> {
  if (genesis !== null && ![ledger.genesis.hash, ledger.genesis.genesis_id].includes(genesis)) return 'other';
  return ledger.readEvent(seq)?.hash === hash ? 'contained' : 'behind';
}

/**
 * Refuses a ledger that is not the newest according to the noted head. `isNew`: it contains nothing but its genesis.
 * `mayReplace`: a new ledger may replace another (on paper, where removing the home starts over).
 *
 * @throws LedgerError LEDGER_HEAD, which says what to do
 */
export function checkHead(
  path: string,
  ledger: LedgerReader,
  { isNew, mayReplace }: { readonly isNew: boolean; readonly mayReplace: boolean },
): void {
  refuseBehind(readHeadFile(path), path, ledger, { isNew, mayReplace });
}

/** RISK: what cannot be seen is refused as well. Exits meanwhile go out by `flatten --emergency`, which needs no ledger. */
function compareReadable(noted: NotedHead, path: string, ledger: LedgerReader): HeadComparison {
  try {
    return compareHead(noted, ledger);
  } catch (error) {
    if (codeOf(error) !== 'LEDGER_ARCHIVE') throw error;
    const at = new Date(noted.at_ms).toISOString();
    throw new LedgerError(
      'LEDGER_HEAD',
      `${path} notes record ${noted.seq} of ${at}, and it cannot be seen whether the ledger ${ledger.path} contains it. ${messageOf(error)} If that file is lost, and this home is the newest, remove ${path} and start again; if the home was restored, see that no other daemon trades this account and run: ./holdfast recover. To close positions now: ./holdfast flatten --emergency`,
      { cause: error },
    );
  }
}

/** {@link checkHead} of what was noted at a place. @throws LedgerError LEDGER_HEAD */
export function refuseBehind(
  noted: NotedHead | null,
  path: string,
  ledger: LedgerReader,
  { isNew, mayReplace }: { readonly isNew: boolean; readonly mayReplace: boolean },
): void {
  if (noted === null) return;
  const comparison = compareReadable(noted, path, ledger);
  if (comparison === 'contained') return;
  const at = new Date(noted.at_ms).toISOString();
  if (comparison === 'behind') {
    throw new LedgerError(
      'LEDGER_HEAD',
      `The ledger ${ledger.path} ends at record ${ledger.lastSeq()} and does not contain record ${noted.seq} of ${at}, which ${path} notes: an older copy of the home was put back. Put the newest home back; if there is none, see that no other daemon trades this account and run: ./holdfast recover`,
    );
  }
  if (isNew && mayReplace) return;
  throw new LedgerError(
    'LEDGER_HEAD',
    `The head file ${path} notes record ${noted.seq} of ${at} of another ledger. Put the home of that one back; if it is given up, see that no daemon runs on it and run: ./holdfast recover --take-over`,
  );
}

/** Notes a ledger's head now, whatever was noted before. For a recovery. */
export function writeHead(path: string, ledger: LedgerReader): void {
  const text = describeHead(ledger);
  if (text === null) return;
  const draft = `${path}.${process.pid}.tmp`;
  try {
    writeFileSync(draft, text, { mode: 0o600, flush: true });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** The same, unless the ledger does not contain the noted head, which needs a person. True: noted. */
export function advanceHead(path: string, ledger: LedgerReader): boolean {
  const comparison = compareHead(readHeadFile(path), ledger);
  if (comparison !== 'contained' && comparison !== 'absent') return false;
  writeHead(path, ledger);
  return true;
}

function describeHead(ledger: LedgerReader): string | null {
  const noted = readHead(ledger);
  return noted === null ? null : `${JSON.stringify(noted)}\n`;
}

/** What would be noted now; null: nothing is recorded. */
export function readHead(ledger: LedgerReader): NotedHead | null {
  const last = ledger.readHead();
  return last === null ? null : { genesis_id: ledger.genesis.genesis_id, ...last };
}

export interface HeadFile {
  /** Notes the head one last time; nothing is written once it resolves. */
  close(): Promise<void>;
}

/**
 * Follows a ledger: notes its head after commits, at most once a second, without blocking the event loop. A file that
 * cannot be written delays nothing and is reported once.
 */
export function followHead(
  path: string,
  ledger: Ledger,
  { time, onProblem }: { readonly time: TimePort; readonly onProblem: (why: string) => void },
): HeadFile {
  let timer: Timer | null = null;
  let writing: Promise<void> | null = null;
  let isClosed = false;
  let isReported = false;
  const tell = (error: unknown): void => {
    if (isReported) return;
    isReported = true;
    onProblem(`the head file ${path} cannot be written (${messageOf(error)}): an older home would not be noticed`);
  };
  const write = (): void => {
    timer = null;
    // It may have waited for the one before: by then the ledger is closed, and its last head noted.
    const text = isClosed ? null : describeHead(ledger);
    if (text === null) return;
    writing = replaceFile(path, text, () => !isClosed)
      .then(() => {
        isReported = false;
      }, tell)
      .finally(() => {
        writing = null;
      });
  };
  const stop = ledger.onCommitted(() => {
    if (timer === null && !isClosed)
      timer = time.after(WRITE_EVERY_MS, () => (writing === null ? write() : void writing.then(write)), {
        unref: true,
      });
  });
  const now = (): void => {
    try {
      writeHead(path, ledger);
    } catch (error) {
      tell(error);
    }
  };
  now();
  return {
    close: async () => {
      isClosed = true;
      stop();
      timer?.cancel();
      now();
      await writing;
    },
  };
}

/** Without blocking, but for the last step: nothing may come between the look and the rename. */
async function replaceFile(path: string, text: string, isWanted: () => boolean): Promise<void> {
  const draft = `${path}.tmp`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
  if (isWanted()) renameSync(draft, path);
  else rmSync(draft, { force: true });
}
