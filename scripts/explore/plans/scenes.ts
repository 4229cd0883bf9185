import type { Action, Step } from '../plan.ts';
import type { Draw, Piece } from './draw.ts';

type Opening = Extract<Action, { readonly kind: 'open' }>;

/** On the side of most: what one opens another piece does not oppose. */
function opening({ agent, side, symbol }: Draw, usdt: number, more: Partial<Opening> = {}): Opening {
  return { kind: 'open', agent, side, symbol, usdt, ...more };
}

/** In both markets as much as an order may be in the calmest of them: each stricter label cuts it. */
export const LARGEST: Piece = (draw) => {
  const { random } = draw;
  return (['BTCUSDT', 'ETHUSDT'] as const).map((symbol) =>
    draw.step(opening(draw, 4_500, { symbol }), random.int(500, 3_000)),
  );
};

/** The price moves by a few of a bar's usual moves, and as much as an order may be is asked for. */
export const JOLTS: Piece = (draw) => {
  const { random, symbol } = draw;
  return [
    draw.step({ kind: 'mark', symbol, bps: random.pick([-30, 30]) }),
    draw.step(opening(draw, 4_500), random.int(2_000, 4_000)),
  ];
};

/**
 * Somebody holds, the market falls, and the account is read; as much as an order may be is asked for before the loss is
 * taken and after it.
 */
export const FALLS: Piece = (draw) => {
  const { agent, random, symbol } = draw;
  const again = (): Step => draw.step(opening(draw, 4_500), random.int(6_000, 11_000));
  return [
    draw.step(opening(draw, 3_000)),
    draw.step(draw.against([120, 250, 600]), random.int(4_000, 9_000)),
    ...(random.chance(0.5) ? [again()] : []),
    draw.step({ kind: 'close', agent, symbol }, random.int(500, 4_000)),
    again(),
  ];
};

/** On credit, which is read, and as much again. */
export const CREDIT: Piece = (draw) => [
  draw.step(opening(draw, 3_000, { leverage: 3 })),
  draw.step(opening(draw, 4_500, { leverage: 3 }), draw.random.int(9_000, 14_000)),
];

const USUAL_RATE = { max: 13, window_ms: 60_000 };

/** As many as a window takes, in both markets in turn, and as many again when the first ones count no more. */
export const BURSTS: Piece = (draw) => {
  const { random, setup } = draw;
  const { max, window_ms: windowMs } = (setup.policy?.['budgets.order_rate'] ?? USUAL_RATE) as typeof USUAL_RATE;
  // So far apart that the same order in the same market is another one.
  const burst = (gap: Step['gap']): readonly Step[] =>
    Array.from({ length: max }, (_, index) =>
      draw.step(
        opening(draw, 70, { symbol: index % 2 === 0 ? 'BTCUSDT' : 'ETHUSDT' }),
        index === 0 ? gap : random.int(550, 700),
      ),
    );
  return [...burst(draw.gap()), ...burst(Math.min(windowMs, 60_000))];
};

/** What rests for long enough to be there, made larger, and another price. */
export const CHANGES: Piece = (draw) => {
  const { agent, random } = draw;
  return [
    draw.step(opening(draw, 600, { limitBps: -random.int(30, 60) })),
    draw.step({ kind: 'amend', agent, pick: 0, factor: 1.5 }, random.int(2_000, 4_000)),
    draw.step({ kind: 'amend', agent, pick: 0, limitBps: -random.int(20, 28) }, random.int(1_000, 3_000)),
  ];
};

/** What rests, an opening or an exit, is made smaller while nothing may be opened, and as often as a window takes orders. */
export const SHRINKS: Piece = (draw) => {
  const { agent, random, symbol } = draw;
  const factor = random.pick([0.85, 0.93]);
  const isExit = random.chance(0.4);
  return [
    draw.step(opening(draw, 3_000, isExit ? {} : { limitBps: -random.int(30, 60) })),
    ...(isExit ? [draw.step({ kind: 'exit', agent, symbol, share: 1, limitBps: -random.int(30, 60) }, 2_000)] : []),
    ...Array.from({ length: random.int(4, 16) }, (_, index) =>
      draw.step({ kind: 'amend', agent, pick: 0, factor }, index === 0 ? 'answered' : random.int(60, 500)),
    ),
  ];
};

/** Callers that made up their minds a while ago. */
export const OLD: Piece = (draw) =>
  [5_000, 20_000].map((agoMs) => draw.step(opening(draw, 300, { agoMs }), draw.random.int(500, 3_000)));
