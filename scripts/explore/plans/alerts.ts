import type { Setup } from '../plan.ts';
import type { Random } from '../random.ts';
import type { Draw, Piece } from './draw.ts';

/** Alerts leave the machine; a failing receiver is tried again within the quiet time. */
export function withAlerts(setup: Setup, random: Random): Setup {
  const coalesceMs = random.pick([1_000, 5_000, 20_000]);
  return { ...setup, alerts: { coalesceMs, leftOut: random.pick(['policy', 'venue']) }, settleMs: 150_000 };
}

function outage(draw: Draw): ReturnType<Draw['step']> {
  const { random } = draw;
  return draw.step({
    kind: 'receiver',
    channel: random.pick(['phone', 'desk', 'desk']),
    answer: random.pick(['refuses', 'busy', 'slow', 'silent', 'gone'] as const),
    forMs: random.pick([500, 3_000, 9_000, 20_000]),
  });
}

/** What people are told of: something that is refused again and again, a stop that fails, a looser policy. */
const TROUBLES: Piece = (draw) => {
  const { agent, random, symbol } = draw;
  const unknown = { kind: 'accept-then-timeout', match: { method: 'POST', path: '/fapi/v1/order' }, count: 1 };
  const refused = { kind: 'error', code: -2019, msg: 'Margin is insufficient.', count: random.int(4, 9) };
  return random.weighted<() => ReturnType<Piece>>([
    [
      3,
      () => [
        draw.step({ kind: 'policy', edit: 'tighter_caps' }),
        draw.step({ kind: 'policy', edit: 'original', isLeft: random.chance(0.5) }, random.int(0, 3_000)),
      ],
    ],
    [
      2,
      () => [
        draw.step({ kind: 'fault', fault: { ...refused, match: { method: 'POST', path: '/fapi/v1/order' } } }),
        ...Array.from({ length: 6 }, () => draw.step(draw.anyOpen(), random.int(1_100, 2_000))),
      ],
    ],
    [
      2,
      () => [
        draw.step({ kind: 'open', agent, symbol, side: draw.side, usdt: 3_000 }, 'answered'),
        draw.step({ kind: 'policy', edit: 'tighter_caps' }, 2_000),
        draw.step({ kind: 'close', agent, symbol }, random.int(0, 2_000)),
      ],
    ],
    [1, () => [draw.step({ kind: 'fault', fault: unknown }), draw.step(draw.anyOpen(), 'parallel')]],
    [
      1,
      () => [
        draw.step({ kind: 'fault', fault: { kind: 'disconnect', ms: 20_000 } }),
        draw.step({ kind: 'wait' }, 25_000),
      ],
    ],
  ])();
};

/** Alerts go out, receivers fail, the file of routes changes, and the process dies in between. */
export const ALERTS: readonly (readonly [number, Piece])[] = [
  [30, TROUBLES],
  [30, (draw) => [outage(draw), ...TROUBLES(draw)]],
  [
    20,
    (draw) => {
      const { random } = draw;
      const edit = random.pick(['fewer', 'elsewhere', 'more', 'more', 'broken', 'original', 'original'] as const);
      return [
        draw.step({ kind: 'routes', edit, isAccepted: random.chance(0.6) }),
        ...(random.chance(0.4) ? [outage(draw)] : []),
        ...TROUBLES(draw),
        ...(random.chance(0.5)
          ? [draw.step({ kind: 'routes', edit: 'original', isAccepted: random.chance(0.7) })]
          : []),
      ];
    },
  ],
  // It dies around a message on its way.
  [
    20,
    (draw) => {
      const { random } = draw;
      const at = { what: 'commit' as const, n: random.int(1, 12), after: random.chance(0.5) };
      return [
        ...(random.chance(0.5) ? [outage(draw)] : []),
        draw.step({ kind: 'crash', at, downMs: random.int(1, 2_000) }),
        ...TROUBLES(draw),
        draw.step({ kind: random.chance(0.5) ? 'restart' : 'crash', downMs: random.int(1, 900) }, random.int(0, 6_000)),
      ];
    },
  ],
  [5, (draw) => [draw.step({ kind: 'test_alerts' })]],
  // A summary leaves after the full hour.
  [2.5, (draw) => [...TROUBLES(draw), draw.step({ kind: 'away', forMs: 3_600_000 }, 5_000)]],
];
