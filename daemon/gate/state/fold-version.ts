/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 6;
export const FOLD_SHA256 = 'a1dc13e266959d58a7426d67ea0c2292e480dca1752ae657ebb3d65dd1ff5e7e';
