/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 16;
export const FOLD_SHA256 = '296e30d0cda0277d144f207af5943dccff2ee1da381070681c9e233fbc3f7f2b';
