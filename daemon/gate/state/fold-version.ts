/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 5;
export const FOLD_SHA256 = '9b47f1d1a15f1c7e3714fd96286149c824336d17f86d55027ca8273e447fdede';
