/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 2;
export const FOLD_SHA256 = 'cd6e1540c4b4891cb157b8517987d4c269b16a3596452f2fd3e67630b380f233';
