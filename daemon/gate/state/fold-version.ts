/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 3;
export const FOLD_SHA256 = '28fa4c621f17c7e1b23a5b44f5008edf7a826f25a21f3c9547f96c1b6e6b5dea';
