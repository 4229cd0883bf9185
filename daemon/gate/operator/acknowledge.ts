import type { AlertBody } from '../../contract/types/reads.ts';
import type { Caller } from '../../engine/records/callers.ts';
import { describeAlert } from '../../reads/alert.ts';
import type { GateCore } from '../journal/journal.ts';

/** Records who has seen an alert; one that was seen stays as it is. Null: it is not among those that are kept. */
export async function acknowledgeAlert(
  core: GateCore,
  caller: Caller,
  seq: number,
  reason: string,
): Promise<AlertBody | null> {
  const { alerts } = core.state;
  const known = alerts.find(seq);
  if (known === null) return null;
  if (known.acknowledged === null)
    await core.append('alert_ack', { alert_seq: seq, reason, set_by: caller.agent }).committed;
  return describeAlert(alerts.find(seq) ?? known);
}
