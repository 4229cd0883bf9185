/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 6;
export const FOLD_SHA256 = '091f1f4b7eae4e9bf6ebad75897bd5409ee91a5379206a127725e5dacb5dcf9a';
