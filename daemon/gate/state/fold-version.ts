/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 3;
export const FOLD_SHA256 = 'd72c16b8e15c3c1ad5dfc6f5247730af8d7e11c5eb5d6e5f86bb0e8845c91c6f';
