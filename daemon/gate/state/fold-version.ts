/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 5;
export const FOLD_SHA256 = '8f5d2ec2d8930881dd7743dcda3f84996ab03e0b1b51eae2f0d75d2b46b25665';
