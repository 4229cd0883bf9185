/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 27;
export const FOLD_SHA256 = 'f1f19c9f310c067b39f8fc4903bad783ad43d5e87fdb6b92348116b4f6dd984e';
