import type { Step } from '../plan.ts';
import type { Draw, Piece } from './draw.ts';

/** Where the exchange takes few open orders in a symbol: the holder's own fill it, and something is to be closed. */
export const CROWDED: readonly (readonly [number, Piece])[] = [
  [
    14,
    (draw) => {
      const { agent, random, symbol } = draw;
      const most = draw.setup.maxOrders ?? 0;
      return [
        draw.step({ kind: 'open', agent, symbol, side: draw.side, usdt: random.pick([900, 3_000]) }),
        ...openings(draw, random.int(1, most)),
        ...(random.chance(0.7) ? [draw.step({ kind: 'ladder', agent, symbol, count: most } as const, 'answered')] : []),
        draw.step(
          random.chance(0.7) ? { kind: 'close', agent, symbol, fraction: 0.5 } : draw.close(agent),
          random.pick(['answered', random.int(0, 6_000)]),
        ),
        ...(random.chance(0.4) ? [draw.step(draw.anyExit(), random.pick(['parallel', random.int(0, 4_000)]))] : []),
        draw.step({ kind: 'wait' }, random.int(1_000, 12_000)),
      ];
    },
  ],
  // Two exits are refused for it at once, and what gives its place serves one of them.
  [
    8,
    (draw) => {
      const { agent, random, side, symbol } = draw;
      const most = draw.setup.maxOrders ?? 0;
      return [
        draw.step({ kind: 'open', agent, symbol, side, usdt: 3_000 }),
        ...openings(draw, most),
        draw.step({ kind: 'ladder', agent, symbol, count: most }, 'answered'),
        draw.step({ kind: 'close', agent, symbol, fraction: 0.5 }, random.int(1_000, 6_000)),
        draw.step({ kind: 'close', agent, symbol, fraction: 0.25 }, random.pick(['parallel', random.int(0, 300)])),
        draw.step({ kind: 'wait' }, random.int(4_000, 12_000)),
      ];
    },
  ],
];

/** Far from the market, at prices of their own. */
function openings(draw: Draw, count: number): readonly Step[] {
  return Array.from({ length: count }, () =>
    draw.step(
      { ...draw.open(-draw.random.int(40, 90), draw.agent), side: draw.side, usdt: 130 } as Step['do'],
      draw.random.pick(['answered', 'parallel', draw.random.int(0, 500)]),
    ),
  );
}
