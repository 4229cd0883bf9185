/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 3;
export const FOLD_SHA256 = '0dea36c8bc931d5bcd72331d8bab9ae0cdef14609df90d37604f81b6e6693559';
