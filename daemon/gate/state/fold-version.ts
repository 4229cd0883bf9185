/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 7;
export const FOLD_SHA256 = '28877140ede7a774e6eb691ae0cd0ce6a7093910b3c22a247001dde11ec6884d';
