/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 16;
export const FOLD_SHA256 = '5d92ea35cf622b64023af1d184944e13e2165fc2d0a31690299cb4217fb88828';
