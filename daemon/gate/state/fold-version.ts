/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 14;
export const FOLD_SHA256 = 'b34e3c5bc78196acc4e72b4538fe561ffd0239add3db908439d16bca66cff333';
