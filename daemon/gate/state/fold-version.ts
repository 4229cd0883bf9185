/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 18;
export const FOLD_SHA256 = '770cf38ff6900346932f82911059571581ad1c85dc7c8f9e3faeaf2ec0419455';
