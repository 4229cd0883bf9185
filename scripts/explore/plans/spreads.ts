import type { Piece } from './draw.ts';

/** The quotes move apart, beside exits with and without a bound, and come together again. */
export const SPREADS: readonly (readonly [number, Piece])[] = [
  [
    10,
    (draw) => {
      const { agent, random, symbol } = draw;
      const bps = random.pick([10, 30, 80, 200]);
      const bound = random.chance(0.7) ? { slippageBps: random.pick([4, 10, 20, 60]) } : {};
      const fraction = random.chance(0.4) ? { fraction: 0.5 } : {};
      return [
        draw.step({ kind: 'open', agent, symbol, side: draw.side, usdt: random.pick([300, 900]) }),
        draw.step({ kind: 'spread', symbol, bps }, random.pick(['answered', random.int(0, 4_000)])),
        draw.step({ kind: 'close', agent, symbol, ...fraction, ...bound }, random.int(0, 4_000)),
        draw.step({ kind: 'spread', symbol, bps: random.pick([0, 0, 5]) }, random.int(0, 15_000)),
      ];
    },
  ],
];
