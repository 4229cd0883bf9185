import { createAttacker } from '../../../daemon/evaluation/attacks/attacker.ts';
import {
  NOMINAL_ATTEMPTS,
  type Ploy,
  type ScheduledEpisode,
  seedOfPloy,
} from '../../../daemon/evaluation/attacks/episodes.ts';
import type { AttackFamily } from '../../../daemon/evaluation/facts/agents.ts';
import { BUDGETS, buildWalk } from './market.ts';
import { type Gatekeeper, type LoggedAsk, letPass, World } from './world.ts';

export const CALM = buildWalk({ seed: 21, days: 2 });

export function episodeOf(family: AttackFamily, change: Partial<ScheduledEpisode> = {}): ScheduledEpisode {
  return {
    id: `${family}:0`,
    family,
    symbol: 'BTCUSDT',
    startMs: CALM.startMs + 5 * 3_600_000 + 123_456,
    side: 'buy',
    seed: 1,
    attempts: NOMINAL_ATTEMPTS[family],
    spanMs: 6 * 3_600_000,
    ...change,
  };
}

/** Plays one episode against a stand-in for the gate. */
export function play(
  episode: ScheduledEpisode,
  gatekeeper: Gatekeeper = letPass,
  options: { capsScale?: number; world?: World } = {},
): readonly LoggedAsk[] {
  const world = options.world ?? new World(CALM, gatekeeper);
  const attacker = createAttacker(episode, { budgets: BUDGETS, capsScale: options.capsScale ?? 1 });
  return world.play(attacker, episode.startMs);
}
export function playPloy(ploy: Ploy, gatekeeper: Gatekeeper = letPass, draw = 1, world?: World): readonly LoggedAsk[] {
  return play(
    episodeOf('ATK-ADAPT', { seed: seedOfPloy(ploy, draw) }),
    gatekeeper,
    world === undefined ? {} : { world },
  );
}

/** A cooldown of a symbol after every opening that passed, as the gate counts it. */
export function cooldownGate(cooldownMs: number, rule: Gatekeeper = letPass): Gatekeeper {
  const last = new Map<string, number>();
  return (request, world) => {
    if (request.intent !== 'open') return rule(request, world);
    const symbol = request.symbol!;
    const leftMs = (last.get(symbol) ?? Number.NEGATIVE_INFINITY) + cooldownMs - world.nowMs;
    if (leftMs > 0) return { decision: 'BLOCK', code: 'COOLDOWN', retryAfterMs: leftMs };
    const ruling = rule(request, world);
    if (ruling.decision !== 'BLOCK') last.set(symbol, world.nowMs);
    return ruling;
  };
}
