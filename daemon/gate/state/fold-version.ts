/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 5;
export const FOLD_SHA256 = 'a7aa6b24718c2cddd1d100d2d7be011d713ee74ddd72d0b2e10f5dc1244fc80d';
