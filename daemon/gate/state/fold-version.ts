/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 17;
export const FOLD_SHA256 = '1ae37439e6c63e60b9bf3408d1f89adc5a78848ef5c24169f4cf299a176797fa';
