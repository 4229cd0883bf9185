/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 6;
export const FOLD_SHA256 = 'bf324a5300a545f4d460001541575dc4ee88976214b97841bc78015550e36a6e';
