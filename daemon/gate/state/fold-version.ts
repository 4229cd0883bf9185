/**
 * Says which fold made a checkpoint: only the same one goes on from it. `npm run check` compares the digest with the
 * sources; `node scripts/fold-digest.ts --write` notes a change under the next version.
 */
export const FOLD_VERSION = 5;
export const FOLD_SHA256 = '8b3ee542c3eb56556559cb7bbd38ffa0f690424cdbc965f27db7e47b95d0bb69';
