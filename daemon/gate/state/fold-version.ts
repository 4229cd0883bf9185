/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 15;
export const FOLD_SHA256 = 'd2f71ae7118e8592edb8056ccf8b935f6fbe464739c03ac05e0a6a9b6e12184a';
