import type { Piece } from './draw.ts';

/** Nothing is enforced: agents ask for more than the policy lets them have, and for what another one holds. */
export const SHADOW: readonly (readonly [number, Piece])[] = [
  [
    12,
    (draw) => {
      const { agent, random, side, symbol } = draw;
      const usdt = random.pick([900, 4_500, 7_000, 18_000]);
      return [
        draw.step({
          ...{ kind: 'open', agent, symbol, side, usdt },
          ...(random.chance(0.4) ? { limitBps: -random.int(5, 60) } : { slippageBps: random.pick([5, 20, 90]) }),
          ...(random.chance(0.3) ? { leverage: random.int(2, 8) } : {}),
        }),
        ...(random.chance(0.4) ? [draw.step(draw.anyExit())] : []),
      ];
    },
  ],
  // Whose a symbol is counts all the same.
  [
    6,
    (draw) => {
      const { random } = draw;
      return [
        draw.step(draw.open(), 'answered'),
        draw.step(draw.open(undefined, draw.other), random.int(500, 3_000)),
        draw.step(draw.close(), random.int(500, 3_000)),
      ];
    },
  ],
  [
    4,
    (draw) => [
      draw.step({ kind: 'state', state: draw.random.pick(['reducing', 'halted'] as const) }),
      draw.step(draw.open(), draw.random.int(500, 2_000)),
      draw.step(draw.close(), draw.random.int(500, 2_000)),
      draw.step({ kind: 'state', state: 'active' }),
    ],
  ],
];
