/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 16;
export const FOLD_SHA256 = '5e560b8fc19a347e14710393702731c2106ecd0610c319d530aa83e5bb392226';
