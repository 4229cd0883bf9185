/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 3;
export const FOLD_SHA256 = 'd07e1a033c67aed9be4b1ac5b86b432b64aa1f5b4aef1d0c299d90c9a5d80171';
