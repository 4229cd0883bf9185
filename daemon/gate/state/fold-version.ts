/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 13;
export const FOLD_SHA256 = '7aa4f5fa50e6b03370b7add53681615213dbc68593fa6b5834332146d55c484c';
