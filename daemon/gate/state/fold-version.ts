/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 26;
export const FOLD_SHA256 = 'afd28228c1b14db2ff6b35d5c72ed0284c18e2671d897cec4046d5f16ef831f0';
