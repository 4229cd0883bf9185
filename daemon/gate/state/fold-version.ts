/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 18;
export const FOLD_SHA256 = '441a987dc7ae19eec6d57a74cbf44a311145b356c3f3a56c09ec6a4f679d35eb';
