import type { LedgerReader } from './types.ts';

export const RECOVERY_KIND = 'recovery';

/** Epochs that `recovery` records begin, in order: ids of the records after each are of it. */
export function readEpochs(reader: LedgerReader): readonly { readonly seq: number; readonly epoch: number }[] {
  return [...reader.iterateEvents({ kind: RECOVERY_KIND })].map(({ seq, payload }) => {
    return { seq, epoch: (payload as { readonly epoch: number }).epoch };
  });
}
