/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 7;
export const FOLD_SHA256 = 'fb592a9450d9d8b87d1bca67eb9264a9aff71074e945d494f4136c11832734bc';
