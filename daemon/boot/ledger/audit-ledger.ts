import { Worker } from 'node:worker_threads';
import type { DecidedElsewhere } from '../../engine/audit/verify.ts';
import type { LedgerReader } from '../../ledger/types.ts';
import { type Anchor, type Anchored, compareAnchors, nothingAnchored } from '../../ledger/verify/anchors.ts';
import {
  type CheckOutcome,
  concludeVerify,
  readEnds,
  type SeqSpan,
  type SpanFindings,
  type VerifyFailure,
  type VerifyResult,
  verifySpan,
} from '../../ledger/verify/verify.ts';
import { createCheckpointAudit } from '../keep/checkpoint-audit.ts';
import { auditorOf, auditSpan, type SpanAudit } from './audit-span.ts';
import type { AuditTask } from './audit-worker.ts';

/** Records of one span: a frame's multiple, so that no thread decompresses what another one does. */
const SPAN_RECORDS = 5_000;
/** Of each thread: what lives through one record is small, and by itself a thread takes ten times as much. */
const YOUNG_MB = 8;
/** Compiled or not, the worker is the neighbour of this file with the same ending. */
const ENDING = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

export interface AuditOptions {
  /** What the chain is compared with. */
  readonly anchors: readonly Anchor[];
  /** Threads beside this one; 0: all is done in this one. */
  readonly threads: number;
  /** Also rebuild the context of each decision and every checkpoint, which takes the records in their order. */
  readonly isDeep: boolean;
  readonly spanRecords?: number;
}
export type LedgerAudit = VerifyResult &
  Anchored & {
    readonly elsewhere: readonly DecidedElsewhere[];
    /** `elsewhere`: taken by another version of the fold. */
    readonly checkpoints: { readonly compared: number; readonly elsewhere: number };
  };

/** `audit verify`: the spans of the chain in threads, each on a connection of its own; the first difference is named. */
export async function auditLedger(reader: LedgerReader, options: AuditOptions): Promise<LedgerAudit> {
  const { anchors, isDeep, spanRecords = SPAN_RECORDS, threads } = options;
  const spans = splitChain(reader.lastSeq(), spanRecords);
  const batchEnds = readEnds(reader);
  const running = threads === 0 ? null : startThreads({ ledgerPath: reader.path, spans, batchEnds }, threads);
  const deep = isDeep ? foldAgain(reader) : null;
  const audits = running === null ? spans.map((span) => auditSpan(reader, span, batchEnds)) : await running;
  const findings = audits.map((audit) => withVersions(audit, audits));
  const result = concludeVerify(reader, findings);
  const checkpoints = { compared: deep?.compared ?? 0, elsewhere: deep?.elsewhere ?? 0 };
  const compared = compareReadable(reader, anchors, result);
  const more = { elsewhere: sumElsewhere(audits), checkpoints, ...compared.anchored };
  return { ...firstOf(result, deep?.findings.failed ?? null, compared.failed), ...more };
}

/** A chain that is damaged is its own failure; what it holds before that is compared all the same. */
function compareReadable(reader: LedgerReader, anchors: readonly Anchor[], result: VerifyResult) {
  try {
    return compareAnchors(reader, anchors);
  } catch (error) {
    if (result.ok) throw error;
    return { anchored: nothingAnchored(anchors), failed: null };
  }
}

/** The result, unless one of the failures lies at an earlier record. */
function firstOf(result: VerifyResult, ...others: readonly (VerifyFailure | null)[]): VerifyResult {
  const place = ({ seq }: VerifyFailure): number => seq ?? Number.POSITIVE_INFINITY;
  return others.reduce<VerifyResult>(
    (first, next) => (next === null || (!first.ok && place(first) <= place(next)) ? first : next),
    result,
  );
}

/** The last span has no end: what is appended meanwhile is verified too. */
function splitChain(lastSeq: number, spanRecords: number): readonly SeqSpan[] {
  const spans: SeqSpan[] = [];
  for (let afterSeq = 0; afterSeq < lastSeq || spans.length === 0; afterSeq += spanRecords)
    spans.push({ afterSeq, toSeq: afterSeq + spanRecords });
  return spans.map((span, index) => (index === spans.length - 1 ? { ...span, toSeq: Number.POSITIVE_INFINITY } : span));
}

function startThreads(task: AuditTask, threads: number): Promise<readonly SpanAudit[]> {
  const { spans } = task;
  const count = Math.min(threads, spans.length);
  const shares = Array.from({ length: count }, (_, k) => spans.filter((_span, index) => index % count === k));
  const work = shares.map((share) => runThread({ ...task, spans: share }));
  const all = Promise.all(work).then((done) =>
    done.flat().toSorted((a, b) => a.findings.span.afterSeq - b.findings.span.afterSeq),
  );
  // It is awaited only after the fold.
  all.catch(() => undefined);
  return all;
}

function runThread(task: AuditTask): Promise<readonly SpanAudit[]> {
  return new Promise((resolve, reject) => {
    const audits: SpanAudit[] = [];
    const worker = new Worker(new URL(`./audit-worker${ENDING}`, import.meta.url), {
      workerData: task,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    worker.on('message', (audit: SpanAudit) => void audits.push(audit));
    worker.once('error', reject);
    worker.once('exit', (code) =>
      audits.length === task.spans.length ? resolve(audits) : reject(new Error(`a thread ended with ${code}`)),
    );
  });
}

function foldAgain(reader: LedgerReader) {
  const auditor = auditorOf(reader);
  const checkpoints = createCheckpointAudit(reader);
  const whole = { afterSeq: 0, toSeq: Number.POSITIVE_INFINITY };
  const fold = (event: Parameters<typeof auditor.fold>[0]): CheckOutcome => {
    const outcome = auditor.fold(event);
    return outcome.ok ? checkpoints.check(event.seq, auditor.state) : outcome;
  };
  const findings = verifySpan(reader, whole, { fold, batchEnds: [] });
  return { findings, compared: checkpoints.compared, elsewhere: checkpoints.elsewhere };
}

/** A decision without a version behind one that has a version, perhaps of an earlier span. */
function withVersions({ findings, versions }: SpanAudit, audits: readonly SpanAudit[]): SpanFindings {
  const { firstUnversioned } = versions;
  const { failed, span } = findings;
  if (firstUnversioned === null || (failed?.seq ?? Number.POSITIVE_INFINITY) < firstUnversioned) return findings;
  const isLate = audits.some((other) => other.findings.span.afterSeq < span.afterSeq && other.versions.hasVersioned);
  if (!isLate) return findings;
  const detail = 'it names no core_version, though a decision before it does';
  return { ...findings, failed: { ok: false, seq: firstUnversioned, problem: 'rederive', detail } };
}

function sumElsewhere(audits: readonly SpanAudit[]): readonly DecidedElsewhere[] {
  const sums = new Map<number | null, DecidedElsewhere>();
  for (const one of audits.flatMap(({ elsewhere }) => elsewhere)) {
    const { core_version: version } = one;
    sums.set(version, { ...one, decisions: (sums.get(version)?.decisions ?? 0) + one.decisions });
  }
  return [...sums.values()];
}
