import type { AlertBody } from '../contract/types/reads.ts';
import type { RecordedAlert } from '../engine/callers/recent-alerts.ts';

export function describeAlert({ seq, atMs, code, detail, symbol, acknowledged }: RecordedAlert): AlertBody {
  const seen = acknowledged && { at_ms: acknowledged.atMs, by: acknowledged.by, reason: acknowledged.reason };
  return { seq, at_ms: atMs, code, detail, symbol, acknowledged: seen };
}
