/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 12;
export const FOLD_SHA256 = 'fae37dc5bd3fd460731c3e7903b6da4246d2024fa1da5bb3db198194598652b1';
