/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 14;
export const FOLD_SHA256 = '4d606a6eb73bc2036932e19c557a9e6ddfd755bc9017c7f04acd98fc58a75ca2';
