import type { RecordedAlert } from '../../engine/callers/recent-alerts.ts';
import type { AlertBody } from '../api/reads.ts';

export function describeAlert({ seq, atMs, code, detail, symbol, acknowledged }: RecordedAlert): AlertBody {
  const seen = acknowledged && { at_ms: acknowledged.atMs, by: acknowledged.by, reason: acknowledged.reason };
  return { seq, at_ms: atMs, code, detail, symbol, acknowledged: seen };
}
