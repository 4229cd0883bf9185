/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 28;
export const FOLD_SHA256 = 'df0b924d1e020e1615922645550754da4144ed18c29454048c403477daf0c3f8';
