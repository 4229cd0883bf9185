/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 4;
export const FOLD_SHA256 = 'b7915d9d3137abb0f03e911d3a466bc0b61ca45117fcf0b2eb95042b1c122412';
