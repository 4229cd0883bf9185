/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 6;
export const FOLD_SHA256 = '4bb31ff39ae02d7bfb0e7e7cd6ac7d709882d094908f29a6ad2b7a3fba72971f';
