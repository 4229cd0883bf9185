/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 8;
export const FOLD_SHA256 = 'e2374614688f933b5b8b6ebd82a3cad5fb588d62154d4db805a3e46b0e49a1bc';
