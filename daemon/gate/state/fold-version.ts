/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 3;
export const FOLD_SHA256 = 'bf1d7ae985c39921bd3cc2d712a94c50c24b04d6ee27c9bf3fd315b33f186ba3';
