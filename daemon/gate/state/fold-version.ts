/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 18;
export const FOLD_SHA256 = '19b3340a7ce1e6e0c85f27220bfabf956b1a2ce9f4c9fd1ffca05a4293da4319';
