import type { Random } from '../random.ts';
import { type Piece, restingOpenings } from './draw.ts';
import { drawFault, drawWire } from './faults.ts';
import { MISHAPS } from './mishaps.ts';

/** Weights and pieces. Most are what agents do all day; the rest is what happens to them. */
export const PIECES: readonly (readonly [number, Piece])[] = [
  [8, (draw) => [draw.step(draw.anyOpen())]],
  [4, (draw) => [draw.step(draw.open(), 'answered'), draw.step(draw.anyExit())]],
  [5, (draw) => [draw.step(draw.anyExit())]],
  // Two or three exits at once, or soon after each other.
  [
    4,
    (draw) => [
      draw.step(draw.open(), 'answered'),
      draw.step(draw.anyExit(), draw.random.int(200, 3_000)),
      draw.step(draw.anyExit(), 'parallel'),
      ...(draw.random.chance(0.4) ? [draw.step(draw.anyExit(), 'parallel')] : []),
    ],
  ],
  // The same exit twice in a turn.
  [
    2,
    (draw) => {
      const exit = draw.random.chance(0.6) ? draw.exit(draw.random.int(5, 40), 1) : draw.anyExit();
      return [
        draw.step(draw.open(), 'answered'),
        draw.step(exit, draw.random.int(300, 4_000)),
        draw.step(exit, 'parallel'),
      ];
    },
  ],
  // Take-profits, then an exit.
  [3, (draw) => [draw.step(draw.exit(-draw.random.int(10, 60))), draw.step(draw.anyExit())]],
  [
    0.5,
    (draw) => [
      draw.step({ kind: 'open', agent: draw.agent, symbol: draw.symbol, side: draw.side, usdt: 3_000 }, 'answered'),
      draw.step({ kind: 'ladder', agent: draw.agent, symbol: draw.symbol, count: drawCount(draw.random) }, 9_000),
    ],
  ],
  // One that holds nothing quotes both sides, and the market takes one of them, or both.
  [
    2,
    (draw) => {
      const { agent, random, symbol } = draw;
      const quote = (side: 'buy' | 'sell', gap = draw.gap()) =>
        draw.step({ kind: 'open', agent, symbol, side, usdt: draw.usdt(), limitBps: -random.int(3, 50) }, gap);
      const bps = random.pick([-1, 1]) * random.pick([25, 60, 120]);
      return [
        ...(random.chance(0.6) ? [draw.step({ kind: 'close', agent, symbol })] : []),
        quote(draw.side, 'answered'),
        quote(draw.side === 'buy' ? 'sell' : 'buy', random.chance(0.4) ? 'parallel' : random.int(0, 3_000)),
        draw.step({ kind: 'mark', symbol, bps }, random.int(0, 5_000)),
        ...(random.chance(0.3) ? [draw.step({ kind: 'mark', symbol, bps: -2 * bps }, random.int(0, 2_000))] : []),
        ...(random.chance(0.5) ? [draw.step({ kind: 'close', agent, symbol }, random.int(0, 6_000))] : []),
      ];
    },
  ],
  // The holder closes, and another agent opens there: at once, or when it is flat.
  [
    3,
    (draw) => [
      draw.step(draw.close(draw.agent)),
      draw.step(
        draw.open(undefined, draw.other),
        draw.random.pick(['parallel', 'answered', draw.random.int(0, 4_000)]),
      ),
    ],
  ],
  // Another agent in the same symbol.
  [4, (draw) => [draw.step(draw.open(draw.random.chance(0.4) ? -draw.random.int(2, 40) : undefined, draw.other))]],
  [2, (draw) => [draw.step(draw.close(draw.other))]],
  [
    2,
    (draw) => [draw.step({ kind: 'amend', agent: draw.agent, pick: draw.random.int(0, 3), ...amendment(draw.random) })],
  ],
  [2, (draw) => [draw.step({ kind: 'cancel', agent: draw.agent, pick: draw.random.int(0, 3) })]],
  [
    2,
    (draw) => [
      draw.step({ kind: 'cancel_all', agent: draw.agent, ...(draw.random.chance(0.5) ? { symbol: draw.symbol } : {}) }),
    ],
  ],
  [
    1.5,
    (draw) => [
      draw.step({ kind: 'cancel_all', agent: draw.agent, symbol: draw.symbol }),
      draw.step(draw.anyExit(), draw.random.chance(0.7) ? 'parallel' : draw.random.int(0, 50)),
    ],
  ],
  [1.5, (draw) => [draw.step({ kind: 'repeat', agent: draw.agent })]],
  [
    1,
    (draw) => [
      draw.step({ kind: 'state', state: draw.random.pick(['halted', 'reducing'] as const) }),
      draw.step({ kind: 'state', state: 'active' }, draw.random.int(500, 9_000)),
    ],
  ],
  [
    0.6,
    (draw) => [
      draw.step({ kind: 'state', state: draw.random.pick(['halted', 'reducing'] as const), symbol: draw.symbol }),
    ],
  ],
  [
    0.6,
    (draw) => [
      draw.step({ kind: 'state', state: draw.random.pick(['halted', 'reducing'] as const), agent: draw.agent }),
    ],
  ],
  [
    1,
    (draw) => [
      draw.step({ kind: 'flatten', ...(draw.random.chance(0.5) ? { symbol: draw.symbol } : {}) }),
      ...(draw.random.chance(0.5)
        ? [
            draw.step(
              { kind: 'state', state: 'active', ...(draw.random.chance(0.5) ? { symbol: draw.symbol } : {}) },
              draw.random.int(0, 6_000),
            ),
          ]
        : []),
    ],
  ],
  [
    1,
    (draw) => [
      draw.step({
        kind: 'signal',
        signal: draw.random.pick(['injection', 'narrative', 'anomaly'] as const),
        ttlMs: draw.random.int(1_000, 20_000),
        ...(draw.random.chance(0.5) ? { agent: draw.agent } : {}),
      }),
    ],
  ],
  [
    1,
    (draw) => [
      draw.step({
        kind: 'policy',
        edit: draw.random.pick([
          'tighter_caps',
          'looser_caps',
          'tighter_slippage',
          'slower_exits',
          'original',
        ] as const),
      }),
    ],
  ],
  [
    3,
    (draw) => [
      draw.step({
        kind: 'mark',
        symbol: draw.symbol,
        bps: draw.random.pick([-250, -120, -60, -25, -8, 8, 25, 60, 120, 250]),
      }),
    ],
  ],
  [
    0.7,
    (draw) => [draw.step({ kind: 'depth', symbol: draw.symbol, usdt: draw.random.pick([60, 200, 2_000, 50_000]) })],
  ],
  [3, (draw) => [draw.step(drawFault(draw.random))]],
  // A fault right before the call that it hits.
  [
    4,
    (draw) => [
      draw.step(drawFault(draw.random)),
      draw.step(draw.random.chance(0.5) ? draw.anyOpen() : draw.anyExit(), 'parallel'),
    ],
  ],
  [
    2,
    (draw) => [
      draw.step(drawWire(draw.random)),
      draw.step(draw.random.chance(0.5) ? draw.anyOpen() : draw.anyExit(), 'parallel'),
    ],
  ],
  [1.5, (draw) => [draw.step(draw.crash())]],
  [1.5, (draw) => [draw.step(draw.restart())]],
  // It dies beside orders at rest, and stays away for long.
  [
    0.4,
    (draw) => [
      ...restingOpenings(draw),
      draw.step({ kind: 'away', forMs: draw.random.pick([20_000, 60_000, 150_000, 400_000, 720_000, 3_600_000]) }),
      draw.step(draw.random.chance(0.5) ? draw.anyOpen() : draw.anyExit(), draw.random.int(0, 3_000)),
    ],
  ],
  // A call right after a start, before the first prices.
  [
    1.5,
    (draw) => [
      draw.step(draw.open(), 'answered'),
      draw.step(draw.random.chance(0.6) ? draw.restart() : draw.crash(), draw.random.int(300, 3_000)),
      draw.step(draw.anyExit(), draw.random.int(50, 1_500)),
      ...(draw.random.chance(0.5) ? [draw.step(draw.anyExit(), draw.random.int(10, 400))] : []),
    ],
  ],
  [1, (draw) => [draw.step({ kind: 'wait' }, draw.random.int(1_000, 15_000))]],
  ...MISHAPS,
];

/** Of take-profits: few, or what an account's limit of orders is made of. */
function drawCount(random: Random): number {
  return random.weighted([
    [5, 3],
    [5, 12],
    [2, 60],
    [1, 340],
  ]);
}

function amendment(random: Random): { readonly limitBps?: number; readonly factor?: number } {
  if (random.chance(0.4)) return { limitBps: random.int(-60, 25) };
  if (random.chance(0.5)) return { factor: random.pick([0.5, 0.8, 1.5, 2]) };
  return { limitBps: random.int(-40, 10), factor: random.pick([0.5, 1.5]) };
}
