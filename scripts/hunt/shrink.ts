import type { HuntPlan, Move } from './plan.ts';
import type { Episode } from './play.ts';

/** Episodes that a shrinking may take. */
const MAX_PLAYED = 400;
const ROUND_MS = [0, 1_000, 60_000, 900_000] as const;

/** A small plan that finds the same: moves are left out, nobody trades beside it, spans become round. */
export function shrink(plan: HuntPlan, found: string, play: (plan: HuntPlan) => Episode): HuntPlan {
  let best = plan;
  let played = 0;
  const attempt = (candidate: HuntPlan): boolean => {
    if (played >= MAX_PLAYED) return false;
    played += 1;
    if (play(candidate).found !== found) return false;
    best = candidate;
    return true;
  };
  if (plan.strategy !== null) attempt({ ...plan, strategy: null });
  for (let before = -1; before !== best.moves.length; ) {
    before = best.moves.length;
    for (let size = Math.ceil(before / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2))
      for (let at = best.moves.length - size; at >= 0; at -= 1)
        attempt({ ...best, moves: without(best.moves, at, size) });
  }
  for (let at = 0; at < best.moves.length; at += 1)
    for (const afterMs of ROUND_MS) {
      const move = best.moves[at];
      if (move === undefined || afterMs >= move.afterMs) break;
      if (attempt({ ...best, moves: best.moves.with(at, { ...move, afterMs }) })) break;
    }
  return best;
}

/** Time that passed goes on passing: the move after them comes when it came. */
function without(moves: readonly Move[], at: number, size: number): readonly Move[] {
  const gone = moves.slice(at, at + size).reduce((sum, { afterMs }) => sum + afterMs, 0);
  const next = moves[at + size];
  const rest = next === undefined ? [] : [{ ...next, afterMs: next.afterMs + gone }, ...moves.slice(at + size + 1)];
  return [...moves.slice(0, at), ...rest];
}
