/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 12;
export const FOLD_SHA256 = '67cfc6ce1cdce0958c32467f174786b336b27e2f2e3e7c7904cac1c789ecbfc3';
