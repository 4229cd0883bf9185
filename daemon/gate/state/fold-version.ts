/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 3;
export const FOLD_SHA256 = '74931da7b118846eaf3159506e9a43d19cc2f92790e22a78045d13f9a205ccb7';
