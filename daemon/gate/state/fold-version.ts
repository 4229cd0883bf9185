/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 5;
export const FOLD_SHA256 = 'ab0f6d026486c42aac66d9bda63d954d96f444e5f7ce3d989fd8d678b25db46e';
