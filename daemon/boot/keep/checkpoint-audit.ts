import { canonicalJson } from '../../core/canonical-json.ts';
import type { CheckpointEvent } from '../../engine/records/house-events.ts';
import type { GateState } from '../../engine/state/gate-state.ts';
import type { LedgerReader } from '../../ledger/types.ts';
import type { CheckOutcome } from '../../ledger/verify/verify.ts';
import { describeState, digestState } from './checkpoint-file.ts';
import { FOLD_SHA256 } from './fold-digest.ts';

/** Compares each recorded checkpoint with the views that the records before it give. */
export interface CheckpointAudit {
  /** To be called after each record that was folded. The digest is of all views, so that the file itself is not needed. */
  check(seq: number, state: GateState): CheckOutcome;
  readonly compared: number;
  /** Taken by another version of the fold, whose text this one does not write. */
  readonly elsewhere: number;
}

/** `only`: checkpoints of these records; absent: all. */
export function createCheckpointAudit(reader: LedgerReader, only?: ReadonlySet<number>): CheckpointAudit {
  const waiting = new Map<number, CheckpointEvent[]>();
  let elsewhere = 0;
  for (const { payload } of reader.iterateEvents({ kind: 'checkpoint' })) {
    const checkpoint = payload as CheckpointEvent;
    if (only?.has(checkpoint.seq) === false) continue;
    if (checkpoint.fold_sha256 !== FOLD_SHA256) elsewhere += 1;
    else waiting.set(checkpoint.seq, [...(waiting.get(checkpoint.seq) ?? []), checkpoint]);
  }
  let compared = 0;
  return {
    check: (seq, state) => {
      const checkpoints = waiting.get(seq);
      if (checkpoints === undefined) return { ok: true };
      for (const checkpoint of checkpoints) {
        // Of an earlier schema the head differs and the views may not.
        const head = { ...describeState(reader, state, seq), schema: checkpoint.schema };
        const again = digestState(head, state);
        if (canonicalJson(again) !== canonicalJson(checkpoint)) {
          const detail = `the checkpoint of record ${seq} is not of the views that the records up to it give`;
          return { ok: false, detail };
        }
        compared += 1;
      }
      return { ok: true };
    },
    get compared() {
      return compared;
    },
    get elsewhere() {
      return elsewhere;
    },
  };
}
