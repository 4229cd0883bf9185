/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 4;
export const FOLD_SHA256 = '6cb2419bb87424bd122efbc2130cfbdcaaf5f961eb0cfd9e0c86a3e25509f969';
