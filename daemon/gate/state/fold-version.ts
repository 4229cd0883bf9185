/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 9;
export const FOLD_SHA256 = 'd926676082956c3bd771343d841f5fdc150df875bb5dd502b22232c05df02f6a';
