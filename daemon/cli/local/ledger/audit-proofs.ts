import { dirname, join, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { SignedHead } from '../../../contract/signed-heads.ts';
import { messageOf } from '../../../ledger/errors.ts';
import type { NotedRecord } from '../../../ledger/proofs/head-file.ts';
import type { LedgerReader } from '../../../ledger/types.ts';
import { readNotedFile } from '../../../ledger/verify/anchors.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import { addVerb, type Io, printJson } from '../../verb.ts';
import { addLedgerOptions, findHeadFile, findLedger, type LedgerOptions } from './ledger-options.ts';

/** A record that was noted elsewhere: `SEQ:HASH`, or a file of `audit head` or `HOLDFAST_HEAD_FILE`. */
export function parseNoted(text: string): NotedRecord {
  const [, seq, hash] = /^([1-9]\d{0,14}):([0-9a-f]{64})$/.exec(text) ?? [];
  return seq !== undefined && hash !== undefined ? { seq: Number(seq), hash, genesis: null } : parseNotedFile(text);
}

function parseNotedFile(path: string): ReturnType<typeof readNotedFile> {
  try {
    return readNotedFile(path);
  } catch (error) {
    throw new InvalidArgumentError(`Expected SEQ:HASH, or a file that holds a head (${messageOf(error)}).`);
  }
}

interface HeadOptions extends LedgerOptions {
  readonly timestamp?: URL;
  readonly folder?: string;
}

/** Verbs for those who trust neither the daemon nor its host. */
export function addAuditProofs(audit: Command, io: Io): void {
  const head = addVerb(audit, {
    usage: 'head',
    summary: 'Print the last signed head; note it elsewhere',
    examples: [
      'audit head > head.json',
      'audit head --venue binance-demo',
      'audit head --timestamp https://freetsa.org/tsr',
    ],
  });
  addLedgerOptions(head)
    .option('--timestamp <url>', 'have it time-stamped by an authority of RFC 3161, and keep both', parseAuthority)
    .option('--folder <dir>', 'where both are kept (`heads` beside the ledger)')
    .action((options: HeadOptions) => printHead(io, options));
  const receipt = addVerb(audit, {
    usage: 'receipt',
    summary: 'Print the receipt of a decision from the ledger file; anybody can verify it offline',
    examples: ['audit receipt d-4f1c2a-1b2 > receipt.json', 'audit receipt d-4f1c2a-1b2 --head head.json'],
  });
  addLedgerOptions(receipt)
    .argument('<decision>', 'its decision_id')
    .option(
      '--head <head>',
      'prove it to this head: a number, or a file of `audit head` (else the last)',
      parseHeadNumber,
    )
    .action((id: string, options: LedgerOptions & { readonly head?: number }) => printReceipt(io, id, options));
  const rotate = addVerb(audit, {
    usage: 'rotate-key',
    summary: 'Replace the key that signs heads; the old key signs the new one; the daemon must be stopped',
    examples: ['audit rotate-key'],
  });
  addLedgerOptions(rotate).action((options: LedgerOptions) => rotateKey(io, options));
}

function parseHeadNumber(text: string): number {
  if (/^[1-9]\d{0,9}$/.test(text)) return Number(text);
  const { number } = parseNotedFile(text);
  if (number === null) throw new InvalidArgumentError(`${text} holds no signed head; \`audit head\` prints one.`);
  return number;
}

/** Many authorities answer over plain http: what they sign is not secret, and the answer proves itself. */
function parseAuthority(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '')
    throw new InvalidArgumentError('Expected an address, https://… or http://…, without a user or a password.');
  return url;
}

async function printHead(io: Io, { folder, timestamp, ...options }: HeadOptions): Promise<void> {
  const path = findLedger(io, options);
  const last = await readHead(io, path, options);
  const text = `${JSON.stringify(last, null, 2)}\n`;
  if (timestamp !== undefined) {
    const { stampHead } = await import('./stamp-head.ts');
    await stampHead(io, last, text, { url: timestamp, folder: resolve(folder ?? join(dirname(path), 'heads')) });
  } else if (folder !== undefined) throw new CliError(EXIT.USAGE, '--folder is for --timestamp, which keeps files.');
  io.out(text);
}

async function readHead(io: Io, path: string, options: LedgerOptions): Promise<SignedHead> {
  const { openLedgerReader } = await import('../../../ledger/reader.ts');
  const { readLastHead } = await import('../../../ledger/proofs/head-signer.ts');
  const reader = openLedgerReader(path);
  try {
    const last = readLastHead(reader);
    if (last === null)
      throw new CliError(
        EXIT.FAILURE,
        'No head is signed yet: the daemon signs one every hour, when it stops, and for `./holdfast receipt ID`.',
      );
    await refuseContradicted(reader, io, options);
    return last;
  } finally {
    reader.close();
  }
}

/** Whoever notes a head, or believes a receipt, relies on the chain that it is of. @throws CliError */
async function refuseContradicted(reader: LedgerReader, io: Io, options: LedgerOptions): Promise<void> {
  const { compareAnchors, readAnchors } = await import('../../../ledger/verify/anchors.ts');
  const anchors = readAnchors({ ledgerPath: reader.path, headFile: findHeadFile(io, options) });
  const { failed } = compareAnchors(reader, anchors);
  if (failed === null) return;
  const place = failed.seq === null ? '' : ` at record ${failed.seq}`;
  throw new CliError(EXIT.VERIFICATION, `The ledger is not the one that its anchors know${place}: ${failed.detail}.`);
}

async function printReceipt(io: Io, id: string, options: LedgerOptions & { readonly head?: number }): Promise<void> {
  const { openLedgerReader } = await import('../../../ledger/reader.ts');
  const { buildReceipt } = await import('../../../boot/ledger/receipts.ts');
  const reader = openLedgerReader(findLedger(io, options));
  try {
    await refuseContradicted(reader, io, options);
    const outcome = await buildReceipt(reader, id, {
      ...(options.head === undefined ? {} : { head: options.head }),
      turn: () => setImmediate(),
      maxRecords: Number.MAX_SAFE_INTEGER,
    });
    switch (outcome.kind) {
      case 'receipt':
        return printJson(io, outcome.receipt);
      case 'uncovered':
        throw new CliError(
          EXIT.FAILURE,
          `The decision is record ${outcome.seq}, and the signed head covers the records up to ${outcome.coveredTo}. A daemon signs the next one within the hour and at its stop; \`./holdfast receipt ${id}\` asks a running one now.`,
        );
      case 'no_head':
        throw new CliError(EXIT.FAILURE, `There is no signed head of that number; the last is ${outcome.last}.`);
      default:
        throw new CliError(EXIT.FAILURE, `The ledger has no decision ${id}.`);
    }
  } finally {
    reader.close();
  }
}

async function rotateKey(io: Io, options: LedgerOptions): Promise<void> {
  const [{ openLedgerReader }, { openLedger }, { rotateSigningKey }, { advanceHead }, { SYSTEM_TIME }] =
    await Promise.all([
      import('../../../ledger/reader.ts'),
      import('../../../ledger/ledger.ts'),
      import('../../../ledger/proofs/signing-key.ts'),
      import('../../../ledger/proofs/head-file.ts'),
      import('../../../time/system-time.ts'),
    ]);
  const path = findLedger(io, options);
  const reader = openLedgerReader(path);
  const { account, venue } = reader.genesis;
  reader.close();
  const ledger = openLedger({ path, venue, account, now: () => SYSTEM_TIME.hostMs(), time: SYSTEM_TIME });
  try {
    const event = rotateSigningKey(join(dirname(path), 'head.key'), ledger);
    const headFile = findHeadFile(io, options);
    if (headFile !== null) advanceHead(headFile, ledger);
    if (options.json === true) printJson(io, event);
    else io.out(`key ${event.number} signs the heads from now on: ${event.key}\nit is signed by ${event.previous}\n`);
  } finally {
    ledger.close();
  }
}
