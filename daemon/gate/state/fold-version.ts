/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 29;
export const FOLD_SHA256 = '30e7cdf3c966d4f0da1a992f381b5b8f0333c6a97124a57795f6193765bff96c';
