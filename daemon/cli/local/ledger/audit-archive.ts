import type { Command } from 'commander';
import { type Since, sinceInstant } from '../../../contract/schema/since.ts';
import { addVerb, type Io, printJson, readSince } from '../../verb.ts';
import { addLedgerOptions, findHeadFile, findLedger, type LedgerOptions } from './ledger-options.ts';

interface ArchiveOptions extends LedgerOptions {
  readonly before: Since;
}

/** `audit archive`: the daemon must be stopped; a running one archives by HOLDFAST_ARCHIVE_BEFORE. */
export function addArchive(audit: Command, io: Io): void {
  const verb = addVerb(audit, {
    usage: 'archive',
    summary: 'Move old records into compressed files beside the ledger; the daemon must be stopped',
    examples: ['audit archive --before 30d', 'audit archive --before 2025-10-10 --json'],
  });
  addLedgerOptions(verb)
    .requiredOption(
      '--before <when>',
      'older than 30d before the last record, or than an ISO date or instant',
      readSince,
    )
    .action((options: ArchiveOptions) => archive(io, options));
}

async function archive(io: Io, options: ArchiveOptions): Promise<void> {
  const { archiveLedger } = await import('../../../boot/keep/archive-ledger.ts');
  const path = findLedger(io, options);
  const archived = await archiveLedger({
    path,
    cutoffMs: (lastRecordMs) => sinceInstant(options.before, lastRecordMs),
    headFile: findHeadFile(io, options),
  });
  const last = archived.at(-1);
  const bytes = archived.reduce((sum, event) => sum + event.bytes, 0);
  if (options.json === true) return printJson(io, { archived });
  io.out(
    last === undefined
      ? 'nothing to archive: no whole segment of 10,000 records is that old\n'
      : `records ${archived[0]?.from_seq} to ${last.to_seq} are in ${archived.length} archives (${bytes} bytes); keep these files\n`,
  );
}
