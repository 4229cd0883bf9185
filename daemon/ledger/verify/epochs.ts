import type { LedgerReader } from '../types.ts';

export const RECOVERY_KIND = 'recovery';

/** The epochs that `recovery` records begin, in order. Ids of later records carry the epoch. */
export function readEpochs(reader: LedgerReader): readonly { readonly seq: number; readonly epoch: number }[] {
  return [...reader.iterateEvents({ kind: RECOVERY_KIND })].map(({ seq, payload }) => {
    return { seq, epoch: (payload as { readonly epoch: number }).epoch };
  });
}
