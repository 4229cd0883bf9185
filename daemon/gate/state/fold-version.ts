/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 5;
export const FOLD_SHA256 = 'f94f9d8c9b7b087a4e046db9bfd16e5982cf84b2013602aa9ec89ff8b534b15f';
