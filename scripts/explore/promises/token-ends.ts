import type { TokenNote } from '../agent-tokens.ts';
import type { History } from '../history.ts';

/** The daemon's clock is so far off the exchange's where answers are late. */
export const CLOCKS_MS = 500;

/** Where the machine's clock jumps, when a token expires is not for this to say. */
function isTimed({ plan }: History): boolean {
  return !plan.steps.some(({ do: action }) => action.kind === 'trouble' && action.trouble.kind === 'clock');
}

/** From then on it has ended, whatever was on its way. */
export function endedMs(history: History, { endedAtMs, expiresAtMs }: TokenNote): number {
  const expiredMs = expiresAtMs === null || !isTimed(history) ? Number.POSITIVE_INFINITY : expiresAtMs + CLOCKS_MS;
  return Math.min(endedAtMs ?? Number.POSITIVE_INFINITY, expiredMs);
}
/** Until then it works for certain. */
export function worksUntilMs(history: History, { endAskedAtMs, expiresAtMs }: TokenNote): number {
  if (expiresAtMs !== null && !isTimed(history)) return Number.NEGATIVE_INFINITY;
  return Math.min(endAskedAtMs ?? Number.POSITIVE_INFINITY, (expiresAtMs ?? Number.POSITIVE_INFINITY) - CLOCKS_MS);
}

/** One daemon runs all the time: it asks the exchange something before, and goes on asking. */
export function isUp({ world: { wire } }: History, fromMs: number, toMs: number): boolean {
  const before = wire.looks.findLast(({ sentAtMs }) => sentAtMs <= fromMs);
  const after = wire.looks.find(({ sentAtMs }) => sentAtMs >= toMs);
  return before !== undefined && before.life === after?.life;
}

/** From then on the word of the token is worth nothing: one that has expired stands while another one of its agent lives. */
export function wordEndsMs(history: History, note: TokenNote): number {
  const { endedAtMs, expiresAtMs } = note;
  const endMs = endedMs(history, note);
  const isRevoked = endedAtMs !== null && (expiresAtMs === null || endedAtMs < expiresAtMs);
  if (isRevoked) return endMs;
  let untilMs = endMs;
  for (const other of [...history.world.tokens.of(note.agent)].sort((a, b) => a.createdAtMs - b.createdAtMs))
    if (other.createdAtMs <= untilMs + CLOCKS_MS) untilMs = Math.max(untilMs, endedMs(history, other));
  return untilMs;
}
