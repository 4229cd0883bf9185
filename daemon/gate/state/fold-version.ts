/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 5;
export const FOLD_SHA256 = 'e6824951f88f9dc29d526c6aa7dd7bc4e78c283143bf6e6104e32bc096cf3370';
