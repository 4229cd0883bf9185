/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 11;
export const FOLD_SHA256 = 'b9de7d292b568931663c6579c24b75543df5fa07aa8c649d0d2a69c4500dc4d3';
