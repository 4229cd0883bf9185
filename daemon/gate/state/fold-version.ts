/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 4;
export const FOLD_SHA256 = 'd3d5c62d41b0931fe3d4535b8723f1f67e4db13f6f8e6a4a3e2e48ff3ae012d2';
