/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 14;
export const FOLD_SHA256 = '630c22d1bbdd8d2e692a14b41acf1280ed55a13c624a0f38f000c27dd0f987e4';
