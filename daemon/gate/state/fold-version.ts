/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 18;
export const FOLD_SHA256 = '39999bcdf32b95a0bf57529261bb06695ef1dc847252f3206b25586fd8414e1b';
