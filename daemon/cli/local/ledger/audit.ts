import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { LedgerAudit } from '../../../boot/ledger/audit-ledger.ts';
import type { PassedTime } from '../../../engine/kept/passed-time.ts';
import type { GateEvent } from '../../../engine/records/events.ts';
import type { NotedRecord } from '../../../ledger/proofs/head-file.ts';
import type { LedgerReader } from '../../../ledger/types.ts';
import type { ApprovalAudit } from '../../../passkeys/approval-proofs.ts';
import type { ArmingAudit, ProvenArming } from '../../../passkeys/arming-proofs.ts';
import type { PasskeyAudit, PasskeyRecord } from '../../../passkeys/offline.ts';
import { CliError, EXIT } from '../../exit-codes.ts';
import { addVerb, type Io, MAX_THREADS, parseCount, printJson, upTo } from '../../verb.ts';
import { addArchive } from './audit-archive.ts';
import { addAuditProofs, parseNoted } from './audit-proofs.ts';
import { addLedgerOptions, findHeadFile, findLedger, type LedgerOptions } from './ledger-options.ts';

interface VerifyOptions extends LedgerOptions {
  readonly deep?: boolean;
  readonly head?: NotedRecord;
  readonly key?: string;
  readonly threads?: number;
}
/** More threads than that wait for the disk. */
const MAX_VERIFY_THREADS = 8;
/** So few are verified before a thread has started. */
const FEW_RECORDS = 20_000;

interface ExportOptions extends LedgerOptions {
  readonly from?: number;
  readonly kind?: string;
}

export function addAudit(program: Command, io: Io): void {
  const audit = program.command('audit').description('The ledger.');
  audit.addHelpText('after', '\nExample:\n  $ ./holdfast audit verify --deep');
  const verify = addVerb(audit, {
    usage: 'verify',
    summary: 'Check the chain of records and derive every decision again',
    examples: ['audit verify', 'audit verify --deep', 'audit verify --ledger backup/ledger.db --head head.json'],
  });
  addLedgerOptions(verify)
    .option('--deep', "also rebuild each decision's context from the records before it")
    .option(
      '--head <head>',
      'a record noted elsewhere earlier, SEQ:HASH or a file of a head: proves that the end was not cut off',
      parseNoted,
    )
    .option('--key <hex>', 'a public key that you noted, which signs heads of this ledger', parseKey)
    .option(
      '--threads <n>',
      `threads that verify a long ledger (as many as the machine has, at most ${MAX_VERIFY_THREADS})`,
      upTo(MAX_THREADS),
    )
    .action((options: VerifyOptions) => verifyLedgerFile(io, options));
  addAuditProofs(audit, io);
  const backup = addVerb(audit, {
    usage: 'backup',
    summary: 'Write a complete copy of the ledger to a new file, also while the daemon runs',
    examples: ['audit backup ledger-backup.db'],
  });
  addLedgerOptions(backup)
    .argument('<file>', 'path of the new file')
    .action((file: string, options: LedgerOptions) => backUp(io, file, options));
  addArchive(audit, io);
  const exportVerb = addVerb(audit, {
    usage: 'export',
    summary: 'Write the records as JSON lines, oldest first',
    examples: ['audit export > ledger.jsonl', 'audit export --kind decision --from 1000'],
  });
  addLedgerOptions(exportVerb)
    .option('--from <seq>', 'first record', parseCount)
    .option('--kind <kind>', 'records of this kind only')
    .action((options: ExportOptions) => exportLedger(io, options));
}

function parseKey(text: string): string {
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new InvalidArgumentError('Expected a public key: 64 hex digits, the `key` of a signed head.');
}

async function backUp(io: Io, file: string, options: LedgerOptions): Promise<void> {
  const target = resolve(file);
  const { archives, head } = await withReader(io, options, async (reader) => {
    const { backUpLedger } = await import('../../../ledger/verify/backup.ts');
    const files = reader.archives.list().map(({ file: name }) => name);
    return { head: backUpLedger(reader, target), archives: { folder: reader.archives.folder, files } };
  });
  if (options.json === true) return printJson(io, { file: target, head, archives });
  io.out(`${target} holds ${head.seq} records, head ${head.seq}:${head.hash}\n`);
  if (archives.files.length > 0)
    io.out(`older records are in ${archives.files.length} files in ${archives.folder}: copy that folder as well\n`);
}

async function withReader<T>(io: Io, options: LedgerOptions, work: (reader: LedgerReader) => Promise<T>): Promise<T> {
  const { openLedgerReader } = await import('../../../ledger/reader.ts');
  const reader = openLedgerReader(findLedger(io, options));
  try {
    return await work(reader);
  } finally {
    reader.close();
  }
}

async function verifyLedgerFile(io: Io, options: VerifyOptions): Promise<void> {
  const isDeep = options.deep === true;
  const result = await withReader(io, options, async (reader): Promise<VerifiedLedger> => {
    const [{ auditLedger }, { readAnchors }] = await Promise.all([
      import('../../../boot/ledger/audit-ledger.ts'),
      import('../../../ledger/verify/anchors.ts'),
    ]);
    const verified = await auditLedger(reader, {
      isDeep,
      anchors: readAnchors({
        ledgerPath: reader.path,
        headFile: findHeadFile(io, options),
        noted: options.head === undefined ? [] : [['--head', options.head]],
        keys: options.key === undefined ? [] : [options.key],
      }),
      threads:
        reader.lastSeq() < FEW_RECORDS ? 0 : (options.threads ?? Math.min(availableParallelism(), MAX_VERIFY_THREADS)),
    });
    const { anchored_to_seq, anchors, checkpoints, elsewhere } = verified;
    const context = { anchors, anchored_to_seq, checkpoints, elsewhere };
    // A ledger that cannot be read as a whole proves nothing further.
    const passkeys = verified.ok ? await auditSignatures(reader) : null;
    if (passkeys === null) return { ...verified, passkeys };
    if (passkeys.problem !== null) return { ok: false, ...passkeys.problem, problem: 'passkey', ...context, passkeys };
    const { problem } = await auditApprovals(reader);
    if (problem !== null) return { ok: false, ...problem, problem: 'approval', ...context, passkeys };
    const armed = await auditArmed(reader);
    return armed.problem === null
      ? { ...verified, passkeys, armings: armed.armings }
      : { ok: false, ...armed.problem, problem: 'arming', ...context, passkeys };
  });
  if (options.json === true) printJson(io, result);
  else io.out(describe(result, isDeep));
  io.exit(result.ok ? EXIT.OK : EXIT.VERIFICATION);
}

/** What passkeys signed is proven again by the records alone. */
async function auditSignatures(reader: LedgerReader): Promise<PasskeyAudit> {
  const { auditPasskeys } = await import('../../../passkeys/offline.ts');
  const { PassedTime } = await import('../../../engine/kept/passed-time.ts');
  return auditPasskeys(passkeyRecords(reader, new PassedTime()));
}
/** With the time that had passed: a key counts some time after its enrolment. */
function* passkeyRecords(reader: LedgerReader, time: PassedTime): Generator<PasskeyRecord> {
  const states = reader.iterateEvents({ kind: 'state' });
  let state = states.next();
  for (const event of reader.iterateEvents({ kind: 'passkey' })) {
    for (; state.done !== true && state.value.seq < event.seq; state = states.next())
      time.note(state.value as unknown as GateEvent);
    time.note(event as unknown as GateEvent);
    yield { ...(event as unknown as PasskeyRecord), t_ms: time.tMs };
  }
}

/** That every approval by a passkey rests on what that key signed. */
async function auditApprovals(reader: LedgerReader): Promise<ApprovalAudit> {
  const { auditApprovalProofs } = await import('../../../passkeys/approval-proofs.ts');
  type Records = Parameters<typeof auditApprovalProofs>;
  return auditApprovalProofs(
    reader.iterateEvents({ kind: 'approval' }) as unknown as Records[0],
    reader.iterateEvents({ kind: 'passkey' }) as unknown as Records[1],
    reader.genesis.venue,
  );
}

/** Who armed, and that nothing opened before as many had signed as must. */
async function auditArmed(reader: LedgerReader): Promise<ArmingAudit> {
  const { auditArmings } = await import('../../../passkeys/arming-proofs.ts');
  const kinds = ['arming', 'arming_signed', 'passkey', 'policy'] as const;
  const records = kinds.flatMap((kind) => [...reader.iterateEvents({ kind })]).toSorted((a, b) => a.seq - b.seq);
  type Sources = Parameters<typeof auditArmings>[0];
  return auditArmings({
    records: records as unknown as Sources['records'],
    venue: reader.genesis.venue,
    ledger: reader.genesis.genesis_id,
    readPolicy: (hash) => reader.readPolicy(hash),
    decisionsFrom: (fromSeq) =>
      reader.iterateEvents({ fromSeq, kind: 'decision' }) as unknown as ReturnType<Sources['decisionsFrom']>,
  });
}

interface SignatureFailure {
  readonly ok: false;
  readonly seq: number;
  readonly problem: 'passkey' | 'approval' | 'arming';
  readonly detail: string;
}
type AuditContext = Pick<LedgerAudit, 'elsewhere' | 'checkpoints' | 'anchors' | 'anchored_to_seq'>;
type VerifiedLedger = (LedgerAudit | (SignatureFailure & AuditContext)) & {
  /** Null: the ledger is not intact, and nothing was proven. */
  readonly passkeys: PasskeyAudit | null;
  /** Of binance-live. */
  readonly armings?: readonly ProvenArming[];
};

/** Why a record that the chain holds may differ from what is derived. */
const OTHER_DERIVATION =
  'The records themselves are unchanged up to there: what they say does not follow from their request, view and policy.\n';

function describe(result: VerifiedLedger, isDeep: boolean): string {
  if (!result.ok) {
    const place = result.seq === null ? '' : ` at record ${result.seq}`;
    const isDerived = result.problem === 'rederive' || result.problem === 'fold';
    return `NOT INTACT${place} (${result.problem}): ${result.detail}\n${isDerived ? OTHER_DERIVATION : ''}`;
  }
  const views = isDeep ? ', and what each saw rebuilt' : '';
  const others = result.elsewhere.reduce((sum, { decisions }) => sum + decisions, 0);
  return [
    `intact: ${result.events} records, ${result.decisions - others} decisions derived again${views}\n`,
    ...result.elsewhere.map(
      ({ decisions, needs }) => `${decisions} decisions were chained and folded alone: only ${needs} derives them\n`,
    ),
    result.texts_erased === undefined
      ? ''
      : `${result.texts_erased} free texts were erased, which is on record (audit export --kind text_erased)\n`,
    result.passkeys !== null && result.passkeys.signatures > 0
      ? `${result.passkeys.signatures} signatures of ${result.passkeys.keys} passkeys verified\n`
      : '',
    ...(result.armings ?? []).map(
      ({ policy_hash: policy, seq, set_by: setBy, signed_by: signers }) =>
        `record ${seq}: ${setBy} armed policy ${policy.slice(0, 12)}${signers.length === 0 ? '' : `, signed by ${signers.map(({ name, passkey_id: id }) => `${name} (${id})`).join(', ')}`}\n`,
    ),
    isDeep && result.checkpoints.compared > 0
      ? `${result.checkpoints.compared} checkpoints hold the views that were rebuilt\n`
      : '',
    ...describeAnchors(result, result.events, result.signed),
    `head ${result.head.seq}:${result.head.hash} (note it elsewhere; --head compares)\n`,
  ].join('');
}

function describeAnchors(
  { anchored_to_seq: reach, anchors }: AuditContext,
  records: number,
  signed: { readonly number: number; readonly seq: number } | undefined,
): readonly string[] {
  const heads = signed === undefined ? '' : `${signed.number} signed heads cover the records up to ${signed.seq}`;
  if (anchors.length === 0)
    return [
      'anchors: none; whoever can write this file can have computed the whole chain again\n',
      heads === '' ? '' : `${heads}, by keys for which nobody vouches (--key names one that you noted)\n`,
    ];
  const said = anchors.map(({ name, to_seq: seq }) => (seq === null ? name : `${name} (record ${seq})`));
  return [
    heads === '' ? '' : `${heads}\n`,
    `anchors: ${said.join(', ')}\n`,
    reach < records ? `the anchors reach up to record ${reach}; the records after it are only chained\n` : '',
  ];
}

async function exportLedger(io: Io, options: ExportOptions): Promise<void> {
  const { exportEvents } = await import('../../../ledger/chain/export.ts');
  if (options.kind !== undefined) await checkKind(options.kind);
  const query = {
    ...(options.from === undefined ? {} : { fromSeq: options.from }),
    ...(options.kind === undefined ? {} : { kind: options.kind }),
  };
  await withReader(io, options, (reader) =>
    pipeline(Readable.from(withLineEnds(exportEvents(reader, query))), process.stdout, { end: false }),
  );
}

/** @throws CliError for a kind that no record is of: nothing would be written, without a word */
async function checkKind(kind: string): Promise<void> {
  const [{ FOLD }, { GENESIS_KIND }] = await Promise.all([
    import('../../../engine/state/gate-state.ts'),
    import('../../../ledger/chain/genesis.ts'),
  ]);
  const kinds = [GENESIS_KIND, ...Object.keys(FOLD)].sort();
  if (!kinds.includes(kind)) throw new CliError(EXIT.USAGE, `No record is of kind ${kind}. Kinds: ${kinds.join(', ')}`);
}

function* withLineEnds(lines: Iterable<string>): Generator<string, void> {
  for (const line of lines) yield `${line}\n`;
}
