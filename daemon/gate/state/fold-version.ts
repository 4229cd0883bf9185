/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 3;
export const FOLD_SHA256 = '066d4f7b32e6a172cc40fa9c95193d448c4c99a8a846c0a77aa4982d25455b4f';
