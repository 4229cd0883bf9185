/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 9;
export const FOLD_SHA256 = '940c0231e68a3dbbf3b322b5cb93116c6a48cfa25f1368677c7ece4ec08d8de3';
