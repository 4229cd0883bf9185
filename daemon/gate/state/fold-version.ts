/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 2;
export const FOLD_SHA256 = '6e673adc4dc6872e79594bfdaa0d221454d62aea2ae046c25441517121a76e11';
