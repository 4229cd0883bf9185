import { existsSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compareRecord, readHeadFile } from '../../../ledger/proofs/head-file.ts';
import { openLedgerReader } from '../../../ledger/reader.ts';
import type { LedgerEvent, LedgerReader } from '../../../ledger/types.ts';
import { compareAnchors } from '../../../ledger/verify/anchors.ts';
import { parseNoted } from '../ledger/audit-proofs.ts';
import { absent, type Check, type Examined, type Finding, proven, refuted, unknown } from './finding.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** The head file is written once a second, and the disk is not always quick. */
const HEAD_LAG_MS = 60_000;

/** What would be left after a full disk, a lost one, or somebody who put an older home back. */
export function durabilityChecks(examined: Examined): readonly Check[] {
  const { config } = examined;
  const ledgerPath = join(config.home, config.venue, 'ledger.db');
  const withLedger = (judge: (ledger: LedgerReader) => Finding) => (): Finding => {
    const ledger = openLedgerReader(ledgerPath);
    try {
      return judge(ledger);
    } finally {
      ledger.close();
    }
  };
  return [
    {
      id: 'disk',
      claim: `the disk lasts ${examined.days} days at today's rate`,
      run: withLedger((ledger) => judgeDisk(ledger, examined.days)),
    },
    {
      id: 'backup',
      claim: `a backup of this ledger is at most ${examined.backupHours} hours old`,
      run: withLedger((ledger) => judgeBackup(ledger, examined)),
    },
    {
      id: 'head_file',
      claim: 'the head file follows the ledger',
      run: withLedger((ledger) => judgeHeadFile(ledger, config.headFile)),
    },
    {
      id: 'head_elsewhere',
      claim: 'a head is noted elsewhere, and the ledger holds it',
      run: withLedger((ledger) => judgeElsewhere(ledger, examined)),
    },
  ];
}

function readLast(ledger: LedgerReader): LedgerEvent {
  const last = ledger.readEvent(ledger.lastSeq());
  if (last === null) throw new Error('the ledger holds no record');
  return last;
}

/** The rate is that of the last day, or since the first record: of an hour at least, since a start writes more. */
function judgeDisk(ledger: LedgerReader, days: number): Finding {
  const last = readLast(ledger);
  const from = findFirstSince(ledger, last.at_ms - DAY_MS);
  const first = ledger.readEvent(from);
  const spanMs = last.at_ms - (first?.at_ms ?? last.at_ms);
  const bytes = statSync(ledger.path).size;
  const written = (bytes / last.seq) * (last.seq - from + 1);
  const bytesPerDay = (written * DAY_MS) / Math.max(spanMs, HOUR_MS);
  const { bavail, bsize } = statfsSync(dirname(ledger.path));
  const free = Number(bavail) * Number(bsize);
  const lasts = free / bytesPerDay;
  const said = `${(free / 1e9).toFixed(1)} GB free, ${(bytesPerDay / 1e6).toFixed(1)} MB a day`;
  return lasts < days ? refuted(`${said}: ${Math.floor(lasts)} days`) : proven(said);
}

/** The first record that is not older. Instants rise but for clocks that were set back. */
function findFirstSince(ledger: LedgerReader, sinceMs: number): number {
  let low = 1;
  let high = ledger.lastSeq();
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((ledger.readEvent(middle)?.at_ms ?? 0) < sinceMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function judgeBackup(ledger: LedgerReader, { backup, backupHours }: Examined): Finding {
  if (backup === null) return unknown('--backup names the newest copy, made by `audit backup`');
  if (!existsSync(backup)) return absent(backup);
  const copy = openLedgerReader(backup);
  try {
    const head = readLast(copy);
    if (ledger.readEvent(head.seq)?.hash !== head.hash) return refuted(`${backup} is of another ledger`);
    const hours = (readLast(ledger).at_ms - head.at_ms) / 3_600_000;
    const said = `it ends at record ${head.seq}, ${hours.toFixed(1)} hours before the ledger`;
    return hours > backupHours ? refuted(said) : proven(said);
  } finally {
    copy.close();
  }
}

function judgeHeadFile(ledger: LedgerReader, path: string): Finding {
  const noted = readHeadFile(path);
  if (noted === null) return refuted(`${path} does not exist`);
  const comparison = compareRecord({ ...noted, genesis: noted.genesis_id }, ledger);
  if (comparison === 'other') return refuted(`${path} notes another ledger`);
  if (comparison === 'behind') return refuted(`the ledger does not hold the record that ${path} notes`);
  const next = ledger.readEvent(noted.seq + 1);
  const behindMs = next === null ? 0 : readLast(ledger).at_ms - next.at_ms;
  const said = `record ${noted.seq} of ${ledger.lastSeq()}`;
  return behindMs > HEAD_LAG_MS ? refuted(`${said}: it is no longer written`) : proven(said);
}

function judgeElsewhere(ledger: LedgerReader, { config, noted }: Examined): Finding {
  if (noted === null) {
    const isOnSameDisk = statSync(dirname(config.headFile)).dev === statSync(dirname(ledger.path)).dev;
    return isOnSameDisk
      ? unknown(`${config.headFile} is on the ledger's own disk; --noted compares a head that is kept elsewhere`)
      : judgeHeadFile(ledger, config.headFile);
  }
  const head = parseNoted(noted);
  const { failed } = compareAnchors(ledger, [{ name: noted, kind: 'record', noted: head }]);
  return failed === null ? proven(`record ${head.seq}`) : refuted(failed.detail);
}
