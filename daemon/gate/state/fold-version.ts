/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 8;
export const FOLD_SHA256 = '49568105f159b97c3271adaf820f1721aef10cd524b36632600bccc5c537a94a';
