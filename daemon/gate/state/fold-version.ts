/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 9;
export const FOLD_SHA256 = 'f3bfb703bac3fb2f7cb461d78f21a474014683d07ced6eeb432032fe294dc287';
