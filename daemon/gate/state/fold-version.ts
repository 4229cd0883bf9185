/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 20;
export const FOLD_SHA256 = 'b86488fbad5d4dbe7a36df58bff8e4fe543ebb6ee2a791df963928b5646a6827';
