/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 7;
export const FOLD_SHA256 = '1359ae8f3088852ffda9d4f6682f05e52907146bd0583c90dfc0bc0fde122c4b';
