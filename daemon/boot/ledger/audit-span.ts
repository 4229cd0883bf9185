import { createHash } from 'node:crypto';
import type { ApprovalRecord } from '../../engine/audit/approvals.ts';
import { type Auditor, createAuditor, type DecidedElsewhere, type SeenVersions } from '../../engine/audit/verify.ts';
import type { ApprovalEvent } from '../../engine/records/people-events.ts';
import type { LedgerReader } from '../../ledger/types.ts';
import { readEpochs } from '../../ledger/verify/epochs.ts';
import { type SeqSpan, type SpanFindings, verifySpan } from '../../ledger/verify/verify.ts';

export interface SpanAudit {
  readonly findings: SpanFindings;
  readonly elsewhere: readonly DecidedElsewhere[];
  readonly versions: SeenVersions;
}

export function auditorOf(reader: LedgerReader): Auditor {
  let approvals: ReadonlyMap<string, readonly ApprovalRecord[]> | null = null;
  return createAuditor({
    genesisId: reader.genesis.genesis_id,
    epochs: readEpochs(reader),
    // A span may rest on approvals of another one; few ledgers have any.
    readApproval: (id) => {
      approvals ??= readApprovals(reader);
      return approvals.get(id) ?? [];
    },
    readPolicy: (hash) => reader.readPolicy(hash),
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
  });
}

function readApprovals(reader: LedgerReader): ReadonlyMap<string, readonly ApprovalRecord[]> {
  const records = new Map<string, ApprovalRecord[]>();
  for (const { seq, payload } of reader.iterateEvents({ kind: 'approval' })) {
    const event = payload as ApprovalEvent;
    const known = records.get(event.approval_id);
    if (known === undefined) records.set(event.approval_id, [{ seq, payload: event }]);
    else known.push({ seq, payload: event });
  }
  return records;
}

/** Links, lookups and decisions of one span. */
export function auditSpan(reader: LedgerReader, span: SeqSpan, batchEnds: readonly number[]): SpanAudit {
  const auditor = auditorOf(reader);
  const findings = verifySpan(reader, span, { rederive: (event) => auditor.rederive(event), batchEnds });
  return { findings, elsewhere: auditor.elsewhere, versions: auditor.versions };
}
