/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 5;
export const FOLD_SHA256 = '1c0694cba5b1f75f1a5ddf33cb27fe9b09aa0b6457361afb7a02045e690b42f0';
