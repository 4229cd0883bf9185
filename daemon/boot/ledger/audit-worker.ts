import { parentPort, workerData } from 'node:worker_threads';
import { openLedgerReader } from '../../ledger/reader.ts';
import type { SeqSpan } from '../../ledger/verify/verify.ts';
import { auditSpan, type SpanAudit } from './audit-span.ts';

export interface AuditTask {
  readonly ledgerPath: string;
  readonly spans: readonly SeqSpan[];
  /** Where batches of signed heads end. */
  readonly batchEnds: readonly number[];
}

/** Verifies spans of a ledger on a connection of its own, and tells of each as it is done. */
const { batchEnds, ledgerPath, spans } = workerData as AuditTask;
const reader = openLedgerReader(ledgerPath);
try {
  for (const span of spans) parentPort?.postMessage(auditSpan(reader, span, batchEnds) satisfies SpanAudit);
} finally {
  reader.close();
}
