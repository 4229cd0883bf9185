/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 13;
export const FOLD_SHA256 = '48085fbf7114f7eb465d8bfcffda3d902793f4cdab7cf7ef35d5b1323e63a1b0';
