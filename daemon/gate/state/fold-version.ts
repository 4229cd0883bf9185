/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 16;
export const FOLD_SHA256 = '0e380f72facf2aadcdbd1d7a749193a4b3cefd4bc9251092cc72a4dcb60d3003';
