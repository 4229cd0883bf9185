/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 5;
export const FOLD_SHA256 = 'b9bde2aee51915f391a2ee176dd3d0b71c2b0b60afa995412d88f8032ffcdf7e';
