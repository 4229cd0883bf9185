import { type ChainHead, DECISION_KIND, ZERO_HASH } from '../chain/hash-chain.ts';
import { MerkleFrontier } from '../chain/merkle.ts';
import { TOKEN_KIND, TokenCheck } from '../chain/token-records.ts';
import { toLedgerError } from '../disk/connection.ts';
import { codeOf, LedgerError, messageOf } from '../errors.ts';
import { type BatchPart, BatchParts, joinParts, readBatchEnds } from '../proofs/batch-parts.ts';
import { type FindBatch, HEAD_KIND, HeadCheck, KEY_KIND, recordLeaf } from '../proofs/head-records.ts';
import { SqliteReader } from '../reader.ts';
import type { LedgerEvent, LedgerReader } from '../types.ts';
import { ChainWalk, type EventCheck, failure, PAGE, type VerifyFailure } from './chain-walk.ts';
import { concludeTexts, readErased, TextCheck, type TextFindings } from './text-records.ts';
import { findWrongArchive, findWrongSideRow, LookupCheck, type LookupCounts } from './verify-tables.ts';

export type { VerifyFailure, VerifyProblem } from './chain-walk.ts';

export type CheckOutcome = { readonly ok: true } | { readonly ok: false; readonly detail: string };

export interface VerifySuccess {
  readonly ok: true;
  readonly events: number;
  readonly decisions: number;
  readonly head: ChainHead;
  /** The last signed head by its number and record, of {@link verifyLedger}; absent: none was signed. */
  readonly signed?: { readonly number: number; readonly seq: number };
  /** Free texts that the records name and that were erased, which is on record; absent: none. */
  readonly texts_erased?: number;
}

export type VerifyResult = VerifySuccess | VerifyFailure;

export interface VerifyChainOptions {
  /** Called about every 500 records. */
  readonly onProgress?: (doneSeq: number, lastSeq: number) => void;
}

export interface VerifyLedgerOptions extends VerifyChainOptions {
  /** Derives a recorded decision again and compares. Called for events of kind `decision`. */
  readonly rederive?: (event: LedgerEvent) => CheckOutcome;
  /** Where batches of signed heads end, as {@link readBatchEnds} says; absent: they are read. */
  readonly batchEnds?: readonly number[];
  /** Called for every event in order, after `rederive`: rebuilds views and compares recorded ones with them. */
  readonly fold?: (event: LedgerEvent) => CheckOutcome;
}

/** Records `afterSeq + 1` to `toSeq`; `toSeq` infinite: to the end. */
export interface SeqSpan {
  readonly afterSeq: number;
  readonly toSeq: number;
}
const WHOLE: SeqSpan = { afterSeq: 0, toSeq: Number.POSITIVE_INFINITY };

/** What one span gives; {@link concludeVerify} puts those of a whole chain together. */
export interface SpanFindings {
  readonly span: SeqSpan;
  readonly failed: VerifyFailure | null;
  /** The record before the span, as it is stored. */
  readonly before: ChainHead;
  /** Its last correct record. */
  readonly head: ChainHead;
  readonly decisions: number;
  readonly lookups: LookupCounts;
  readonly tokens: readonly unknown[];
  readonly texts: TextFindings;
  /** What it holds of the batches that heads sign. */
  readonly batches: readonly BatchPart[];
  /** Its heads and keys. */
  readonly signed: readonly LedgerEvent[];
}

const TAIL = 256;

/** Checks that the records form a chain: consecutive numbers, every link, every hash, every payload canonical. */
export function verifyChain(reader: LedgerReader, options: VerifyChainOptions = {}): VerifyResult {
  const sqlite = asSqliteReader(reader);
  return concludeChain([walkSpan(sqlite, WHOLE, options, () => null)]);
}

/**
 * {@link verifyChain}, and everything that depends on it: the lookup tables, the stored texts and policies, and what
 * `rederive` and `fold` find. Stops at the first difference and names it.
 */
export function verifyLedger(reader: LedgerReader, options: VerifyLedgerOptions = {}): VerifyResult {
  return concludeVerify(reader, [verifySpan(reader, WHOLE, options)]);
}

/** The records of one span, with their rows in the lookup tables. */
export function verifySpan(reader: LedgerReader, span: SeqSpan, options: VerifyLedgerOptions = {}): SpanFindings {
  const sqlite = asSqliteReader(reader);
  const lookups = new LookupCheck(sqlite.db);
  const texts = new TextCheck(sqlite.db);
  const tokens: unknown[] = [];
  const batches = new BatchParts(options.batchEnds ?? readEnds(sqlite), span.afterSeq);
  const signed: LedgerEvent[] = [];
  const walked = walkSpan(sqlite, span, options, (event) => {
    batches.add(event.seq, event.hash);
    if (event.kind === HEAD_KIND || event.kind === KEY_KIND) signed.push(event);
    if (event.kind === DECISION_KIND) {
      const problem = lookups.findProblem(event);
      if (problem !== null) return failure(event.seq, 'lookup', problem);
      const outcome = options.rederive?.(event);
      if (outcome?.ok === false) return failure(event.seq, 'rederive', outcome.detail);
    }
    if (event.kind === TOKEN_KIND) tokens.push(event.payload);
    texts.note(event);
    const outcome = options.fold?.(event);
    return outcome?.ok === false ? failure(event.seq, 'fold', outcome.detail) : null;
  });
  return { ...walked, lookups: lookups.counts, texts: texts.findings, tokens, batches: batches.finish(), signed };
}

/** None of a database that cannot be read: the walk says what is wrong. */
export function readEnds(reader: LedgerReader): readonly number[] {
  try {
    return readBatchEnds(reader);
  } catch {
    return [];
  }
}

/** The signed heads and keys of a chain of spans. */
function findWrongHead(heads: HeadCheck, spans: readonly SpanFindings[]): VerifyFailure | null {
  for (const event of spans.flatMap(({ signed }) => signed)) {
    const problem = heads.findProblem(event);
    if (problem !== null) return failure(event.seq, 'signature', problem);
  }
  return null;
}

/** Batches as the spans give them; one whose head was signed while they were verified is read again. */
function batchesOf(reader: LedgerReader, spans: readonly SpanFindings[]): FindBatch {
  const roots = joinParts(spans.flatMap(({ batches }) => batches));
  return (firstSeq, seq) => {
    const known = roots.get(firstSeq);
    if (known?.seq === seq) return known;
    const tree = new MerkleFrontier();
    let hash = '';
    for (let from = firstSeq; from <= seq; from += PAGE) {
      const toSeq = Math.min(seq, from + PAGE - 1);
      const page = reader.readHashes(from, toSeq);
      if (page.length !== toSeq - from + 1) return null;
      for (hash of page) tree.append(recordLeaf(hash));
    }
    return { batch_root: tree.root(), hash };
  };
}

/** The result for a chain of spans, in order: their first difference, or what only all of them show. */
export function concludeVerify(reader: LedgerReader, spans: readonly SpanFindings[]): VerifyResult {
  const { db } = asSqliteReader(reader);
  const result = concludeChain(spans);
  if (!result.ok) return result;
  const found = spans.map((span) => span.texts);
  let texts = concludeTexts(found);
  const heads = new HeadCheck(reader.genesis.hash, batchesOf(reader, spans));
  const failed = catchUnreadable(
    reader,
    () => null,
    () => {
      const surplus = LookupCheck.findSurplus(
        db,
        spans.map(({ lookups }) => lookups),
        result.head.seq,
      );
      if (surplus !== null) return failure(null, 'lookup', surplus);
      const wrongHead = findWrongHead(heads, spans);
      if (wrongHead !== null) return wrongHead;
      const tokens = new TokenCheck();
      for (const payload of spans.flatMap((span) => span.tokens)) tokens.note(payload);
      const wrongToken = tokens.findProblem(db, result.head.seq);
      if (wrongToken !== null) return failure(null, 'token', wrongToken);
      const wrongArchive = findWrongArchive(db);
      if (wrongArchive !== null) return failure(null, 'archive', wrongArchive);
      // One that was erased during the walk: its record may stand behind where that ended.
      if (texts.lost !== null) texts = concludeTexts([...found, readErased(reader, result.head.seq)]);
      if (texts.lost !== null)
        return failure(
          texts.lost.seq,
          'text',
          `its text ${texts.lost.hash} is gone, and no record says that it was erased`,
        );
      const wrong = findWrongSideRow(db);
      return wrong === null ? null : failure(null, wrong.problem, wrong.detail);
    },
  );
  if (failed !== null) return failed;
  const { last } = heads;
  return {
    ...result,
    ...(last === null ? {} : { signed: { number: last.number, seq: last.seq } }),
    ...(texts.erased === 0 ? {} : { texts_erased: texts.erased }),
  };
}

/**
 * Checks the last records of a ledger while it is opened; returns its head.
 *
 * @throws LedgerError LEDGER_CORRUPT
 */
export function checkTail(reader: SqliteReader): ChainHead {
  const archived = reader.archives.list().at(-1);
  const beforeSeq = Math.max(0, reader.lastSeq() - TAIL);
  // A start needs no file of an archive: the chain says how the last one ends.
  const before =
    archived !== undefined && archived.to_seq >= beforeSeq
      ? { seq: archived.to_seq, hash: archived.hash }
      : reader.readEvent(beforeSeq);
  const walk = new ChainWalk(reader, { seq: before?.seq ?? 0, hash: before?.hash ?? ZERO_HASH });
  const failed = walk.run(Number.POSITIVE_INFINITY, null);
  if (failed === null) return walk.head;
  throw new LedgerError(
    'LEDGER_CORRUPT',
    `The ledger ${reader.path} is not consistent at record ${failed.seq}: ${failed.detail}. Run: ./holdfast audit verify`,
  );
}

type Walked = Omit<SpanFindings, 'batches' | 'lookups' | 'signed' | 'texts' | 'tokens'>;

function walkSpan(reader: SqliteReader, span: SeqSpan, options: VerifyChainOptions, check: EventCheck): Walked {
  const { onProgress } = options;
  let walk: ChainWalk | null = null;
  let decisions = 0;
  let before: ChainHead = { seq: 0, hash: ZERO_HASH };
  const failed = catchUnreadable(
    reader,
    () => (walk?.head.seq ?? span.afterSeq) + 1,
    () => {
      if (span.afterSeq > 0) {
        const stored = reader.readEvent(span.afterSeq);
        if (stored === null) return failure(span.afterSeq, 'seq', `record ${span.afterSeq} is missing`);
        before = { seq: stored.seq, hash: stored.hash };
      }
      walk = new ChainWalk(reader, before);
      const lastSeq = reader.lastSeq();
      const found = walk.run(span.toSeq, (event) => {
        if (event.kind === DECISION_KIND) decisions += 1;
        if (event.seq % PAGE === 0) onProgress?.(event.seq, lastSeq);
        return check(event);
      });
      if (found === null) onProgress?.(walk.head.seq, lastSeq);
      return found;
    },
  );
  return { span, failed, before, head: headOf(walk, before), decisions };
}

function headOf(walk: ChainWalk | null, before: ChainHead): ChainHead {
  return walk === null ? before : walk.head;
}

function concludeChain(spans: readonly Walked[]): VerifyResult {
  let head: ChainHead = { seq: 0, hash: ZERO_HASH };
  let decisions = 0;
  for (const span of spans) {
    if (span.before.seq === head.seq && span.before.hash !== head.hash)
      return failure(head.seq, 'hash', 'it was changed while the ledger was verified');
    if (span.failed !== null) return span.failed;
    head = span.head;
    decisions += span.decisions;
    if (span.span.toSeq > head.seq && Number.isFinite(span.span.toSeq))
      return failure(head.seq + 1, 'seq', `record ${head.seq + 1} is missing`);
  }
  if (head.seq === 0) return failure(1, 'seq', 'there are no records');
  return { ok: true, events: head.seq, decisions, head };
}

/** Turns SQLite's own errors, and those of an archive, into a failure at the next record. */
function catchUnreadable(
  reader: LedgerReader,
  nextSeq: () => number | null,
  run: () => VerifyFailure | null,
): VerifyFailure | null {
  try {
    return run();
  } catch (error) {
    if (codeOf(error) === 'LEDGER_ARCHIVE') return failure(nextSeq(), 'archive', messageOf(error));
    if (!codeOf(error).startsWith('SQLITE_')) throw error;
    return failure(nextSeq(), 'unreadable', toLedgerError(error, reader.path).message);
  }
}

function asSqliteReader(reader: LedgerReader): SqliteReader {
  if (reader instanceof SqliteReader) return reader;
  throw new TypeError('verify needs a reader of openLedgerReader or openLedger');
}
