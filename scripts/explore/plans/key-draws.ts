import type { AgentName, PolicyKeys, Setup } from '../plan.ts';
import type { Random } from '../random.ts';
import type { Piece } from './draw.ts';

/** Keys of the policy as an operator may write them, and what happens in worlds in which they are to bind. */
export interface DrawnKeys {
  readonly keys: PolicyKeys;
  readonly pieces: readonly Piece[];
}
export type KeyDraw = (random: Random, setup: Setup) => DrawnKeys;

const AGENTS: readonly AgentName[] = ['alpha', 'beta', 'gamma'];
export const DAY_MS = 86_400_000;

export const keys =
  (draw: (random: Random, setup: Setup) => PolicyKeys, ...pieces: readonly Piece[]): KeyDraw =>
  (random, setup) => ({ keys: draw(random, setup), pieces });

/** Of one agent's section; the pieces are what that agent does. */
export const own =
  (draw: (random: Random, setup: Setup) => PolicyKeys, ...pieces: readonly Piece[]): KeyDraw =>
  (random, setup) => {
    const agent = random.pick(AGENTS);
    const drawn = Object.entries(draw(random, setup));
    return {
      keys: Object.fromEntries(drawn.map(([key, value]) => [`agents.${agent}.${key}`, value])),
      pieces: pieces.map((piece) => as(agent, piece)),
    };
  };

/** The operator's schema of `place_order`: so many USDT at most. */
export function boundOf(usdt: number): object {
  return { type: 'object', properties: { requested_notional: { maximum: usdt } } };
}

/** Done by this agent. */
export const as =
  (agent: AgentName, piece: Piece): Piece =>
  (draw) => {
    draw.become(agent);
    return piece(draw);
  };

export function tiersOf(random: Random, levels: readonly number[], level = 'at'): readonly object[] {
  const from = random.pick(levels);
  const effects = [{ multiplier: random.pick([0.2, 0.5]) }, { reduce_only: true }];
  return random.chance(0.5)
    ? [{ [level]: from, ...effects[random.chance(0.3) ? 0 : 1] }]
    : [
        { [level]: from, ...effects[0] },
        { [level]: from * 2, ...effects[1] },
      ];
}

export function rateOf(random: Random, { orderWindowMs }: Setup): { readonly max: number; readonly window_ms: number } {
  return { max: random.int(13, 15), window_ms: orderWindowMs ?? random.pick([20_000, 45_000]) };
}

export function tierEffect(random: Random): object {
  return random.chance(0.7) ? { multiplier: random.pick([0.2, 0.5]) } : { reduce_only: true };
}
