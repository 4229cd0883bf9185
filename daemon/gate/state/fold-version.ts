/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 19;
export const FOLD_SHA256 = '09563c0519ef84c67c7c5c7a4f0b67f929af2ba0c04eda0bf34fade4d2c4e29f';
