/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 22;
export const FOLD_SHA256 = '49124585d29efc50f38fd0d1486063d0dcab0d5167ba0c9ea56b1e13feac175f';
