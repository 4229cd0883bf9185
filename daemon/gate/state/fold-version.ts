/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 10;
export const FOLD_SHA256 = '6eb182c2874a4b273898363d54ae7c65f4f7a5d7ddd7aaacbfe2042cab9c1f16';
