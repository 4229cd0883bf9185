/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 24;
export const FOLD_SHA256 = '46e6163b4b4fabcf718b037d735a50ceec036d3169959e0f1000c7fa7105b513';
