import type { Draw, Piece } from './draw.ts';

/**
 * Somebody rests far off in one symbol, and somebody, often the same, opens more than its share in the other; or rests
 * there beside what is held in the one, which is closed.
 */
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
  [
    3,
    (draw) => {
      const { agent, random, side, symbol } = draw;
      const other = symbol === 'BTCUSDT' ? 'ETHUSDT' : 'BTCUSDT';
      const holder = draw.other;
      const limitBps = -random.int(20, 200);
      return [
        draw.step({ kind: 'open', agent: holder, symbol: other, side: draw.side, usdt: sized(draw) }),
        draw.step({ kind: 'open', agent, symbol, side, usdt: 2 * sized(draw), limitBps }, 'answered'),
        draw.step({ kind: 'close', agent: holder, symbol: other }, 'answered'),
      ];
    },
  ],
];

function sized({ random }: Draw): number {
  return random.pick([600, 900, 1_500]);
}
