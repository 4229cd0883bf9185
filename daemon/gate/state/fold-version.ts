/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 3;
export const FOLD_SHA256 = '3aa518848013c2e70dd541ac04efcb99a7c2dc11bec6dd28c51a82ce954f9e7a';
