/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 5;
export const FOLD_SHA256 = 'e5c4f67da2353dd1fd31079eb3ff866ba3ccecaa3200a1f3316f78a2affddb87';
