/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 24;
export const FOLD_SHA256 = '3a7d49ad7bd89e2c26148daf4338087c830424b83a113039d896fce3dada9d84';
