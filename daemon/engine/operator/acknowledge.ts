import type { RecordedAlert } from '../callers/recent.ts';
import type { LiveCore } from '../flow/core.ts';
import type { Caller } from '../records/callers.ts';

/** Records who has seen an alert; one that was seen stays as it is. Null: it is not among those that are kept. */
export function acknowledgeAlert(core: LiveCore, caller: Caller, seq: number, reason: string): RecordedAlert | null {
  const { alerts } = core.state;
  const known = alerts.find(seq);
  if (known === null) return null;
  if (known.acknowledged === null) core.append('alert_ack', { alert_seq: seq, reason, set_by: caller.agent });
  return alerts.find(seq) ?? known;
}
