/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 5;
export const FOLD_SHA256 = 'ffbfd05295d6d3648e73e1aad2a12235d98d88ec60b198b0f0c17a96fa458e5b';
