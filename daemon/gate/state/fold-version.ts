/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 15;
export const FOLD_SHA256 = '359671ea64e5a9d27f0039f1761262c537c8d30a583fa039710259e74861a112';
