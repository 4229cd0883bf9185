/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 24;
export const FOLD_SHA256 = '5e282325f077e056d07b2827d40ca054a7fb5ac691fa32d6677193727c33c54c';
