import type { Action, Step } from '../plan.ts';
import { fault, held, open, otherOf, POST, type Situation, UNTOLD } from './situation.ts';

const REFUSED = { kind: 'error', code: -2022, msg: 'ReduceOnly Order is rejected.' };
const BUSY = { kind: 'error', code: -1008, msg: 'Server is currently overloaded.' };
const OUT_OF_BAND = {
  kind: 'error',
  code: -4131,
  msg: "The counterparty's best price does not meet the PERCENT_PRICE filter limit.",
};
/** Refusals that no further try mends. */
const FOR_GOOD = [-4067, -2018, -1111, -4003];
/** Answers to an order of which nothing came: one leaves that open, one says so. */
const UNTAKEN = [
  { kind: 'reject-503-unknown', accepted: false },
  { kind: 'error', code: -4115, msg: 'Refused for -4115.' },
] as const;

/** A flatten that cannot end yet, and further words of the operator. */
export const FLATTENS: Situation = {
  setup: (setup, random) => ({ ...setup, onBreach: random.chance(0.5) ? 'hold' : setup.onBreach }),
  play: (draw) => {
    const { random, symbol } = draw;
    const cause = random.weighted<Action>([
      [4, fault({ ...random.pick([BUSY, REFUSED]), match: POST, count: 10_000 })],
      [2, fault({ kind: 'drop-before', match: POST, count: 10_000 })],
      [2, { kind: 'halt_market', symbol, forMs: random.int(3_000, 12_000) }],
      [1, { kind: 'depth', symbol, usdt: 20 }],
    ]);
    const word = random.weighted<Action>([
      [4, { kind: 'state', state: 'reducing' }],
      [1, { kind: 'state', state: 'halted' }],
      [1, { kind: 'flatten' }],
      [1, { kind: 'state', state: 'reducing', symbol }],
      [1, { kind: 'restart', downMs: 500 }],
    ]);
    return [
      held(draw),
      draw.step(cause, random.int(3_000, 20_000)),
      draw.step({ kind: 'flatten', ...(random.chance(0.3) ? { symbol } : {}) }, random.int(0, 500)),
      draw.step(word, random.int(500, 6_000)),
      draw.step({ kind: 'clear_faults' }, random.int(500, 6_000)),
      draw.step({ kind: 'wait' }, random.int(9_000, 20_000)),
    ];
  },
};

/** Openings and take-profits fill the exchange's limit on open orders, and something is to be closed at once. */
export const FULL: Situation = {
  setup: (setup, random) => ({ ...setup, maxOrders: random.pick([4, 6, 8]), maxOpenings: 20, stopBps: null }),
  play: (draw) => {
    const { agent, random, setup, symbol } = draw;
    const most = setup.maxOrders ?? 4;
    const openings = random.int(1, most / 2);
    return [
      held(draw, 900),
      ...Array.from({ length: openings }, (_, index) =>
        draw.step(open(draw, 130, { limitBps: -random.int(40 + 10 * index, 49 + 10 * index) }), 1_500),
      ),
      draw.step({ kind: 'ladder', agent, symbol, count: most - openings }, 'answered'),
      draw.step(
        { kind: 'close', agent, symbol, ...(random.chance(0.8) ? { fraction: random.pick([0.25, 0.5, 0.7]) } : {}) },
        random.int(6_000, 12_000),
      ),
      draw.step({ kind: 'wait' }, random.int(9_000, 25_000)),
    ];
  },
};

/** An exit that is refused for long, for one reason or several, beside orders of which nobody knows what became. */
export const REFUSALS: Situation = {
  setup: (setup) => ({ ...setup, stopBps: null, exitRate: { max: 30, windowMs: 20_000 } }),
  play: (draw) => {
    const { agent, random, symbol } = draw;
    const code = random.pick(FOR_GOOD);
    const forGood = { kind: 'error', code, msg: `Refused for ${code}.` };
    const queued = random.weighted<readonly object[]>([
      [2, [{ ...OUT_OF_BAND, count: random.int(9, 40) }]],
      [
        4,
        [
          { ...random.pick(UNTAKEN), count: random.int(2, 4) },
          { ...forGood, count: 5 },
        ],
      ],
      [1, [random.pick(UNTOLD), { ...forGood, count: 5 }]],
      [
        3,
        [
          { ...REFUSED, count: random.int(1, 2) },
          { ...random.pick([forGood, OUT_OF_BAND, BUSY]), count: 6 },
        ],
      ],
      [1, [{ ...REFUSED, count: random.int(3, 9) }]],
    ]);
    const rests = random.chance(0.5);
    return [
      held(draw),
      ...(rests
        ? [
            draw.step(
              { kind: 'exit', agent, symbol, share: random.pick([0.5, 1]), limitBps: -random.int(40, 90) },
              random.int(2_000, 6_000),
            ),
          ]
        : []),
      ...queued.map((each, index) =>
        draw.step(fault({ ...each, match: POST }), index === 0 ? random.int(1_000, 6_000) : 'parallel'),
      ),
      draw.step(
        {
          kind: 'close',
          agent,
          symbol,
          ...(random.chance(0.4) ? { slippageBps: random.pick([5, 10, 40]) } : {}),
          ...(random.chance(0.3) ? { fraction: 0.5 } : {}),
        },
        random.int(0, 300),
      ),
      draw.step({ kind: 'wait' }, random.int(10_000, 35_000)),
    ];
  },
};

/** An agent that has called too often for its refusals to be heard cancels what it asked for. */
export const FLOODED: Situation = {
  setup: (setup) => setup,
  play: (draw) => {
    const { agent, random, symbol } = draw;
    const isExit = random.chance(0.6);
    return [
      held(draw),
      ...(isExit
        ? [draw.step(fault({ ...REFUSED, match: POST, count: random.int(2, 5) }), random.int(1_000, 4_000))]
        : []),
      draw.step(
        isExit
          ? { kind: 'exit', agent, symbol, share: 1, limitBps: -random.int(20, 60) }
          : open(draw, 300, { limitBps: -random.int(20, 60) }),
        'parallel',
      ),
      draw.step({ kind: 'flood', agent, what: 'scope', count: 120 }, random.int(50, 1_000)),
      draw.step(
        random.chance(0.6) ? { kind: 'cancel_all', agent, symbol } : { kind: 'cancel', agent, pick: 0 },
        'parallel',
      ),
      draw.step({ kind: 'wait' }, random.int(3_000, 9_000)),
    ];
  },
};

/** Everything in one turn: what opens, what closes a part, what the operator says. */
export const ONE_TURN: Situation = {
  setup: (setup, random) => ({ ...setup, noise: random.pick([0, 1, 2]) }),
  play: (draw) => {
    const { agent, random, symbol } = draw;
    const halts: Action = { kind: 'state', state: 'halted' };
    const rests = (): Action => open(draw, 300, { limitBps: -random.int(5, 40) });
    const part = (): Action => ({ kind: 'close', agent, symbol, fraction: random.pick([0.1, 0.3, 0.5]) });
    const turn = (): readonly Action[] =>
      random.weighted<() => readonly Action[]>([
        [4, () => [rests(), part()]],
        [2, () => [open(draw, 300), part()]],
        [2, () => [draw.exit(-random.int(5, 40), 0.3), halts]],
        [2, () => [part(), halts]],
        [1, () => [halts, part()]],
      ])();
    return [
      held(draw),
      draw.step(open(draw, 300), 'answered'),
      ...[0, 1, 2].flatMap(() => {
        const [first, ...others] = turn();
        return [
          draw.step(first as Action, random.int(300, 4_000)),
          ...others.map((other) => draw.step(other, random.chance(0.8) ? 'parallel' : random.int(1, 12))),
          ...(others.includes(halts) ? [draw.step({ kind: 'state', state: 'active' }, random.int(500, 4_000))] : []),
        ];
      }),
    ];
  },
};

/** The process dies within a moment of what it was asked for. */
export const DIES: Situation = {
  setup: (setup) => setup,
  play: (draw) => {
    const { agent, random, symbol } = draw;
    const at = {
      what: random.pick(['commit', 'commit', 'request'] as const),
      n: random.int(1, 3),
      after: random.chance(0.6),
    };
    const asked = random.weighted<Action>([
      [3, { kind: 'cancel', agent, pick: 0 }],
      [3, { kind: 'cancel_all', agent, symbol }],
      [1, { kind: 'amend', agent, pick: 0, limitBps: -random.int(10, 30) }],
      [1, { kind: 'close', agent, symbol }],
    ]);
    const downMs = random.pick([200, 1_500, 4_000]);
    // What is asked for while nobody knows yet that the order is there.
    if (random.chance(0.5))
      return [
        draw.step(fault({ kind: 'delay', ms: random.int(2_000, 6_000), match: POST })),
        draw.step(open(draw, 300, { limitBps: -random.int(30, 80) }), 'parallel'),
        draw.step(asked, random.int(100, 1_500)),
        draw.step({ kind: 'crash', downMs }, random.int(10, 1_000)),
        draw.step({ kind: 'wait' }, random.int(6_000, 15_000)),
      ];
    return [
      ...(random.chance(0.4) ? [held(draw)] : []),
      draw.step(open(draw, 300, { limitBps: -random.int(30, 80) }), 'answered'),
      draw.step({ kind: 'crash', at, downMs }, random.int(2_000, 6_000)),
      draw.step(asked, 'parallel'),
      draw.step({ kind: 'wait' }, random.int(6_000, 15_000)),
    ];
  },
};

/** Trades are listed later than others that came after them, amid gains and losses. */
export const LATE_TRADES: Situation = {
  setup: (setup) => ({ ...setup, stopBps: null }),
  play: (draw) => {
    const { agent, random, side, symbol } = draw;
    const late = (): Step =>
      draw.step(fault({ kind: 'late-trades', ms: random.int(4_000, 14_000), match: POST }), random.int(1_000, 5_000));
    const moves = (): Step =>
      draw.step({ kind: 'mark', symbol, bps: random.pick([-200, -60, 60, 200]) }, random.int(500, 4_000));
    const again = { kind: 'open', agent, symbol, side, usdt: 300 } as const;
    const isOpening = random.chance(0.5);
    return [
      ...(isOpening ? [late()] : []),
      draw.step(open(draw, 600), random.pick(['answered', 100])),
      ...(isOpening ? [] : [moves(), late()]),
      draw.step(
        { kind: 'close', agent, symbol, ...(random.chance(0.2) ? { fraction: 0.5 } : {}) },
        isOpening ? 'answered' : 100,
      ),
      draw.step(isOpening ? { ...again, symbol: otherOf(symbol), limitBps: -10 } : again, random.int(100, 4_000)),
      ...(random.chance(0.5) ? [moves(), draw.step(open(draw, 300), random.int(500, 3_000))] : []),
      draw.step({ kind: 'wait' }, 70_000),
    ];
  },
};

/** The exchange shows the market of before, as a bar closes. */
export const BARS: Situation = {
  setup: (setup) => ({ ...setup, policy: { ...setup.policy, 'market.bar_ms': 60_000 } }),
  play: (draw) => {
    const { random } = draw;
    const moves = (gap: Step['gap']): Step =>
      draw.step({ kind: 'mark', symbol: draw.symbol, bps: random.pick([-25, -8, 8, 25]) }, gap);
    // The first one closes a minute after the world has begun.
    return [0, 1].flatMap((bar) => [
      moves(bar === 0 ? random.int(44_000, 48_000) : random.int(30_000, 34_000)),
      draw.step(fault({ kind: 'stale-market', ms: random.int(8_000, 16_000) }), random.int(4_000, 6_000)),
      moves(random.int(500, 4_000)),
      draw.step(draw.anyOpen(), random.int(5_000, 9_000)),
      draw.step({ kind: 'wait' }, random.int(5_000, 9_000)),
    ]);
  },
};

/** Take-profits that wait for their agent's rate. */
export const QUEUED: Situation = {
  setup: (setup, random) => ({ ...setup, exitRate: { max: random.int(1, 2), windowMs: 10_000 } }),
  play: (draw) => {
    const { agent, random, symbol } = draw;
    return [
      held(draw, 900),
      draw.step({ kind: 'ladder', agent, symbol, count: random.int(4, 12) }, 'answered'),
      ...(random.chance(0.8) ? [draw.step(draw.against([-100, -150]), random.int(0, 9_000))] : []),
      ...(random.chance(0.3) ? [draw.step({ kind: 'restart', downMs: 500 }, random.int(0, 9_000))] : []),
      draw.step({ kind: 'wait' }, random.int(20_000, 60_000)),
    ];
  },
};

/** A stop fires as the account is read by a clock that is off, and somebody opens right afterwards. */
export const STOPPED: Situation = {
  setup: (setup) => ({ ...setup, stopBps: 300 }),
  play: (draw) => {
    const { random } = draw;
    return [
      held(draw),
      ...(random.chance(0.6) ? [draw.step({ kind: 'restart', downMs: 500 }, 'answered')] : []),
      draw.step(
        fault({ kind: 'clock-jump', by_ms: random.pick([-2_500, -1_500, -1_500, -300, 300]) }),
        random.pick(['answered', random.int(0, 9_000)]),
      ),
      draw.step(draw.against([350, 500]), random.chance(0.3) ? draw.amidReading() : random.int(500, 2_000)),
      draw.step(open(draw, 300), random.int(200, 1_000)),
      draw.step({ kind: 'wait' }, 50_000),
    ];
  },
};
