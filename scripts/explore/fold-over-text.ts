import { type Folded, foldLedger } from '../../daemon/boot/keep/fold.ts';
import { readState, writeState } from '../../daemon/engine/kept/state-text.ts';
import type { GateEvent } from '../../daemon/engine/records/events.ts';
import { GateState } from '../../daemon/engine/state/gate-state.ts';
import type { LedgerReader } from '../../daemon/ledger/types.ts';

/**
 * The views of a ledger as a start has them that finds a checkpoint of half of its records: those are folded, written and
 * read back, and the others are folded into what was read.
 */
export function foldOverText(ledger: LedgerReader): Folded {
  const seq = ledger.lastSeq();
  const half = foldLedger(ledger, { folder: null, untilSeq: Math.floor(seq / 2) });
  let text = '';
  writeState(half.state, (piece) => {
    text += piece;
  });
  const state = readState(text.trimEnd().split('\n'), new GateState());
  for (const event of ledger.iterateEvents({ fromSeq: half.seq + 1 }))
    if (event.kind !== 'genesis') state.apply(event as unknown as GateEvent);
  return { ...half, state, fromSeq: half.seq, seq };
}
