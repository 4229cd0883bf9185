/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 5;
export const FOLD_SHA256 = '95f8a6f3e2e2f762665ef619a59045fe4f4785de7d61ec0fcd8477c67f53fa97';
