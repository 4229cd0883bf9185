/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 28;
export const FOLD_SHA256 = 'fab25111a42b84d7e8f35f6c63c80688c861129eecabc8ab2751df66893168ab';
