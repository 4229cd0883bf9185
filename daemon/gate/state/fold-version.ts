/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 25;
export const FOLD_SHA256 = 'dc0bc2a01dfef9e133b7be7aa1c44785aa2b58c60b9736557d6358458e78e2eb';
