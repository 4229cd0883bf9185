/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 23;
export const FOLD_SHA256 = '0f16ef7eb0c05180f2918d0d63a8ef6a9f95993bbd856ff3eb97a6c173118c76';
