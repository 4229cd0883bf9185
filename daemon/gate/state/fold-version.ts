/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 20;
export const FOLD_SHA256 = '92650639b5fe1fd59898921f78712869339f51995bb75a222295e82ce32ce4a5';
