import type { Draw, Piece } from './draw.ts';

/** Somebody rests far off in one symbol, and somebody, often the same, opens more than its share in the other. */
export const CONCENTRATED: readonly (readonly [number, Piece])[] = [
  [
    4,
    (draw) => {
      const { agent, random, symbol } = draw;
      const other = symbol === 'BTCUSDT' ? 'ETHUSDT' : 'BTCUSDT';
      const rester = random.chance(0.7) ? agent : draw.other;
      const limitBps = -random.int(20, 400);
      return [
        draw.step({ kind: 'open', agent: rester, symbol: other, side: draw.side, usdt: sized(draw), limitBps }),
        draw.step({ kind: 'open', agent, symbol, side: draw.side, usdt: sized(draw) }, 'answered'),
      ];
    },
  ],
];

function sized({ random }: Draw): number {
  return random.pick([600, 900, 1_500]);
}
