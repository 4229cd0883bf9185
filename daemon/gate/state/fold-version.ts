/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 4;
export const FOLD_SHA256 = '93c1749631fb442cc76d29084e8aa7648101224aae9313428e85ec7b9ea2ee8a';
