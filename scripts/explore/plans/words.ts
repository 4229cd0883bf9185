import type { Action, Step } from '../plan.ts';
import type { Draw, Piece } from './draw.ts';

/** Digests of skills that calls claim: the first two are known to policies that list any. */
export const SKILLS = ['a'.repeat(64), 'b'.repeat(64), 'c'.repeat(64)] as const;

type Opening = Extract<Action, { readonly kind: 'open' }>;
type SignalKind = Extract<Action, { readonly kind: 'signal' }>['signal'];

function opening(draw: Draw, more: Partial<Opening> = {}, limitBps?: number): Opening {
  return { ...(draw.open(limitBps) as Opening), ...more };
}
function soon({ random }: Draw): Step['gap'] {
  return random.pick(['answered', random.int(0, 3_000)]);
}

/** The same order twice or three times. */
export const EQUALS: Piece = (draw) => {
  const { random } = draw;
  const order = opening(draw, { usdt: random.pick([200, 300]) });
  return [
    draw.step(order),
    draw.step(order, soon(draw)),
    ...(random.chance(0.5) ? [draw.step(order, soon(draw))] : []),
  ];
};

/** The same order again, while it counts as the same, and mostly when all of the one before is done: its caller says so. */
export const SEEN: Piece = (draw) => {
  const { random, setup } = draw;
  const windowMs = Number(setup.policy?.['temporal.duplicate_window_ms'] ?? 1_000);
  const order = opening(draw, { usdt: random.pick([200, 300]) });
  return [draw.step(order), draw.step({ ...order, isAfterLast: true }, Math.round((windowMs * random.int(3, 9)) / 10))];
};

/** The same order, executed again and again, and one more when that has been noticed. */
export const REPEATS: Piece = (draw) => {
  const { random } = draw;
  const order = opening(draw, { usdt: random.pick([130, 200]) });
  return [
    ...Array.from({ length: random.int(3, 4) }, () => draw.step(order, random.int(1_050, 2_400))),
    draw.step(opening(draw, { usdt: 300 }), random.int(500, 5_000)),
  ];
};

/** From one side to the other. */
export const FLIPS: Piece = (draw) => {
  const { agent, random, side, symbol } = draw;
  return [
    draw.step(opening(draw, { side })),
    draw.step({ kind: 'close', agent, symbol }, random.int(1_000, 3_000)),
    draw.step(opening(draw, { side: side === 'buy' ? 'sell' : 'buy' }), random.int(1_000, 6_000)),
  ];
};

/** What a skill claims to be. */
export const claimsOf =
  (skills: readonly string[], sizes: readonly number[] = [600, 1_500, 3_000]): Piece =>
  (draw) => {
    const { random } = draw;
    const skill = { sha256: random.pick(skills) };
    return [draw.step(opening(draw, { says: { meta: { skill } }, usdt: random.pick(sizes) }))];
  };
export const CLAIMS: Piece = claimsOf(SKILLS);

/** A monitor says something of this kind, and its subject goes on, at once and later. */
export const signalsOf =
  (signal: SignalKind): Piece =>
  (draw) => {
    const { agent, random, symbol } = draw;
    const scope = random.pick([{}, { agent }, { symbol }]);
    return [
      ...(random.chance(0.5) ? [draw.step(opening(draw, {}, -random.int(10, 60)))] : []),
      draw.step({
        kind: 'signal',
        signal,
        ttlMs: random.pick([random.int(2_000, 5_000), random.int(1_000, 30_000)]),
        ...scope,
      }),
      draw.step(opening(draw, { usdt: random.pick([300, 1_500, 3_000]) }), soon(draw)),
      random.chance(0.3) ? draw.step(draw.anyExit(), soon(draw)) : draw.step(opening(draw), random.int(4_000, 12_000)),
    ];
  };

export const BORROWS: Piece = (draw) => [
  draw.step(opening(draw, { leverage: draw.random.pick([2, 3]), usdt: draw.random.pick([600, 3_000]) })),
];

/** In both markets. */
export const BOTH: Piece = (draw) => {
  const { random } = draw;
  return [
    draw.step(opening(draw, { symbol: 'BTCUSDT' })),
    draw.step(opening(draw, { symbol: 'ETHUSDT' }), soon(draw)),
    ...(random.chance(0.3) ? [draw.step(draw.anyExit(), soon(draw))] : []),
  ];
};

/** A loss, taken or not, and another order. */
export const LOSSES: Piece = (draw) => {
  const { random } = draw;
  return [
    draw.step(opening(draw, { usdt: random.pick([900, 3_000]) })),
    draw.step(draw.against([60, 120, 250, 600]), random.int(1_000, 4_000)),
    ...(random.chance(0.6) ? [draw.step(draw.close(), random.int(500, 4_000))] : []),
    draw.step(opening(draw), random.int(1_000, 9_000)),
  ];
};

/** As large as an order may be, and larger. */
export const LARGE: Piece = (draw) => [
  draw.step(opening(draw, { usdt: draw.random.pick([900, 3_000, 4_500, 6_000]) })),
  draw.step(draw.close(), draw.random.int(1_000, 6_000)),
];

/** One order after the other, each when what was executed of the one before has long been told. */
export const SPENDS: Piece = (draw) => {
  const { agent, random, side, symbol } = draw;
  return [
    ...[0, 0, 0].map(() =>
      draw.step(opening(draw, { side, symbol, usdt: random.pick([900, 1_500]) }), random.int(11_000, 20_000)),
    ),
    draw.step({ kind: 'close', agent, symbol }),
  ];
};

/** A small loss, and four times as much after it. */
export const REVENGES: Piece = (draw) => {
  const { agent, random, symbol } = draw;
  const close = (): Step => draw.step({ kind: 'close', agent, symbol }, random.int(500, 2_000));
  const order = { symbol, side: draw.side } as const;
  return [
    close(),
    draw.step(opening(draw, { ...order, usdt: 200 }), random.int(500, 1_500)),
    draw.step(draw.against([60, 120, 250]), random.int(700, 2_000)),
    close(),
    draw.step(opening(draw, { ...order, usdt: 900 }), random.int(500, 2_000)),
    close(),
    draw.step(opening(draw, { ...order, usdt: 900 }), random.pick([random.int(500, 2_000), random.int(3_200, 5_800)])),
  ];
};

/** It rests and fills, which costs less than what takes: the trade that tells so is listed late. */
export const LATE: Piece = (draw) => {
  const { random } = draw;
  const match = { method: 'POST', path: '/fapi/v1/order' };
  return [
    draw.step({ kind: 'fault', fault: { kind: 'late-trades', ms: random.int(9_000, 20_000), match } }),
    draw.step(opening(draw, { side: draw.side, usdt: 600 }, -10), 'parallel'),
    draw.step(draw.against([30]), random.int(700, 1_500)),
    ...[2_000, 1_500].map((gap) => draw.step(opening(draw, { side: draw.side, usdt: 600 }), gap)),
  ];
};

/** Larger after each loss. */
export const ESCALATES: Piece = (draw) => {
  const { agent, random, side, symbol } = draw;
  return [200, 900, 900, 3_000, 900].flatMap((usdt, index) => [
    draw.step(opening(draw, { side, symbol, usdt }), random.int(1_100, 2_000)),
    ...(index === 0 ? [draw.step(draw.against([60, 120]), 1_500)] : []),
    draw.step({ kind: 'close', agent, symbol }, random.int(1_500, 2_500)),
  ]);
};

/** Some trades, and another one when those are minutes old. */
export const FORGETS: Piece = (draw) => {
  const { agent, random, side, symbol } = draw;
  const trade = (): readonly Step[] => [
    draw.step(opening(draw, { side, symbol, usdt: 300 }), random.int(1_100, 3_000)),
    draw.step({ kind: 'close', agent, symbol }, random.int(2_500, 4_500)),
  ];
  return [...trade(), ...trade(), draw.step(opening(draw, { side, symbol, usdt: 600 }), random.int(112_000, 119_000))];
};

/** What rests, changed. */
export const AMENDS: Piece = (draw) => {
  const { agent, random } = draw;
  const change = random.pick([{ factor: 0.5 }, { factor: 1.5 }, { limitBps: -random.int(20, 60) }]);
  return [
    draw.step(opening(draw, {}, -random.int(10, 60))),
    draw.step({ kind: 'amend', agent, pick: 0, ...change }, random.int(500, 3_000)),
  ];
};

/** Callers that made up their minds a while ago, or whose clocks are ahead. */
export const AGES: Piece = (draw) => [
  draw.step(opening(draw, { agoMs: draw.random.pick([10, 900, 5_000, 20_000, -30, -200, -800]) })),
];

/** No bar comes for longer than one lasts. */
export const BARS: Piece = (draw) => {
  const match = { method: 'GET', path: '/fapi/v1/klines' };
  return [
    draw.step({ kind: 'fault', fault: { kind: 'drop-before', match, count: draw.random.int(10, 60) } }),
    draw.step(opening(draw), draw.random.int(45_000, 90_000)),
    draw.step(opening(draw), draw.random.int(2_000, 20_000)),
  ];
};

/** An exit that accepts less than the spread takes. */
export const BOUNDED: Piece = (draw) => {
  const { agent, random, symbol } = draw;
  return [
    draw.step(opening(draw, { symbol })),
    draw.step({ kind: 'spread', symbol, bps: random.pick([40, 80]) }, random.int(2_000, 4_000)),
    draw.step({ kind: 'close', agent, symbol, slippageBps: random.pick([5, 15]) }, random.int(0, 2_000)),
    draw.step({ kind: 'spread', symbol, bps: 0 }, random.int(700, 9_000)),
    draw.step(opening(draw), random.int(0, 2_000)),
  ];
};

/** Books that take little at a time of what is to be closed. */
export const THIN: Piece = (draw) => {
  const { agent, random, symbol } = draw;
  return [
    draw.step(opening(draw, { symbol, usdt: random.pick([900, 3_000]) })),
    draw.step({ kind: 'depth', symbol, usdt: random.pick([60, 130]) }, random.int(7_000, 9_000)),
    draw.step({ kind: 'close', agent, symbol }, random.int(0, 1_000)),
    draw.step({ kind: 'depth', symbol, usdt: 50_000 }, random.int(5_000, 15_000)),
  ];
};

/** A small one that people approve, and more of them. */
export const APPROVED: Piece = (draw) => {
  const { random, side, symbol } = draw;
  const order = (usdt: number, gap: Step['gap']): Step => draw.step(opening(draw, { side, symbol, usdt }), gap);
  return [
    order(200, draw.gap()),
    draw.step({ kind: 'approve', pick: 0, times: 2 }, 'answered'),
    order(130, random.int(3_000, 9_000)),
    order(200, random.int(1_100, 6_000)),
  ];
};

/** Many small ones. */
export const MANY: Piece = (draw) =>
  Array.from({ length: draw.random.int(3, 7) }, () =>
    draw.step(opening(draw, { usdt: draw.random.pick([60, 130, 200, 300]) }), draw.random.int(0, 2_000)),
  );

/** Quantities that are worth a little less than that, a little more, and a few lots more. */
export const aboutUsdt =
  (usdt: number): Piece =>
  (draw) =>
    [0.98, 1.02, 1.3].map((part) =>
      draw.step(opening(draw, { usdt: Math.round(usdt * part), places: 3 }), draw.random.int(0, 2_000)),
    );

/** Time in which something rests, or is held. */
export const WAITS: Piece = (draw) => {
  const { random } = draw;
  return [
    draw.step(random.chance(0.5) ? opening(draw) : opening(draw, {}, -random.int(20, 60))),
    draw.step({ kind: 'wait' }, random.int(15_000, 60_000)),
    draw.step(random.chance(0.6) ? draw.anyOpen() : draw.anyExit(), random.int(0, 3_000)),
  ];
};

/** Take-profits, one after the other. */
export const PROFITS: Piece = (draw) => {
  const { random } = draw;
  return [
    draw.step(opening(draw, { usdt: random.pick([900, 3_000]) })),
    ...Array.from({ length: random.int(2, 5) }, () =>
      draw.step(draw.exit(-random.int(10, 60), 0.25), random.pick(['answered', random.int(0, 1_000)])),
    ),
  ];
};

/** Far apart, and a caller that accepts any price. */
export const WIDE: Piece = (draw) => {
  const { random, symbol } = draw;
  return [
    draw.step({ kind: 'spread', symbol, bps: random.pick([20, 80]) }),
    draw.step(opening(draw, { slippageBps: random.pick([5, 60, 500]) }), random.int(0, 3_000)),
    draw.step({ kind: 'spread', symbol, bps: 0 }, random.int(0, 9_000)),
  ];
};

/** What agents seldom say in a call: another venue or account, an old instant, an exit or nothing, ids where few give one. */
export const WORDS: readonly (readonly [number, Piece])[] = [
  [
    4,
    (draw) => {
      const { random } = draw;
      const says = random.pick([
        { venue: 'binance-demo' },
        { venue: 'paper' },
        { account: 'other' },
        { account: 'main' },
        { reduce_only: true },
        { reduce_only: false },
      ]);
      return [draw.step(opening(draw, { says }))];
    },
  ],
  [
    3,
    (draw) => [draw.step(opening(draw, { agoMs: draw.random.pick([10, 900, 5_000, 29_000, 31_000, -800, -5_000]) }))],
  ],
  [2, EQUALS],
  [3, SEEN],
  [3, CLAIMS],
  // A change of what rests, once more with its id.
  [
    5,
    (draw) => {
      const { agent, random } = draw;
      const change = random.chance(0.5)
        ? ({ kind: 'cancel', agent, pick: 0 } as const)
        : ({ kind: 'amend', agent, pick: 0, limitBps: -random.int(20, 60) } as const);
      return [
        draw.step(opening(draw, {}, -random.int(10, 60))),
        draw.step(change, 'answered'),
        draw.step({ kind: 'repeat', agent }, random.pick(['answered', 'parallel', random.int(0, 2_000)])),
      ];
    },
  ],
  // An opening, or the close of one, once more with its id.
  [
    3,
    (draw) => {
      const { agent, random } = draw;
      return [
        draw.step(opening(draw)),
        ...(random.chance(0.6) ? [draw.step({ kind: 'close', agent, symbol: draw.symbol } as const, 'answered')] : []),
        draw.step({ kind: 'repeat', agent }, random.pick(['answered', random.int(1_000, 4_000)])),
      ];
    },
  ],
  // The same cancel twice: amid it somebody opens again.
  [
    3,
    (draw) => {
      const { agent, random, symbol } = draw;
      const id = `c${random.int(1, 1_000_000)}`;
      return [
        draw.step(opening(draw, {}, -random.int(10, 60))),
        draw.step({ kind: 'cancel_all', agent, symbol, id }, soon(draw)),
        ...(random.chance(0.5) ? [draw.step(opening(draw, {}, -random.int(10, 60)), 'answered')] : []),
        draw.step({ kind: 'cancel_all', agent, symbol, id }, soon(draw)),
      ];
    },
  ],
];
