/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 17;
export const FOLD_SHA256 = 'a168c3051f0bd3423ee7c4075c9f3482c6402094c73d0fd59706eb1dfdd04248';
