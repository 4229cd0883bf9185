/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 15;
export const FOLD_SHA256 = 'e9ff7025719506e4f09b957c18aa9c3b877a06005a95fca43956dacb6b1de587';
