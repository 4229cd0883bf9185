/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 8;
export const FOLD_SHA256 = '4b745c89fe12374e712ac1bdfdaeeeb954abf978ea213c937529d4d249ad477b';
