/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 11;
export const FOLD_SHA256 = '47c92b8d10f4e830117f78bf00f683e98b3faced41b39acb227d04a7e45dd387';
