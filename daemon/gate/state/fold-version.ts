/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 5;
export const FOLD_SHA256 = '0ab1dbdbeba68f5550ba936bf9dd748344b4cc57b21c6afc9a4b248bc37d734f';
