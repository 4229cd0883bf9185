/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 15;
export const FOLD_SHA256 = 'b175c9625ed8c00726ff45b1385d00640bbbb3d2d4ef42ca5f81181385528428';
