/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 16;
export const FOLD_SHA256 = '32292cfe421978107c1bdc0340584dc078e3974a56a52bd5420993ea867197a2';
