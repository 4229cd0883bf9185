import { MOVE_TYPES } from '../../../daemon/exchange-sim/core/state.ts';
import type { Step } from '../plan.ts';
import type { Draw, Piece } from './draw.ts';

/** Into or out of the account; now and then so little that nobody looks for it at once. */
function move({ random, setup }: Draw): Step['do'] {
  const all = setup.account?.balanceUsdt ?? 100_000;
  const share = random.pick([-0.3, -0.05, -0.05, -0.01, -0.003, 0.002, 0.03, 0.1, 0.5, 2]);
  const type = random.chance(0.35) ? 'TRANSFER' : random.pick(MOVE_TYPES);
  return { kind: 'transfer', usdt: Math.round(all * share), type };
}

/** Money that comes into the account beside orders, or leaves it. */
export const MOVES: readonly (readonly [number, Piece])[] = [
  [2, (draw) => [draw.step(move(draw)), ...(draw.random.chance(0.5) ? [draw.step(draw.anyOpen())] : [])]],
  // In the middle of a loss, and of another move.
  [
    3,
    (draw) => {
      const { agent, random, side, symbol } = draw;
      const steps = [
        draw.step({ kind: 'open', agent, symbol, side, usdt: 3_000 }),
        draw.step(draw.against([60, 120, 250, 400]), 'answered'),
        draw.step(move(draw)),
        ...(random.chance(0.4) ? [draw.step(move(draw))] : []),
        draw.step(draw.anyOpen(), random.int(500, 6_000)),
      ];
      if (random.chance(0.5)) steps.push(draw.step(draw.against([-250, -120, 120, 250]), random.int(500, 9_000)));
      steps.push(draw.step(draw.anyOpen(), random.int(3_000, 70_000)), draw.step(draw.close(), random.int(500, 3_000)));
      return steps;
    },
  ],
  // As the account is read, whose answer may or may not show it.
  [
    4,
    (draw) => {
      const { random } = draw;
      const late = { kind: 'delay', ms: random.int(100, 2_500), match: { path: '/fapi/v3/account' }, count: 1 };
      return [
        ...(random.chance(0.2) ? [draw.step({ kind: 'fault', fault: late })] : []),
        draw.step(move(draw), draw.amidReading()),
        draw.step(draw.anyOpen(), random.int(10, 900)),
        ...(random.chance(0.5) ? [draw.step(draw.anyOpen(), random.int(100, 2_500))] : []),
      ];
    },
  ],
  // While nobody runs.
  [
    2,
    (draw) => {
      const downMs = draw.random.pick([500, 1_500, 4_000]);
      return [
        draw.step(draw.random.chance(0.6) ? { kind: 'crash', downMs } : { kind: 'restart', downMs }),
        draw.step(move(draw), draw.random.int(0, downMs)),
        draw.step(draw.anyOpen(), draw.random.int(500, 9_000)),
      ];
    },
  ],
  // Around midnight.
  [
    0.5,
    (draw) => {
      const { random } = draw;
      return [
        draw.step({ kind: 'away', beforeMidnightMs: random.pick([20_000, 60_000]) }),
        draw.step(draw.open()),
        draw.step(move(draw), random.int(1_000, 60_000)),
        draw.step(draw.anyOpen(), random.int(5_000, 30_000)),
        draw.step(move(draw), random.int(1_000, 30_000)),
        draw.step(draw.anyOpen(), random.int(5_000, 30_000)),
      ];
    },
  ],
  // Its list is behind, or cannot be read.
  [
    2,
    (draw) => {
      const { random } = draw;
      const path = '/fapi/v1/income';
      const fault = random.weighted<Readonly<Record<string, unknown>>>([
        [3, { kind: 'stale-list', match: { path }, ms: random.int(2_000, 70_000) }],
        [1, { kind: 'drop-before', match: { path }, count: random.int(1, 4) }],
        [1, { kind: 'delay', ms: random.int(500, 9_000), match: { path }, count: random.int(1, 4) }],
      ]);
      return [
        draw.step({ kind: 'fault', fault }),
        draw.step(move(draw), 'parallel'),
        draw.step(draw.anyOpen(), random.int(1_000, 9_000)),
        ...(random.chance(0.5) ? [draw.step(draw.anyOpen(), random.int(30_000, 75_000))] : []),
      ];
    },
  ],
];
