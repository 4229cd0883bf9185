/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 7;
export const FOLD_SHA256 = '12913167b788cb8a22ad8287fac1a91a20f1fee2b39d62dd3c3e1a5407047389';
