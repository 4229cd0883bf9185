/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 12;
export const FOLD_SHA256 = 'aee8bcdf3fda9629974145139518bb34557b4245d65ae6f79ab248fd7e270ec2';
