/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 26;
export const FOLD_SHA256 = '40f4b11a68ba7195defc4b751988e50e0ea71a9e706c82d6886a8bdfb5e109eb';
