/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 7;
export const FOLD_SHA256 = '8ccf983b68b7c1415a63c859505d5c2372b10485c825c957eeceaf1b909b8733';
