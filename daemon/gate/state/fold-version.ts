/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 8;
export const FOLD_SHA256 = '690a1b13f5fb5a07b75564cf8189c51d3290b5489854d7e2e28c197551fda95f';
