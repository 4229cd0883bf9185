/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 30;
export const FOLD_SHA256 = '4b33a00ea9a3b9947bff7a2b3497a000f0a1c28f62d9f600562678a5bc76078a';
