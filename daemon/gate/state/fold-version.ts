/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 15;
export const FOLD_SHA256 = '1169e264bc47b3d34664cdcfdc3db26ee1538f8dbd885a0da5a2e3c48cf6fc72';
