/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 1;
export const FOLD_SHA256 = 'dfa8ee80351754ae17dab9fc4b9a10668fb125bf4ce04ebb4ed269ad7fac6bc8';
