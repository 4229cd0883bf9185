/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 4;
export const FOLD_SHA256 = 'eb5ffc9143d76e9612abec583d41152d65e9d9c3b36d98bc6d0f6b12d7917067';
