/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 11;
export const FOLD_SHA256 = 'ca92261d13e818ec845e02a45b4abf7e973e7b601706ccce8509d0d08994ed67';
