/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 4;
export const FOLD_SHA256 = '2e07ac1be40731f9ebb6ce6af1ce7a3b163abb9f7abff99bda5d9cb7e5b6f36a';
