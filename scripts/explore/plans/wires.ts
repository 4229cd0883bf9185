import type { Piece } from './draw.ts';

const ORDERS = { method: 'POST', path: '/fapi/v1/order' };

/** Request weight is counted, others at the address use some of it, and sockets come late. */
export const WIRES: readonly (readonly [number, Piece])[] = [
  [
    16,
    (draw) => {
      const { random } = draw;
      return [
        draw.step({ kind: 'weight', used: random.pick([200, 900, 1_500, 2_100, 2_390]) }),
        draw.step(random.chance(0.5) ? draw.anyOpen() : draw.anyExit(), random.int(0, 4_000)),
        draw.step(random.chance(0.5) ? draw.anyOpen() : draw.anyExit(), random.int(500, 20_000)),
      ];
    },
  ],
  // No socket for an order within the time in which it may be sent.
  [
    16,
    (draw) => {
      const { random } = draw;
      const wire = { kind: 'slow_connect', ms: random.pick([40, 300, 499, 700, 2_000, 12_000]), count: 1 } as const;
      return [
        draw.step({ kind: 'wire', wire: { ...wire, ...ORDERS } }),
        draw.step(random.chance(0.6) ? draw.anyOpen() : draw.anyExit(), 'parallel'),
      ];
    },
  ],
  [
    8,
    (draw) => {
      const { random } = draw;
      const wire = { kind: 'slow_connect', ms: random.pick([300, 3_000, 12_000]), count: random.int(1, 8) } as const;
      return [
        draw.step({ kind: 'wire', wire: { ...wire, method: 'GET' } }),
        draw.step(random.chance(0.5) ? draw.anyOpen() : draw.anyExit(), random.int(0, 3_000)),
      ];
    },
  ],
  // A supervisor starts it again and again, for so long at times that the starts of a minute would exceed the weight.
  [
    4,
    (draw) => {
      const { random } = draw;
      return [
        ...Array.from({ length: random.chance(0.5) ? random.int(2, 6) : random.int(20, 40) }, () =>
          draw.step({ kind: 'crash', downMs: random.int(1, 300) }, random.int(400, 1_200)),
        ),
        draw.step(draw.anyExit(), random.int(0, 1_500)),
      ];
    },
  ],
];
