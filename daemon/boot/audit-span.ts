import { createHash } from 'node:crypto';
import { type Auditor, createAuditor, type DecidedElsewhere, type SeenVersions } from '../gate/audit/verify.ts';
import type { ChainHead } from '../ledger/chain-builder.ts';
import { readEpochs } from '../ledger/epochs.ts';
import type { LedgerReader } from '../ledger/types.ts';
import { type SeqSpan, type SpanFindings, verifySpan } from '../ledger/verify.ts';

export interface SpanAudit {
  readonly findings: SpanFindings;
  readonly elsewhere: readonly DecidedElsewhere[];
  readonly versions: SeenVersions;
}

export function auditorOf(reader: LedgerReader): Auditor {
  return createAuditor({
    genesisId: reader.genesis.genesis_id,
    epochs: readEpochs(reader),
    readPolicy: (hash) => reader.readPolicy(hash),
    sha256: (text) => createHash('sha256').update(text).digest('hex'),
  });
}

/** Links, lookups and decisions of one span. */
export function auditSpan(reader: LedgerReader, span: SeqSpan, expectedHead: ChainHead | null): SpanAudit {
  const auditor = auditorOf(reader);
  const findings = verifySpan(reader, span, {
    rederive: (event) => auditor.rederive(event),
    ...(expectedHead === null ? {} : { expectedHead }),
  });
  return { findings, elsewhere: auditor.elsewhere, versions: auditor.versions };
}
