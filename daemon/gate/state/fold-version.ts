/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 10;
export const FOLD_SHA256 = '14cac2e475f9e076de1c1c5b29b5bb7921b48ef986230f628dc17a46860e79cf';
