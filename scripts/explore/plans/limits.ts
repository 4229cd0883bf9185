import type { Action } from '../plan.ts';
import type { Draw, Piece } from './draw.ts';

function openOf(draw: Draw, limitBps?: number): Action {
  return draw.open(limitBps, 'alpha');
}

/** The agent with limits opens, at rest or in slices, and says nothing for a while; it calls again, or its day is over. */
export const LIMITS: readonly (readonly [number, Piece])[] = [
  [
    5,
    (draw) => [
      draw.step(openOf(draw, -draw.random.int(20, 60)), draw.random.int(0, 4_000)),
      draw.step({ kind: 'wait' }, draw.random.int(5_000, 30_000)),
      draw.step(draw.random.chance(0.5) ? openOf(draw) : draw.exit(), draw.random.int(0, 3_000)),
    ],
  ],
  [3, (draw) => [draw.step(openOf(draw)), draw.step({ kind: 'wait' }, draw.random.int(6_000, 20_000))]],
  // It amends what rests, or the process dies, around the time at which either limit binds.
  [
    2,
    (draw) => [
      draw.step(openOf(draw, -draw.random.int(20, 60))),
      draw.step(
        draw.random.chance(0.5)
          ? { kind: 'amend', agent: 'alpha', pick: 0, factor: 1.4 }
          : { kind: 'crash', downMs: draw.random.pick([200, 1_500]) },
        draw.random.int(3_000, 9_000),
      ),
      draw.step({ kind: 'wait' }, draw.random.int(4_000, 14_000)),
    ],
  ],
];
