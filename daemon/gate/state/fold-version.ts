/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 19;
export const FOLD_SHA256 = '32817ccc9893d90622e4f7d5d3eee9a254aed56297d209573baef8b9ba704daf';
