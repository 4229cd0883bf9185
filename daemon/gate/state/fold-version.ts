/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 8;
export const FOLD_SHA256 = '73253cd30d7e259de53a18e85336d46f9b5300bd2bb630c78e270778c43c82f8';
