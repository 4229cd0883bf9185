/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 19;
export const FOLD_SHA256 = '7e60c1700185c4e272de1c3eb0a1af694a91f8f13e7d7976aed81ffb1707a1f2';
