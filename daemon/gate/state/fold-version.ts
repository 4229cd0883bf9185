/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 12;
export const FOLD_SHA256 = '90065586f5fe81b250044e882075e3a358e611480922dfc4ce0b35d172094b16';
