/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 6;
export const FOLD_SHA256 = '9f8de94b785439b5e851ee7ace59876fd3f0dcb1ea780036e6ffd7946f7b86d9';
