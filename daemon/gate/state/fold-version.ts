/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 13;
export const FOLD_SHA256 = '4b799e404d76f1697cdcf244a010de4b736ce55734122da757ed0452f1578dbf';
