/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 20;
export const FOLD_SHA256 = '7930582c03feac1b2571207c107cb608e2e0b8e9077d1165c4e705f595c0573c';
