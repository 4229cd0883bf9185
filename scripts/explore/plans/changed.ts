import type { Piece } from './draw.ts';

/**
 * What rests is changed, and changed again: larger until a cap binds, nearer and across the middle of the book, farther,
 * smaller, to what it is, beside a tightening, or after a part has filled.
 */
export const CHANGED: readonly (readonly [number, Piece])[] = [
  [
    30,
    (draw) => {
      const { agent, random, symbol } = draw;
      const change = (): object =>
        random.weighted<object>([
          [3, { factor: random.pick([1.5, 3, 8, 20]) }],
          [1, { factor: random.pick([0.3, 0.7, 1]) }],
          [2, { limitBps: random.pick([-90, -40, -12, -4, 3, 20]) }],
          [2, { factor: random.pick([0.5, 1.5, 4]), limitBps: -random.int(2, 60) }],
        ]);
      const between = random.weighted([
        [3, null],
        [1, { kind: 'mark', symbol, bps: (draw.side === 'buy' ? -1 : 1) * random.int(10, 40) }],
        [1, { kind: 'policy', edit: 'tighter_caps' }],
        [1, { kind: 'state', state: 'reducing', agent }],
        [1, { kind: 'signal', signal: random.pick(['narrative', 'anomaly'] as const), ttlMs: 8_000 }],
      ] as const);
      return [
        ...(random.chance(0.4) ? [draw.step({ kind: 'cancel_all', agent, symbol })] : []),
        draw.step(draw.open(-random.int(15, 60)), random.pick(['answered', random.int(0, 9_000)])),
        ...Array.from({ length: random.int(1, 3) }, (_, index) => [
          ...(between === null || index > 0 ? [] : [draw.step(between, random.int(500, 3_000))]),
          draw.step({ kind: 'amend', agent, pick: 0, ...change() }, random.int(2_500, 6_000)),
        ]).flat(),
        ...(between?.kind === 'state' ? [draw.step({ kind: 'state', state: 'active', agent })] : []),
      ];
    },
  ],
];
