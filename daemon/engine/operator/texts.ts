import type { TextsErasedBody } from '../../contract/types/operator.ts';
import type { LiveCore } from '../flow/core.ts';
import { type Flow, onDisk } from '../flow/step.ts';
import type { Caller } from '../records/callers.ts';
import type { DecisionEvent } from '../records/decisions.ts';
import type { SignalEvent } from '../records/people-events.ts';

/**
 * Erases the free texts of a decision or a signal. The chain holds their digests alone, and stays as it is. The record of
 * the erasure comes first: a text that is gone without one is a difference that `audit verify` names.
 *
 * @param id of a decision or a signal
 * @returns null: no text of it is stored
 */
export function* eraseTexts(core: LiveCore, caller: Caller, id: string, reason: string): Flow<TextsErasedBody | null> {
  const { ledger } = core.ports;
  const hashes = [...new Set(digestsOf(core, id))].filter((hash) => ledger.readText(hash) !== null);
  if (hashes.length === 0) return null;
  core.append('text_erased', { hashes, of: id, reason, set_by: caller.agent });
  yield* onDisk();
  for (const hash of hashes) ledger.eraseText(hash);
  return { erased: hashes };
}

/** Reports that were repeated are one signal, each with evidence of its own. */
function digestsOf({ ports: { ledger } }: LiveCore, id: string): readonly string[] {
  if (id.startsWith('d-'))
    return Object.values((ledger.findDecision(id)?.payload as DecisionEvent | undefined)?.texts ?? {});
  const fromSeq = Number.parseInt(id.slice(2), 36);
  if (!Number.isSafeInteger(fromSeq)) return [];
  const found: string[] = [];
  for (const { payload } of ledger.iterateEvents({ fromSeq, kind: 'signal' })) {
    const { evidence_hash: hash, signal_id: signalId } = payload as SignalEvent;
    if (signalId === id && hash !== null) found.push(hash);
  }
  return found;
}
