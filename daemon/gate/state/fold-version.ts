/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 3;
export const FOLD_SHA256 = '54bba2d7d2b946d1bf7477a2c85030c10f807e9e53fc99bd3bf1bfc3f0784e4c';
