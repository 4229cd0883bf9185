/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 9;
export const FOLD_SHA256 = 'c6e276570dd48b71f837287c16022b720644a242834626ba6466e05e96f427ca';
