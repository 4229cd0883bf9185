import { parentPort, workerData } from 'node:worker_threads';
import type { PolicyPreview } from '../../contract/types/policy.ts';
import type { IntendedPolicySpec } from '../../core/policy.ts';
import { type DiffEntry, diffPolicy, type PolicyDiff } from '../../engine/audit/policy-diff.ts';
import { openLedgerReader } from '../../ledger/reader.ts';
import { lowerPriority } from '../low-priority.ts';

export interface PreviewWork {
  readonly ledgerPath: string;
  readonly candidate: { readonly spec: IntendedPolicySpec; readonly hash: string };
  readonly sinceMs: number;
  readonly maxDecisions: number;
}
export type PreviewAnswer =
  | { readonly ok: true; readonly preview: PolicyPreview }
  | { readonly ok: false; readonly problem: string };

const MAX_EXAMPLES = 5;

/** The same comparison as `policy diff`, in short. */
export function summarise(diff: PolicyDiff): PolicyPreview {
  const { blocked, let_through, cut, widened, restaged, unchanged, requests, foreign_tools, not_derived } = diff.totals;
  return {
    hash: diff.candidate.hash,
    since_ms: Math.round(diff.since_ms),
    until_ms: diff.until_ms,
    left_off_before_ms: diff.left_off_before_ms,
    requests,
    not_compared: foreign_tools + not_derived,
    recorded: diff.verdicts.recorded,
    candidate: diff.verdicts.candidate,
    changes: { blocked, let_through, cut, widened, restaged, unchanged },
    opening_notional_usdt: diff.opening_notional_usdt,
    examples: diff.changes.flatMap(describeExample),
    caveats: diff.caveats.map(({ text }) => text),
  };
}

function describeExample({ at_ms, candidate, change, decision_id, recorded, request }: DiffEntry) {
  if (change === 'unchanged') return [];
  const side = ({ decision, notional_usdt, reasons }: DiffEntry['recorded']) => ({
    decision,
    notional_usdt,
    reasons: reasons.map(({ code }) => code),
  });
  const { agent, symbol } = request;
  return [{ decision_id, at_ms, agent, symbol, change, recorded: side(recorded), candidate: side(candidate) }];
}

function work({ candidate, ledgerPath, maxDecisions, sinceMs }: PreviewWork): PreviewAnswer {
  const reader = openLedgerReader(ledgerPath);
  try {
    const options = { candidate, sinceMs, allKinds: false, limit: MAX_EXAMPLES, most: maxDecisions };
    return { ok: true, preview: summarise(diffPolicy(reader, options)) };
  } catch (error) {
    return { ok: false, problem: error instanceof Error ? error.message : String(error) };
  } finally {
    reader.close();
  }
}

if (parentPort !== null) {
  lowerPriority();
  parentPort.postMessage(work(workerData as PreviewWork));
}
