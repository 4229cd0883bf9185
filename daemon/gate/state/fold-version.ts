/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 5;
export const FOLD_SHA256 = '35f60b892dce39e5da97a9f5d9cd75926a9ec565ebe9f6c0e90f4bb4e08bf88a';
