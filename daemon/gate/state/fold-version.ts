/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 6;
export const FOLD_SHA256 = 'ec10f312a90184feb6f1e43b6a7172970b39b0be121eecf9a2201f76d90d6506';
