/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 6;
export const FOLD_SHA256 = '51cb6fc6ddca6eb3ae2963421c9b04a907565d8f2a3bd87de89b6559dd8db0d5';
