/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 29;
export const FOLD_SHA256 = '59a20aeef29a2979aee95e863a73504f7f10e422ec82d4ab2cb43c0bf6c6407a';
