import type { Action } from '../plan.ts';
import type { Draw, Piece } from './draw.ts';

function openOf(draw: Draw, usdt: number, limitBps?: number): Action {
  const open = draw.open(limitBps);
  return open.kind === 'open' ? { ...open, usdt } : open;
}

/** What needs an approval, and over which time. */
function termsOf({ setup }: Draw): { readonly aboveUsdt: number; readonly windowMs: number } {
  return setup.approvals ?? { aboveUsdt: 500, windowMs: 20_000 };
}

/** People approve, now and at random times, twice, at once, after a crash and after what ends an approval. */
export const APPROVALS: readonly (readonly [number, Piece])[] = [
  [
    5,
    (draw) => [
      draw.step(openOf(draw, draw.random.pick([600, 900, 1_500, 3_000])), 'answered'),
      draw.step({ kind: 'approve', pick: 0, times: draw.random.pick([1, 1, 2, 3]) }, draw.random.int(0, 9_000)),
    ],
  ],
  // In the turn in which it is asked for, or in which something ends it.
  [
    4,
    (draw) => [
      draw.step(openOf(draw, draw.random.pick([600, 1_500])), 'answered'),
      draw.step(
        draw.random.pick([
          { kind: 'cancel_all', agent: draw.agent },
          { kind: 'close', agent: draw.agent, symbol: draw.symbol },
          { kind: 'state', state: 'halted' },
          { kind: 'state', state: 'reducing', symbol: draw.symbol },
          { kind: 'state', state: 'reducing', agent: draw.agent },
          { kind: 'policy', edit: 'tighter_slippage' },
          { kind: 'flatten', symbol: draw.symbol },
          { kind: 'mark', symbol: draw.symbol, bps: draw.random.pick([-60, -8, 8, 60]) },
        ] as const),
        draw.random.int(0, 3_000),
      ),
      draw.step(
        { kind: 'approve', pick: 0, times: 2 },
        draw.random.chance(0.5) ? 'parallel' : draw.random.int(0, 2_000),
      ),
      draw.step({ kind: 'state', state: 'active' }, draw.random.int(500, 4_000)),
      draw.step({ kind: 'approve', pick: draw.random.int(0, 2), times: 1 }, draw.random.int(0, 2_000)),
    ],
  ],
  // The process dies around the grant, which is tried again by the next one.
  [
    2,
    (draw) => [
      draw.step(openOf(draw, 1_500), 'answered'),
      draw.step({
        kind: 'crash',
        at: {
          what: draw.random.pick(['commit', 'request'] as const),
          n: draw.random.int(1, 3),
          after: draw.random.chance(0.5),
        },
        downMs: draw.random.int(100, 3_000),
      }),
      draw.step({ kind: 'approve', pick: 0, times: 1 }, 'parallel'),
      draw.step({ kind: 'approve', pick: 0, times: 2 }, draw.random.int(3_000, 12_000)),
    ],
  ],
  // Many small ones, and larger ones by an amend.
  [
    3,
    (draw) =>
      Array.from({ length: draw.random.int(2, 6) }, () =>
        draw.step(openOf(draw, draw.random.pick([130, 200, 300])), draw.random.int(0, 2_500)),
      ),
  ],
  [
    2,
    (draw) => [
      draw.step(draw.open(-draw.random.int(5, 40)), 'answered'),
      draw.step({ kind: 'approve', pick: 0, times: 1 }, draw.random.int(0, 2_000)),
      draw.step({ kind: 'amend', agent: draw.agent, pick: 0, factor: draw.random.pick([2, 3]) }, 'answered'),
      draw.step({ kind: 'amend', agent: draw.agent, pick: 0, limitBps: draw.random.int(-5, 20) }, 'answered'),
    ],
  ],
  // Less than needs one, and as much again when the first counts no more, or almost.
  [
    4,
    (draw) => {
      const { aboveUsdt, windowMs } = termsOf(draw);
      const order = openOf(draw, Math.round(aboveUsdt * 0.6));
      return [
        draw.step(order, 'answered'),
        draw.step(order, draw.random.int(Math.round(windowMs * 0.9), Math.round(windowMs * 1.7))),
      ];
    },
  ],
  // It is given about when it may be given no more; of a large one also by one person alone.
  [
    4,
    (draw) => {
      const { aboveUsdt, windowMs } = termsOf(draw);
      const { random } = draw;
      return [
        draw.step(openOf(draw, Math.round(aboveUsdt * random.pick([1.5, 3.5]))), 'answered'),
        draw.step(
          { kind: 'approve', pick: 0, times: random.pick([1, 2]) },
          random.int(Math.round(windowMs * 0.4), Math.round(windowMs * 0.95)),
        ),
      ];
    },
  ],
  // Who approved it is trusted no more: before it is granted, while it is sliced, while it rests, while nobody runs.
  [
    4,
    (draw) => {
      const { random } = draw;
      const who = random.pick(['operator', 'operator', 'second'] as const);
      const by = random.chance(0.7) ? 'entrance' : 'command';
      const approver = (what: 'token' | 'passkey' | 'end'): Action => ({ kind: 'approver', who, what, by });
      const rests = random.chance(0.6) ? -random.int(10, 60) : undefined;
      return [
        ...(random.chance(0.4) ? [draw.step(approver('passkey'))] : []),
        draw.step(openOf(draw, random.pick([600, 900, 1_500, 3_000]), rests), 'answered'),
        draw.step({ kind: 'approve', pick: 0, times: random.pick([1, 2]) }, random.int(0, 2_000)),
        ...(random.chance(0.25) ? [draw.step(draw.crash(), random.int(0, 1_500))] : []),
        draw.step(approver('end'), random.chance(0.15) ? 'parallel' : random.int(0, 5_000)),
        ...(random.chance(0.5) ? [draw.step({ kind: 'approve', pick: 0, times: 2 }, random.int(0, 500))] : []),
        draw.step({ kind: 'wait' }, random.int(1_000, 9_000)),
        ...(random.chance(0.6) ? [draw.step(approver(random.chance(0.8) ? 'token' : 'passkey'))] : []),
      ];
    },
  ],
  [
    2,
    (draw) => [
      draw.step({ kind: 'approve', pick: draw.random.int(0, 4), times: 1, isDenied: draw.random.chance(0.3) }),
    ],
  ],
];
