/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 5;
export const FOLD_SHA256 = 'e4711f3d52ab31b8485dcb0b0edccc18577c1eeaef3053c177d96ada8cd23a3b';
