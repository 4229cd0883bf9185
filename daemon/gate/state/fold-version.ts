/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 5;
export const FOLD_SHA256 = '56b6ef88562d2e2889e80c3f96dfc7bd17f8b9906448683c7f2d03cdad8d78a4';
