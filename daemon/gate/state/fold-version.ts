/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 21;
export const FOLD_SHA256 = '7b7349c2a9a90d8dff37cc0e42cd21cc4a20dd20ab7acab7b043dd26122ad2a5';
