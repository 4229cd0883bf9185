/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 6;
export const FOLD_SHA256 = 'da32444ca4588f3ac5b1bf15e0addf84a28c3d4055320a84b8ed853bc6923239';
