/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 5;
export const FOLD_SHA256 = 'b9cf1aa58d54c19df56c7d3e5f43ebdff6438bec8ba01f68b0c0f34604fa7fa7';
