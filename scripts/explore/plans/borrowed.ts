import type { Action } from '../plan.ts';
import type { Draw, Piece } from './draw.ts';

/** One agent after the other opens in the same symbol, on more or less credit: at once, or when the symbol is free again. */
export const BORROWED: readonly (readonly [number, Piece])[] = [
  [
    4,
    (draw) => {
      const { random } = draw;
      const [first, second] = random.chance(0.6) ? ([draw.other, 'beta'] as const) : (['beta', draw.other] as const);
      return [
        draw.step(borrowed(draw, first)),
        ...(random.chance(0.4) ? [draw.step(draw.close(first), random.int(0, 6_000))] : []),
        draw.step(borrowed(draw, second), random.pick(['answered', random.int(0, 4_000)])),
      ];
    },
  ],
  // It rests, and the one that may borrow less comes beside it.
  [
    2,
    (draw) => [
      draw.step(borrowed(draw, draw.other, -draw.random.int(10, 60))),
      draw.step(borrowed(draw, 'beta'), draw.random.pick(['answered', draw.random.int(0, 4_000)])),
    ],
  ],
  // Two of one agent in one turn: the setting of the first one serves the second where that may have as much.
  [
    3,
    (draw) => {
      const [first, second] = draw.random.pick([
        [3, 1],
        [3, 2],
        [1, 3],
      ] as const);
      const limitBps = draw.random.chance(0.5) ? -draw.random.int(10, 60) : undefined;
      return [
        draw.step({ ...draw.open(limitBps), leverage: first } as Action),
        draw.step({ ...draw.open(limitBps), leverage: second } as Action, 'parallel'),
      ];
    },
  ],
];

function borrowed(draw: Draw, agent: Parameters<Draw['open']>[1], limitBps?: number): Action {
  return { ...draw.open(limitBps, agent), leverage: draw.random.pick([1, 2, 3, 3]) } as Action;
}
