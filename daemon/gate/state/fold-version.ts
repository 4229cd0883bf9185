/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 5;
export const FOLD_SHA256 = '656f3f6f9d7d16ab7e7fb1634a1dd9a1835e92ffff65ab36ffd53c58cd3ae3bb';
