/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 3;
export const FOLD_SHA256 = '41a9915989df5a1950a6084b5dd9bcd9158f6f399d5be1b945fc4d1d5807bca6';
