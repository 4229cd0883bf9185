/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 22;
export const FOLD_SHA256 = '8feeb28fea07d60f09c90a6573770d97e155b05197368cdb3b59f5bc05248128';
