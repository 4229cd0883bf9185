/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 4;
export const FOLD_SHA256 = '5a69af6a2d2c075739211b48fca74349b807d208f2ccbe47e7327e390ea1bed1';
