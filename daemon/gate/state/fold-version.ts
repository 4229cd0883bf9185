/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 7;
export const FOLD_SHA256 = 'a70eb8827049f6c05b86aa4170ac2afc6be81dabc7f51c39413a6019ddbb16d6';
